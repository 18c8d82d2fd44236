// Formulas of sensors: thermistor, dew point, tilt, distance, scale factors.
function decodeUplink(input) {
  var b = input.bytes, x = (b[0] || 1) / 7, y = (b[1] || 2) / 3, k = 3;
  var r = 10000 * x, t = 1 / (Math.log(r / 10000) / 3950 + 1 / 298.15) - 273.15;
  var h = 40 + y, g = Math.log(h / 100) + 17.62 * t / (243.12 + t), d = 243.12 * g / (17.62 - g);
  k **= 2.5;
  return {
    data: {
      t: t, dew: d, es: 6.112 * Math.exp(17.67 * t / (t + 243.5)), abs: 216.7 * (6.112 * Math.exp(17.62 * t / (243.12 + t))) / (273.15 + t), k: k,
      scale: [1, 2, 3, 4, 5, 6].map(function (n) { return b.length * Math.pow(10, -n); }), power: [x ** 3, 10 ** -4, (-2) ** 3, 2 ** 3 ** 2, y ** 0.5],
      db: 10 * Math.log10(x), tilt: Math.atan2(y, x) * 180 / Math.PI, pitch: Math.asin(x / 40) * 57.29577951308232, roll: Math.acos(y / 90), tan: Math.tan(x),
      wind: [Math.sin(y * 22.5 * Math.PI / 180), Math.cos(y * 22.5 * Math.PI / 180)], big: String(2n ** 70n), pressure: 44330 * (1 - Math.pow(x / 1013.25, 1 / 5.255)),
      distance: 2 * 6371 * Math.asin(Math.sqrt(Math.pow(Math.sin((x - y) * Math.PI / 360), 2))), atan: Math.atan(y),
    },
  };
}

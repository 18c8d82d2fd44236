// Driven by a table of fields, evaluated with functions.
var FIELDS = [
  { name: 'battery', length: 1, value: function (x) { return x[0] / 50 + 1; } },
  { name: 'humidity', length: 1, unit: '%', value: function (x) { return x[0] / 2; } },
  { name: 'temperature', length: 2, unit: '°C', value: (x) => ((x[0] << 24 >> 16) | x[1]) / 100 },
];
function decodeUplink(input) {
  var bytes = input.bytes.slice(), data = {};
  FIELDS.forEach(function (f) {
    if (bytes.length < f.length) return;
    var part = bytes.splice(0, f.length);
    data[f.name] = { displayName: f.name.charAt(0).toUpperCase() + f.name.slice(1), value: f.value(part) };
    if ('unit' in f) data[f.name].unit = f.unit;
  });
  data.left = bytes.length;
  return { data: data };
}

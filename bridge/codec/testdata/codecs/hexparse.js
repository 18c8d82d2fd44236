// A payload turned into hex text and cut up again.
function toHex(bytes) {
  return bytes.map(function (b) { return ('0' + (b & 0xff).toString(16)).slice(-2); }).join('').toUpperCase();
}
function hexToInt(hex, signed) {
  var v = parseInt(hex, 16);
  return signed && v >= Math.pow(2, hex.length * 4 - 1) ? v - Math.pow(2, hex.length * 4) : v;
}
function Decode(fPort, bytes, variables) {
  var hex = toHex(bytes), out = {};
  out.raw = hex;
  out.temp = Number((hexToInt(hex.substr(0, 4), true) / 100).toFixed(2));
  out.fixed = (hexToInt(hex.substring(4, 8)) / 3).toFixed(3);
  out.precision = (hexToInt(hex.substring(0, 8)) / 7).toPrecision(5);
  out.exp = hexToInt(hex).toExponential(2);
  out.nan = parseInt(hex.substr(60), 16);
  out.bin = ('00000000' + bytes[0].toString(2)).slice(-8);
  out.port = fPort;
  out.site = variables.site || 'unknown';
  return out;
}

var MODES = ['off', 'eco', 'comfort'];
function decodeUplink(input) { return { data: { mode: MODES[input.bytes[0]] } }; }
function encodeDownlink(input) {
  var i = MODES.indexOf(input.data.mode);
  if (i < 0) return { bytes: [], fPort: 3, errors: ['unknown mode ' + input.data.mode] };
  var t = Math.round(input.data.target * 10);
  return { bytes: [i, t >> 8 & 0xff, t & 0xff], fPort: 3, warnings: t > 300 ? ['hot'] : [], errors: [] };
}
function decodeDownlink(input) {
  return { data: { mode: MODES[input.bytes[0]], target: (input.bytes[1] << 24 >> 16 | input.bytes[2]) / 10 } };
}

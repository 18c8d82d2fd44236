function decodeUplink(input) {
  var d = { z: 1, b: 2, 10: 'ten', 2: 'two', a: 3 };
  d['1'] = 'one';
  d['-1'] = 'minus';
  d['01'] = 'zero';
  delete d.b;
  d.b = 4;
  return { data: d };
}
function encodeDownlink(input) {
  return { bytes: Object.keys(input.data).map(function (k) { return k.charCodeAt(0); }), fPort: 7, warnings: [] };
}

var re = /(\d+)([a-z])/g;
function decodeUplink(input) {
  var text = input.bytes.map(function (b) { return String.fromCharCode(b); }).join('');
  var m, out = [];
  while ((m = re.exec(text)) !== null) out.push([m.index, m[1], m[2]]);
  return { data: { out: out, back: /(a)\1/.test('aa'), ahead: 'x1y2'.replace(/[a-z](?=2)/, '#'), behind: /(?<=x)1/.test('x1'), unicode: /\u{1F600}/u.test('😀'), sticky: /a/y.test('ba'), lazy: 'aXbX'.match(/.*?X/)[0] } };
}

function decodeUplink(input) {
  var text = String.fromCharCode.apply(null, input.bytes);
  var esc = '';
  for (var i = 0; i < input.bytes.length; i++) esc += '%' + ('0' + input.bytes[i].toString(16)).slice(-2);
  var utf8;
  try { utf8 = decodeURIComponent(esc); } catch (e) { utf8 = e.name; }
  return {
    data: {
      text: text, utf8: utf8, upper: text.toUpperCase(), trim: ('  ' + text + ' ').trim(), split: text.split(','), code: text.charCodeAt(0), at: text[1],
      match: text.match(/(\w)(\w)?/), replace: text.replace(/[^A-Za-z0-9]/g, '_'), rep: 'ab'.repeat(2), pad: text.padStart(12, '*').padEnd(14, '-'),
      idx: text.indexOf('B'), cmp: 'a' < 'b', lone: '\ud83d', pair: '\ud83d\ude00', ctrl: '\u0001\n\t"\\/', html: '<&>\u2028', esc: escape(text), cp: '😀'.codePointAt(0),
      norm: 'é'.normalize('NFD').length, td: new TextDecoder().decode(new Uint8Array(input.bytes)), te: Array.from(new TextEncoder().encode('ä€')),
      atob: atob('aGVsbG8='), btoa: btoa('hi!'), raw: String.raw`a\n`, named: text.replace(/(?<x>A)/, '[$<x>]'), look: /A(?=B)/.test(text), all: [...text.matchAll(/[A-C]/g)].length,
    },
  };
}

// Numbers that begin with a zero.
var months = { 01: 'Jan', 08: 'Aug', 09: 'Sep', 010: 'octal' };
function decodeUplink(input) {
  var name;
  switch (input.bytes.length) {
    case 00: name = 'none'; break;
    case 08: name = 'eight'; break;
    case 09: name = 'nine'; break;
    default: name = '08 // 09';
  }
  return { data: { name: name, months: months, list: [08, 09.5, 010, 089, 0777, 00], pattern: /08/.test('1908') } };
}

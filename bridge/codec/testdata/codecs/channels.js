// A list of channel, type and value, with labels and fall-through.
function decodeUplink(input) {
  var b = input.bytes, data = {}, warnings = [], i = 0;
  outer:
  while (i < b.length) {
    var ch = b[i++], type = b[i++];
    switch (type) {
      case 0x67:
        data['temperature_' + ch] = (b[i] << 8 | b[i + 1]) / 10;
        i += 2;
        break;
      case 0x02:
      case 0x03:
        data[type === 2 ? 'in' : 'out'] = b[i++];
        break;
      case 0x20:
        do {
          if (b[i] === 0) { i++; continue outer; }
          (data.list = data.list || []).push(b[i]);
        } while (++i < b.length);
        break;
      case 0xff:
        break outer;
      default:
        warnings.push('type ' + type + ' at ' + (i - 1));
        i = Infinity;
    }
  }
  return { data: data, warnings: warnings };
}

// Edges of Buffer and TextDecoder.
function attempt(f) {
  try { return f(); } catch (e) { return [e.name, e.code, e.message]; }
}
function decodeUplink(input) {
  var b = Buffer.from(input.bytes), some = Buffer.from('h\u20acllo w\u00f6rld');
  return {
    data: [
      function () { return Buffer.alloc(3, ''); },
      function () { return Buffer.alloc(3, 1).fill(''); },
      function () { return Buffer.alloc(3).fill(true); },
      function () { return Buffer.alloc(4).fill(some.subarray(0, 3)); },
      function () { var t = Buffer.alloc(5, 1); return [t.write('ab\u20ac', 1), t.write('\u20ac', 3), t]; },
      function () { var t = Buffer.alloc(3, 1); return [t.write('ab', 'utf16le'), t]; },
      function () { return [some.hexSlice(0, 4), some.utf8Slice(1, 4), some.latin1Slice(1, 3), some.base64Slice(), some.asciiSlice(2, 4)]; },
      function () { var t = Buffer.alloc(4); return [t.utf8Write('ab', 1), t.hexWrite('ff', 3), t]; },
      function () { return some.indexOf({}); },
      function () { return [some.indexOf(0x6c), some.indexOf('w\u00f6'), some.lastIndexOf('l'), some.includes(Buffer.from('rl'))]; },
      function () { return Buffer.alloc(8).writeUIntBE(-1, 0, 6); },
      function () { return Buffer.alloc(8).writeIntLE(2 ** 40, 0, 5); },
      function () { return Buffer.alloc(8).writeInt32BE(123456789012); },
      function () { return Buffer.alloc(8).writeUInt16BE(-70000); },
      function () { return b.readUInt16BE(b.length); },
      function () { return new TextDecoder('utf-16le').decode(new Uint8Array([65, 0, 0, 216, 66, 0, 67])); },
      function () { return new TextDecoder('utf-16be').decode(new Uint8Array([0, 65, 0x20, 0xac])); },
      function () { return new TextDecoder('utf-16le').decode(Uint8Array.from(input.bytes)); },
      function () { return b.toString('utf16le'); },
    ].map(attempt),
  };
}

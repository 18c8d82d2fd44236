// Everything through Node's Buffer.
function decodeUplink(input) {
  const b = Buffer.from(input.bytes);
  const c = new Buffer(4);
  c.fill(0);
  c.writeInt16BE(-2, 0);
  c.writeUInt16LE(513, 2);
  const d = Buffer.alloc(3, 'ab');
  return {
    data: {
      u16: b.readUInt16BE(0), i16: b.readInt16LE(0), u32: b.readUInt32LE(0), i32: b.readInt32BE(0), i24: b.readIntBE(0, 3), u48: b.readUIntLE(0, 6),
      f: b.readFloatBE(0), d: b.readDoubleLE(0), u8: b.readUint8(3), i8: b.readInt8(3), big: String(b.readBigUInt64BE(0)),
      hex: b.toString('hex'), part: b.toString('hex', 1, 3), b64: b.toString('base64'), ascii: b.toString('ascii'), latin1: b.toString('latin1'),
      utf8: b.toString(), utf16: b.toString('utf16le', 0, 4), c: c, d: d.toString(), cat: Buffer.concat([c, d]).toString('hex'),
      sub: b.slice(-2).toString('hex'), sub2: b.subarray(1, 3).length, eq: c.equals(Buffer.from([255, 254, 1, 2])), idx: b.indexOf(0x42), inc: b.includes('C'),
      is: Buffer.isBuffer(b) && !Buffer.isBuffer([]), len: Buffer.byteLength('äö'), text: Buffer.from('héllo').toString('hex'), fromHex: Buffer.from('0aff1', 'hex').length,
      from64: Buffer.from('SGk=', 'base64').toString(), json: JSON.stringify(Buffer.from([1, 2])), list: Array.from(b.slice(0, 3)), spread: [...Buffer.of(7, 8)],
      swap: Buffer.from([1, 2, 3, 4]).swap16().toString('hex'), cmp: Buffer.compare(c, d), bin: Buffer.from('ÿ', 'binary')[0],
      map: Buffer.from([1, 2]).map((x) => x * 2).toString('hex'),
    },
  };
}

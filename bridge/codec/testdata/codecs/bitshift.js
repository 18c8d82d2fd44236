// Signed numbers by shifts, flags by masks.
function s8(b) { return b << 24 >> 24; }
function s16(h, l) { return (h << 24 | l << 16) >> 16; }
function u32(b, i) { return (b[i] << 24 | b[i + 1] << 16 | b[i + 2] << 8 | b[i + 3]) >>> 0; }
function s32(b, i) { return b[i] << 24 | b[i + 1] << 16 | b[i + 2] << 8 | b[i + 3]; }
function decodeUplink(input) {
  var b = input.bytes;
  return {
    data: {
      s8: s8(b[0]), s16: s16(b[0], b[1]), u32: u32(b, 0), s32: s32(b, 0),
      not: ~b[1] & 0xff, flags: { a: !!(b[2] & 1), b: (b[2] >> 1 & 1) === 1, rest: b[2] >>> 2 },
      minusZero: -(b[3] & 0), xor: b.reduce(function (x, y) { return x ^ y; }, 0), big: u32(b, 0) * 4294967296, tiny: 1 / u32(b, 0),
    },
  };
}

// Counters of 64 bits as numbers.
function decodeUplink(input) {
  var b = Buffer.concat([Buffer.from(input.bytes), Buffer.alloc(8, 0xf7)]), n = b.readBigUInt64BE(0), i = b.readBigInt64LE(0);
  return {
    data: {
      counters: [Number(n), Number(i), Number(n) / 1000, Number(n * n), Number(), Number('12'), Number(null), Number(new Date(5)), Number([7]), new Number(n) + 1],
      known: [Number.MAX_SAFE_INTEGER, Number.isInteger(5), Number(5) instanceof Number, Object(5) instanceof Number, (5).constructor === Number, typeof Number.prototype.toFixed],
      boxed: Object.prototype.toString.call(new Number(3)),
    },
  };
}

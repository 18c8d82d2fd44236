console.log('loaded', typeof module, typeof exports, typeof Buffer, typeof require, typeof window, typeof process === 'undefined');
function decodeUplink(input) {
  console.log('bytes', input.bytes, { port: input.fPort });
  console.error(new Error('only logged'));
  return { data: { real: Array.isArray(input.bytes), port: input.fPort, kind: Object.prototype.toString.call(input.bytes) } };
}
if (typeof module !== 'undefined') {
  module.exports.decodeUplink = decodeUplink;
}

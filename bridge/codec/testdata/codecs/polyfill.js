// Replaces builtins with its own, as transpilers do.
Object.assign = function (target) {
  for (var i = 1; i < arguments.length; i++) for (var k in arguments[i]) target[k] = arguments[i][k];
  return target;
};
JSON.stringify = function () { return 'mine'; };
Object.keys = function () { return ['mine']; };
Array.prototype.map = function () { return ['mine']; };
Array.isArray = function () { return false; };
Number.prototype.toString = function () { return 'mine'; };
if (!String.prototype.padLeft) String.prototype.padLeft = function (n) { var s = this; while (s.length < n) s = '0' + s; return String(s); };
function decodeUplink(input) {
  return { data: Object.assign({}, { a: input.bytes[0], list: [1, 2] }, { b: '7'.padLeft(3) }), warnings: ['w'] };
}

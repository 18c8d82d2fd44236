// The result of a bundler: one function, exports filled at the end.
(function (root, factory) {
  if (typeof exports === 'object' && typeof module !== 'undefined') factory(exports);
  else factory(root.codec = {});
})(this, function (exports) {
  'use strict';
  var table = { 1: 'one', 2: 'two' };
  exports.decodeUplink = function (input) { return { data: { n: table[input.bytes[0]] || 'other', port: input.fPort } }; };
  Object.defineProperty(exports, '__esModule', { value: true });
});

// No code from texts: the parser's stack is not bounded. A codec may still
// ask for the global object the old way, and eval literals of its own file.
(function (global, keepEval) {
  'use strict';
  const define = Object.defineProperty, Native = Function;
  const returnsThis = /^\s*return this\s*;?\s*$/;
  function Limited(...args) {
    if (args.length === 1 && returnsThis.test(args[0])) return function () { return global; };
    throw new EvalError('a codec cannot compile code at run time');
  }
  define(Limited, 'name', { value: 'Function' });
  define(Limited, 'prototype', { value: Native.prototype, writable: false });
  define(global, 'Function', { value: Limited, writable: true, configurable: true, enumerable: false });
  const kinds = [Native.prototype, Object.getPrototypeOf(function* () {}), Object.getPrototypeOf(async function () {})];
  for (let i = 0; i < kinds.length; i++) {
    define(kinds[i], 'constructor', { value: Limited, writable: true, configurable: true, enumerable: false });
  }
  if (!keepEval) {
    define(global, 'eval', { value: Limited, writable: true, configurable: true, enumerable: false });
  }
})

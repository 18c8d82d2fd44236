// Number of a BigInt: the engine's own counts only what fits into 64 bits.
(function (global) {
  'use strict';
  const Native = global.Number, text = String, define = Object.defineProperty, construct = Reflect.construct;
  function Number(...args) {
    if (new.target !== undefined) {
      if (typeof args[0] === 'bigint') args[0] = text(args[0]);
      return construct(Native, args, new.target === Number ? Native : new.target);
    }
    if (args.length === 0) return 0;
    return Native(typeof args[0] === 'bigint' ? text(args[0]) : args[0]);
  }
  Object.setPrototypeOf(Number, Native);
  define(Number, 'length', { value: 1 });
  define(Number, 'prototype', { value: Native.prototype, writable: false });
  define(Native.prototype, 'constructor', { value: Number, writable: true, configurable: true, enumerable: false });
  define(global, 'Number', { value: Number, writable: true, configurable: true, enumerable: false });
})

// A method of numbers by the host's f(number, argument), which gives undefined
// for what the engine's own does well.
(function (global, name, f) {
  'use strict';
  const Native = global.Number, proto = Native.prototype, native = proto[name], valueOf = proto.valueOf, apply = Reflect.apply;
  const method = {
    [name](argument) {
      if (typeof argument === 'number') {
        const text = f(typeof this === 'number' ? this : this instanceof Native ? apply(valueOf, this, []) : NaN, argument);
        if (text !== undefined) return text;
      }
      return apply(native, this, arguments);
    },
  }[name];
  Object.defineProperty(proto, name, { value: method, writable: true, configurable: true, enumerable: false });
})

// Builtins that loop or allocate by a number they are given cannot be
// interrupted, so the numbers are bounded. Only what the codec names is
// wrapped, because each wrapper costs time and memory: methods of arrays, of
// strings, and the rest.
(function (global, arrays, texts, others) {
  'use strict';
  const apply = Reflect.apply, construct = Reflect.construct, define = Object.defineProperty, setPrototypeOf = Object.setPrototypeOf;
  const isArray = Array.isArray, text = String;
  const MAX = 1 << 20; // elements, or characters

  function refuse(what) { throw new RangeError(what + ' is too large for a codec'); }
  function wrap(object, name, check) {
    const f = object[name];
    if (typeof f !== 'function') return;
    const w = { [name](...args) { check(this, args); return apply(f, this, args); } }[name];
    define(w, 'length', { value: f.length });
    define(object, name, { value: w, writable: true, configurable: true, enumerable: false });
  }
  function listed(self) {
    if (self !== null && self !== undefined && self.length > MAX) refuse('an array of ' + self.length + ' elements');
  }
  for (let i = 0; i < arrays.length; i++) wrap(Array.prototype, arrays[i], arrays[i] === 'join' ? joins : listed);

  // joined adds up what join would write, which nested lists multiply.
  function joined(list, separator, budget, depth) {
    listed(list);
    if (depth > 100) refuse('a list nested this deep');
    budget -= list.length * separator;
    for (let i = 0; i < list.length && budget >= 0; i++) {
      const v = list[i];
      if (typeof v === 'string') budget -= v.length;
      else if (isArray(v)) budget = joined(v, 1, budget, depth + 1);
    }
    if (budget < 0) refuse('the text of this list');
    return budget;
  }
  function joins(self, args) {
    if (isArray(self)) joined(self, args[0] === undefined ? 1 : text(args[0]).length, 4 * MAX, 0);
    else listed(self);
  }

  const stringChecks = {
    repeat(self, args) { if (text(self).length * args[0] > MAX) refuse('a text of ' + args[0] + ' repetitions'); },
    padStart(self, args) { if (args[0] > MAX) refuse('a text of ' + args[0] + ' characters'); },
    padEnd(self, args) { if (args[0] > MAX) refuse('a text of ' + args[0] + ' characters'); },
    replace(self, args) {
      if (typeof args[1] !== 'function' && (text(self).length + 1) * text(args[1]).length > 4 * MAX) refuse('the replaced text');
    },
  };
  stringChecks.replaceAll = stringChecks.replace;
  for (let i = 0; i < texts.length; i++) wrap(String.prototype, texts[i], stringChecks[texts[i]]);

  // measure counts what stringify would write: references to one object from
  // many places multiply.
  function measure(value) {
    let budget = MAX;
    (function walk(v, depth) {
      if (typeof v === 'string') budget -= v.length;
      if (--budget < 0) refuse('the JSON of this value');
      if (typeof v !== 'object' || v === null) return;
      if (depth > 1000) return refuse('a value nested this deep');
      if (isArray(v)) { listed(v); for (let i = 0; i < v.length; i++) walk(v[i], depth + 1); } else for (const k in v) walk(v[k], depth + 1);
    })(value, 0);
  }

  function wrapConstructor(name) {
    const Native = global[name];
    const Limited = { [name]: function (...args) {
      if (typeof args[0] === 'number' && args[0] > MAX) refuse('new ' + name + '(' + args[0] + ')');
      else if (typeof args[0] === 'object' && args[0] !== null) listed(args[0]);
      if (new.target === undefined) return apply(Native, undefined, args);
      return construct(Native, args, new.target === Limited ? Native : new.target);
    } }[name];
    setPrototypeOf(Limited, Native);
    define(Limited, 'prototype', { value: Native.prototype, writable: false });
    define(Limited, 'length', { value: Native.length });
    define(Native.prototype, 'constructor', { value: Limited, writable: true, configurable: true, enumerable: false });
    define(global, name, { value: Limited, writable: true, configurable: true, enumerable: false });
  }

  // checkJSON keeps a text from nesting deeper than the parser's stack.
  function checkJSON(self, args) {
    const s = text(args[0]);
    let depth = 0;
    if (s.length > MAX) refuse('a JSON text of ' + s.length + ' characters');
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i) | 32;
      if (c === 123 && ++depth > 1000) refuse('JSON nested this deep');
      else if (c === 125) depth--;
    }
  }
  const secondOf = (self, args) => listed(args[1]), thirdOf = (self, args) => listed(args[2]), firstOf = (self, args) => listed(args[0]);

  for (let i = 0; i < others.length; i++) {
    switch (others[i]) {
      case 'iterator':
        wrap(Array.prototype, Symbol.iterator, listed);
        break;
      case 'apply': wrap(Function.prototype, 'apply', secondOf); break;
      case 'Reflect':
        wrap(Reflect, 'apply', thirdOf);
        wrap(Reflect, 'construct', secondOf);
        break;
      case 'from':
        wrap(Array, 'from', firstOf);
        wrap(Object.getPrototypeOf(Uint8Array), 'from', (self, args) => {
          listed(args[0]);
          if (typeof args[0] === 'string') args[0] = [...args[0]]; // the engine takes objects only
        });
        break;
      case 'parse': wrap(JSON, 'parse', checkJSON); break;
      case 'stringify': wrap(JSON, 'stringify', (self, args) => measure(args[0])); break;
      default: wrapConstructor(others[i]);
    }
  }
})

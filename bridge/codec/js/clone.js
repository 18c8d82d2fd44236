// structuredClone, of what codecs copy: values without functions.
(function (global) {
  'use strict';
  const isArray = Array.isArray, keys = Object.keys, isView = ArrayBuffer.isView, tag = Object.prototype.toString, getPrototypeOf = Object.getPrototypeOf;

  function refuse(v) {
    const e = new Error(String(v) + ' could not be cloned.');
    e.name = 'DataCloneError';
    throw e;
  }
  function view(v, buffer) {
    let Kind = v.constructor;
    while (getPrototypeOf(Kind) !== getPrototypeOf(Uint8Array) && Kind !== DataView) Kind = getPrototypeOf(Kind); // a Buffer becomes a Uint8Array
    return new Kind(buffer, v.byteOffset, Kind === DataView ? v.byteLength : v.length);
  }
  function copy(v, seen) {
    if (typeof v === 'function' || typeof v === 'symbol') refuse(v);
    if (typeof v !== 'object' || v === null) return v;
    if (seen.has(v)) return seen.get(v);
    let to;
    const kind = tag.call(v);
    if (isView(v)) to = view(v, copy(v.buffer, seen));
    else if (kind === '[object Date]') to = new Date(v.getTime());
    else if (kind === '[object RegExp]') to = new RegExp(v.source, v.flags);
    else if (kind === '[object ArrayBuffer]') to = v.slice(0);
    else if (kind === '[object Boolean]' || kind === '[object Number]' || kind === '[object String]') to = Object(v.valueOf());
    else if (kind === '[object Error]') to = new (global[v.name] || Error)(v.message);
    else if (kind === '[object Map]') {
      seen.set(v, to = new Map());
      v.forEach((value, key) => to.set(copy(key, seen), copy(value, seen)));
    } else if (kind === '[object Set]') {
      seen.set(v, to = new Set());
      v.forEach((value) => to.add(copy(value, seen)));
    } else {
      seen.set(v, to = isArray(v) ? new Array(v.length) : {});
      for (const key of keys(v)) to[key] = copy(v[key], seen);
    }
    seen.set(v, to);
    return to;
  }
  Object.defineProperty(global, 'structuredClone', {
    value: function structuredClone(value) { return copy(value, new Map()); },
    writable: true, configurable: true, enumerable: false,
  });
})

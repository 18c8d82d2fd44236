// Buffer as Node has it: what codecs use to read, write and print bytes.
// encode and decode are the host's, as for text.js.
(function (global, encode, decode) {
  'use strict';
  const Bytes = Uint8Array, Buf = ArrayBuffer, View = DataView, isView = ArrayBuffer.isView, isArray = Array.isArray;
  const define = Object.defineProperty, setPrototypeOf = Object.setPrototypeOf;
  const MAX = 1 << 20;

  class FastBuffer extends Bytes {}

  function coded(Kind, code, message) {
    const e = new Kind(message);
    e.code = code;
    return e;
  }
  // shown is a number as messages of Node show it: 5_000_000_000.
  function shown(v) {
    const s = String(v), big = typeof v === 'bigint';
    if (!(big || Number.isInteger(v)) || (v < 0 ? -v : v) <= 4294967296) return big ? s + 'n' : s;
    let out = '', from = v < 0 ? 1 : 0, at = s.length;
    for (; at >= from + 4; at -= 3) out = '_' + s.slice(at - 3, at) + out;
    return s.slice(0, at) + out + (big ? 'n' : '');
  }
  function outOfRange(name, want, got) {
    return coded(RangeError, 'ERR_OUT_OF_RANGE', 'The value of "' + name + '" is out of range. It must be ' + want + '. Received ' + shown(got));
  }
  function wrongType(name, want, got) {
    let what = got === null || got === undefined ? String(got) : 'type ' + typeof got;
    if (typeof got === 'number' || typeof got === 'boolean') what += ' (' + got + ')';
    if (typeof got === 'string') what += " ('" + got + "')";
    if (typeof got === 'object' && got) what = 'an instance of ' + got.constructor.name;
    const which = name === 'first argument' ? name : '"' + name + '" argument';
    return coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The ' + which + ' must be ' + want + '. Received ' + what);
  }

  function encodingOf(name) {
    if (name === undefined || name === null || name === '') return 'utf8';
    switch (String(name).toLowerCase()) {
      case 'utf8': case 'utf-8': return 'utf8';
      case 'hex': return 'hex';
      case 'ascii': return 'ascii';
      case 'latin1': case 'binary': return 'latin1';
      case 'base64': return 'base64';
      case 'base64url': return 'base64url';
      case 'ucs2': case 'ucs-2': case 'utf16le': case 'utf-16le': return 'utf16le';
    }
    throw coded(TypeError, 'ERR_UNKNOWN_ENCODING', 'Unknown encoding: ' + name);
  }

  function sized(n) {
    if (typeof n !== 'number') throw wrongType('size', 'of type number', n);
    if (!(n >= 0 && n <= MAX)) throw outOfRange('size', '>= 0 && <= ' + MAX, n);
    return new FastBuffer(n);
  }
  function fromText(text, encoding) {
    return new FastBuffer(encode(text, encodingOf(encoding)));
  }
  function fromList(list) {
    const n = list.length > 0 ? +list.length : 0;
    const b = sized(n);
    for (let i = 0; i < n; i++) b[i] = list[i];
    return b;
  }
  function from(value, encoding, length) {
    if (typeof value === 'string') return fromText(value, encoding);
    if (typeof value === 'object' && value !== null) {
      if (value instanceof Buf) return new FastBuffer(value, encoding, length);
      if (isView(value) || isArray(value)) return fromList(value);
      if (value.type === 'Buffer' && isArray(value.data)) return fromList(value.data);
      const inner = value.valueOf && value.valueOf();
      if (inner !== null && inner !== undefined && inner !== value) return from(inner, encoding, length);
      if (typeof value.length === 'number') return fromList(value);
      if (value.length !== undefined) return fromList([]);
    }
    throw wrongType('first argument', 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
  }

  function Buffer(value, encoding, length) {
    return typeof value === 'number' ? sized(value) : from(value, encoding, length);
  }
  setPrototypeOf(Buffer, Bytes);
  const proto = FastBuffer.prototype;
  Buffer.prototype = proto;
  define(proto, 'constructor', { value: Buffer, writable: true, configurable: true });

  function hide(object, methods) {
    for (const name in methods) define(object, name, { value: methods[name], writable: true, configurable: true, enumerable: false });
  }

  hide(Buffer, {
    poolSize: 8192,
    from: from,
    of(...list) { return fromList(list); },
    alloc(size, fill, encoding) {
      const b = sized(size);
      return fill === undefined || fill === 0 ? b : b.fill(fill, encoding);
    },
    allocUnsafe: sized,
    allocUnsafeSlow: sized,
    isBuffer(b) { return b instanceof FastBuffer; },
    isEncoding(name) {
      try { return typeof name === 'string' && name !== '' && encodingOf(name) !== ''; } catch (e) { return false; }
    },
    byteLength(value, encoding) {
      return typeof value === 'string' ? fromText(value, encoding).length : value.byteLength;
    },
    compare(a, b) { return compare(a, b); },
    concat(list, total) {
      if (!isArray(list)) throw wrongType('list', 'an instance of Array', list);
      if (total === undefined) {
        total = 0;
        for (let i = 0; i < list.length; i++) total += list[i].length;
      }
      const b = sized(total);
      let at = 0;
      for (let i = 0; i < list.length; i++) {
        for (let k = 0; k < list[i].length && at < total; k++) b[at++] = list[i][k];
      }
      return b;
    },
  });

  function compare(a, b) {
    const n = Math.min(a.length, b.length);
    for (let i = 0; i < n; i++) {
      if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
    }
    return a.length < b.length ? -1 : a.length > b.length ? 1 : 0;
  }

  // clamp is how Node takes an index into a buffer of n bytes.
  function clamp(v, fallback, n) {
    if (v === undefined) return fallback;
    v = Math.trunc(+v) || 0;
    if (v < 0) v += n;
    return v < 0 ? 0 : v > n ? n : v;
  }
  function bound(v, fallback, n) {
    if (v === undefined) return fallback;
    v = Math.trunc(+v) || 0;
    return v < 0 ? 0 : v > n ? n : v;
  }
  function needle(value, encoding) {
    if (typeof value === 'number') return [value & 255];
    return typeof value === 'string' ? fromText(value, encoding) : value;
  }
  function sought(value, encoding) {
    if (typeof value !== 'number' && typeof value !== 'string' && !(value instanceof Bytes)) {
      throw wrongType('value', 'one of type number or string or an instance of Buffer or Uint8Array', value);
    }
    return needle(value, encoding);
  }
  function find(b, value, start, encoding, backwards) {
    if (typeof start === 'string') { encoding = start; start = undefined; }
    const what = sought(value, encoding), last = b.length - what.length;
    let at = start === undefined ? (backwards ? last : 0) : Math.trunc(+start) || 0;
    if (at < 0) at += b.length;
    if (backwards && at > last) at = last;
    if (!backwards && at < 0) at = 0;
    for (; at >= 0 && at <= last; at += backwards ? -1 : 1) {
      let k = 0;
      while (k < what.length && b[at + k] === what[k]) k++;
      if (k === what.length) return at;
    }
    return -1;
  }
  function swap(b, size) {
    if (b.length % size !== 0) throw coded(RangeError, 'ERR_INVALID_BUFFER_SIZE', 'Buffer size must be a multiple of ' + size * 8 + '-bits');
    for (let i = 0; i < b.length; i += size) {
      for (let l = i, r = i + size - 1; l < r; l++, r--) { const t = b[l]; b[l] = b[r]; b[r] = t; }
    }
    return b;
  }

  hide(proto, {
    toString(encoding, start, end) {
      const n = this.length;
      const from = bound(start, 0, n), to = bound(end, n, n);
      if (to <= from) return '';
      return decode(from === 0 && to === n ? this : new Bytes(this.buffer, this.byteOffset + from, to - from), encodingOf(encoding), false);
    },
    toJSON() {
      const data = [];
      for (let i = 0; i < this.length; i++) data[i] = this[i];
      return { type: 'Buffer', data: data };
    },
    equals(other) { return compare(this, other) === 0; },
    compare(other) { return compare(this, other); },
    subarray(start, end) {
      const n = this.length, from = clamp(start, 0, n), to = clamp(end, n, n);
      return new FastBuffer(this.buffer, this.byteOffset + from, to > from ? to - from : 0);
    },
    slice(start, end) { return proto.subarray.call(this, start, end); },
    indexOf(value, start, encoding) { return find(this, value, start, encoding, false); },
    lastIndexOf(value, start, encoding) { return find(this, value, start, encoding, true); },
    includes(value, start, encoding) { return find(this, value, start, encoding, false) !== -1; },
    fill(value, start, end, encoding) {
      if (typeof start === 'string') { encoding = start; start = undefined; }
      if (typeof end === 'string') { encoding = end; end = undefined; }
      const what = value === '' ? [0] : typeof value === 'string' || value instanceof Bytes ? needle(value, encoding) : [value & 255];
      const n = this.length, from = start === undefined ? 0 : start >>> 0, to = end === undefined ? n : end >>> 0;
      if (what.length === 0) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'value' is invalid. Received " + String(value));
      if (to > n || from > n) throw outOfRange(to > n ? 'end' : 'offset', '>= 0 && <= ' + n, to > n ? to : from);
      for (let i = from; i < to; i++) this[i] = what[(i - from) % what.length];
      return this;
    },
    copy(target, at, start, end) {
      at = at === undefined ? 0 : Math.trunc(+at) || 0;
      const from = bound(start, 0, this.length), to = bound(end, this.length, this.length);
      const n = Math.max(0, Math.min(to - from, target.length - at));
      const part = new Bytes(n);
      for (let i = 0; i < n; i++) part[i] = this[from + i];
      for (let i = 0; i < n; i++) target[at + i] = part[i];
      return n;
    },
    write(text, offset, length, encoding) {
      if (typeof offset === 'string') { encoding = offset; offset = undefined; length = undefined; }
      if (typeof length === 'string') { encoding = length; length = undefined; }
      const bytes = fromText(String(text), encoding), from = offset === undefined ? 0 : offset >>> 0;
      if (from > this.length) throw outOfRange('offset', '>= 0 && <= ' + this.length, offset);
      let n = Math.min(bytes.length, this.length - from, length === undefined ? bytes.length : length >>> 0);
      // A character is written as a whole or not at all.
      const kind = encodingOf(encoding);
      if (kind === 'utf8') while (n > 0 && n < bytes.length && (bytes[n] & 0xc0) === 0x80) n--;
      if (kind === 'utf16le') n -= n % 2;
      for (let i = 0; i < n; i++) this[from + i] = bytes[i];
      return n;
    },
    toLocaleString(encoding, start, end) { return proto.toString.call(this, encoding, start, end); },
    swap16() { return swap(this, 2); },
    swap32() { return swap(this, 4); },
    swap64() { return swap(this, 8); },
  });

  // at checks an offset of size bytes in b and returns it.
  function at(b, offset, size) {
    if (offset === undefined) offset = 0;
    if (typeof offset !== 'number') throw wrongType('offset', 'of type number', offset);
    if (offset !== Math.floor(offset)) throw outOfRange('offset', 'an integer', offset);
    const last = b.length - size;
    if (last < 0) throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
    if (offset < 0 || offset > last) throw outOfRange('offset', '>= 0 and <= ' + last, offset);
    return offset;
  }
  function width(b, n) {
    if (n === undefined || typeof n !== 'number') throw wrongType('byteLength', 'of type number', n);
    if (n !== Math.floor(n)) throw outOfRange('byteLength', 'an integer', n);
    if (n < 1 || n > 6) throw outOfRange('byteLength', '>= 1 and <= 6', n);
    return n;
  }
  function readUnsigned(b, o, n, little) {
    let v = 0;
    if (little) for (let i = n - 1; i >= 0; i--) v = v * 256 + b[o + i];
    else for (let i = 0; i < n; i++) v = v * 256 + b[o + i];
    return v;
  }
  const power = [1, 256, 65536, 16777216, 4294967296, 1099511627776, 281474976710656];
  function readSigned(b, o, n, little) {
    const v = readUnsigned(b, o, n, little);
    return v >= power[n] / 2 ? v - power[n] : v;
  }
  function writeInt(b, value, o, n, little, signed) {
    value = +value;
    const low = signed ? -power[n] / 2 : 0, high = (signed ? power[n] / 2 : power[n]) - 1;
    if (value > high || value < low) {
      const bits = n * 8 - signed, want = n < 5 ? '>= ' + low + ' and <= ' + high : '>= ' + (signed ? '-(2 ** ' + bits + ')' : 0) + ' and < 2 ** ' + bits;
      throw outOfRange('value', want, value);
    }
    value = Math.trunc(value) || 0;
    if (value < 0) value += power[n];
    for (let i = 0; i < n; i++) {
      b[little ? o + i : o + n - 1 - i] = value % 256;
      value = Math.floor(value / 256);
    }
    return o + n;
  }
  function view(b) { return new View(b.buffer, b.byteOffset, b.byteLength); }

  function both(name, method) {
    const list = {};
    list[name] = method;
    if (name.includes('UInt')) list[name.replace('UInt', 'Uint')] = method;
    hide(proto, list);
  }
  for (const little of [false, true]) {
    const end = little ? 'LE' : 'BE';
    for (const bits of [8, 16, 32]) {
      if (bits === 8 && little) continue;
      const n = bits / 8, suffix = bits === 8 ? '8' : bits + end;
      both('readUInt' + suffix, function (o) { return readUnsigned(this, at(this, o, n), n, little); });
      both('readInt' + suffix, function (o) { return readSigned(this, at(this, o, n), n, little); });
      both('writeUInt' + suffix, function (v, o) { return writeInt(this, v, at(this, o, n), n, little, false); });
      both('writeInt' + suffix, function (v, o) { return writeInt(this, v, at(this, o, n), n, little, true); });
    }
    both('readUInt' + end, function (o, n) { return readUnsigned(this, at(this, o, width(this, n)), n, little); });
    both('readInt' + end, function (o, n) { return readSigned(this, at(this, o, width(this, n)), n, little); });
    both('writeUInt' + end, function (v, o, n) { return writeInt(this, v, at(this, o, width(this, n)), n, little, false); });
    both('writeInt' + end, function (v, o, n) { return writeInt(this, v, at(this, o, width(this, n)), n, little, true); });
    for (const [kind, type, n] of [['Float', 'Float32', 4], ['Double', 'Float64', 8], ['BigInt64', 'BigInt64', 8], ['BigUInt64', 'BigUint64', 8]]) {
      const get = View.prototype['get' + type], set = View.prototype['set' + type];
      both('read' + kind + end, function (o) { return get.call(view(this), at(this, o, n), little); });
      both('write' + kind + end, function (v, o) { o = at(this, o, n); set.call(view(this), o, v, little); return o + n; });
    }
  }
  for (const name of ['ascii', 'latin1', 'utf8', 'hex', 'base64', 'ucs2']) {
    hide(proto, {
      [name + 'Slice'](start, end) { return proto.toString.call(this, name, start, end); },
      [name + 'Write'](text, offset, length) { return proto.write.call(this, text, offset, length, name); },
    });
  }
  define(proto, 'parent', { get() { return this.buffer; }, configurable: true });
  define(proto, 'offset', { get() { return this.byteOffset; }, configurable: true });
  define(global, 'Buffer', { value: Buffer, writable: true, configurable: true, enumerable: false });
})

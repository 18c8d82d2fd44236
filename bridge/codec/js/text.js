// TextEncoder, TextDecoder, atob and btoa, over host functions that work on
// bytes: encode(text, encoding) is an ArrayBuffer, decode(bytes, encoding,
// fatal) a text, or null when fatal and the bytes are not of the encoding.
(function (global, encode, decode) {
  'use strict';
  const Bytes = Uint8Array, Buf = ArrayBuffer, isView = ArrayBuffer.isView, define = Object.defineProperty;
  function hide(name, value) {
    define(global, name, { value: value, writable: true, enumerable: false, configurable: true });
  }
  function bytesOf(source) {
    if (source === undefined) return new Bytes(0);
    if (isView(source)) return new Bytes(source.buffer, source.byteOffset, source.byteLength);
    if (source instanceof Buf) return new Bytes(source);
    throw new TypeError('The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.');
  }
  function failure(name, message) {
    const e = new Error(message);
    e.name = name;
    return e;
  }

  const labels = {
    'utf-8': 'utf8', 'utf8': 'utf8', 'unicode-1-1-utf-8': 'utf8',
    'ascii': 'windows1252', 'us-ascii': 'windows1252', 'latin1': 'windows1252', 'iso-8859-1': 'windows1252', 'windows-1252': 'windows1252',
    'utf-16le': 'utf16le', 'utf-16': 'utf16le', 'ucs-2': 'utf16le', 'utf-16be': 'utf16be',
  };
  const canonical = { utf8: 'utf-8', windows1252: 'windows-1252', utf16le: 'utf-16le', utf16be: 'utf-16be' };

  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text) { return new Bytes(encode(text === undefined ? '' : String(text), 'utf8')); }
    encodeInto(text, target) {
      const bytes = this.encode(text);
      const written = Math.min(bytes.length, target.length);
      for (let i = 0; i < written; i++) target[i] = bytes[i];
      return { read: String(text).length, written: written };
    }
  }

  class TextDecoder {
    #kind;
    #fatal;
    #ignoreBOM;
    constructor(label, options) {
      const name = label === undefined ? 'utf-8' : String(label).trim().toLowerCase();
      this.#kind = labels[name];
      if (this.#kind === undefined) throw new RangeError('The "' + label + '" encoding is not supported');
      this.#fatal = !!(options && options.fatal);
      this.#ignoreBOM = !!(options && options.ignoreBOM);
    }
    get encoding() { return canonical[this.#kind]; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#ignoreBOM; }
    decode(source) {
      const text = decode(bytesOf(source), this.#kind, this.#fatal, true);
      if (text === null) throw new TypeError('The encoded data was not valid for encoding ' + this.encoding);
      return !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }
  }

  const notBase64 = /[^A-Za-z0-9+/]/;
  function atob(text) {
    let s = String(text).replace(/[\t\n\f\r ]/g, '');
    if (s.length % 4 === 0) s = s.replace(/==?$/, '');
    if (s.length % 4 === 1 || notBase64.test(s)) {
      throw failure('InvalidCharacterError', 'The string to be decoded is not correctly encoded.');
    }
    return decode(new Bytes(encode(s, 'base64')), 'latin1', false);
  }
  function btoa(text) {
    const s = String(text);
    for (let i = 0; i < s.length; i++) {
      if (s.charCodeAt(i) > 255) throw failure('InvalidCharacterError', 'Invalid character');
    }
    return decode(new Bytes(encode(s, 'latin1')), 'base64', false);
  }

  hide('TextEncoder', TextEncoder);
  hide('TextDecoder', TextDecoder);
  hide('atob', atob);
  hide('btoa', btoa);
})

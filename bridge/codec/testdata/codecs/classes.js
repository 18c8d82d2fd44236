'use strict';
class Reader {
  #bytes;
  constructor(bytes) { this.#bytes = bytes; this.at = 0; }
  get left() { return this.#bytes.length - this.at; }
  u8() { return this.#bytes[this.at++]; }
  u16() { return this.u8() << 8 | this.u8(); }
  *rest() { while (this.left > 0) yield this.u8(); }
}
class SignedReader extends Reader {
  s16() { const v = super.u16(); return v > 0x7fff ? v - 0x10000 : v; }
  static version = '1.2';
}
const decodeUplink = ({ bytes, fPort = 1 }) => {
  const r = new SignedReader(bytes);
  const data = { version: SignedReader.version, t: r.s16() / 10, h: r.u8() };
  return { data: { ...data, fPort, tail: [...r.rest()], name: r.constructor.name } };
};

function decodeUplink(input) {
  var buffer = new ArrayBuffer(8), view = new DataView(buffer);
  input.bytes.slice(0, 8).forEach(function (b, i) { view.setUint8(i, b); });
  var u8 = new Uint8Array(buffer), f = new Float32Array(new Uint8Array(input.bytes.slice(0, 4).reverse()).buffer)[0];
  return {
    data: {
      f: f, f32: view.getFloat32(0), f64: view.getFloat64(0, true), i16: view.getInt16(0), u32: view.getUint32(4, true), sum: u8.reduce(function (a, b) { return a + b; }),
      clamp: new Uint8ClampedArray([300, -5, 1.5])[0], wrap: new Int8Array([200])[0], sub: Array.from(u8.subarray(2, 4)), hex: Array.from(u8, function (b) { return ('00' + b.toString(16)).slice(-2); }).join(''),
      len: u8.byteLength, sorted: Array.from(Uint8Array.from([3, 1, 2]).sort()), isArray: Array.isArray(u8), isView: ArrayBuffer.isView(view), big: String(new BigUint64Array(1)[0]),
    },
  };
}

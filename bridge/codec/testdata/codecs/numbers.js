function decodeUplink(input) {
  return {
    data: [0.1 + 0.2, 1e21, 1e-7, 123456789012345680000, -0, NaN, Infinity, 5e-324, 1.7976931348623157e308, 0xff, 1 / 3, 100, 1e300 * 10, 4.35 * 100, 1.005, 2 ** 53, -1e-7,
      0.000001, 123e-20, Math.round(-0.5), Math.round(2.5), Math.fround(5.5), Math.hypot(3, 4), Math.log10(1000), Math.sign(-3), Math.trunc(-4.7), Math.cbrt(27), 7 % -3, -7 % 3,
      Math.pow(2, 0.5), Math.exp(1), Math.sin(1), Number('0x1f'), Number(''), Number(' 12 '), Number('1,5'), parseFloat('3.14abc'), parseInt('12px'), +true, 25 .toString(36),
      (255).toString(2), (0.1).toFixed(20), (1e21).toFixed(2), (-1.5).toFixed(0), (1.45).toFixed(1), (8.345).toFixed(2), Number.EPSILON, 1 << 31, 2147483648 | 0, -1 >>> 0, 5 / 0],
  };
}

// Numbers in few digits and other bases, and texts of many digits.
var values = [0, -0.5, 9.7, 97, 99.96, -0.000123456, 2.5, 1.25, 1.35, 123456789, 1e21, 5e-324, 0.1, 1 / 3, 9007199254740994, 1e22];
var texts = ['34904965323490497123', '37321662023732166202', '8944500102198765432', 'ffffffffffffffff', '0x8000000000000401', 'zzzzzzzzzzzzzz', '-0', '  12.9px', '0b1', '', '12'];
var bases = [3, 7, 12, 36];
function decodeUplink(input) {
  var b = input.bytes, x = b.length > 1 ? (b[0] * 256 + b[1]) / 7 : 0.95, list = values.concat(x, -x / 1e5);
  var thrown = [];
  [function () { return x.toString(37); }, function () { return x.toPrecision(101); }, function () { return x.toExponential(-1); }].forEach(function (f) {
    try { f(); } catch (e) { thrown.push(e.name); }
  });
  return {
    data: {
      precision: list.map(function (v) { return [v.toPrecision(1), v.toPrecision(2), v.toPrecision(4), v.toPrecision(21), v.toPrecision()]; }),
      exponential: list.map(function (v) { return [v.toExponential(), v.toExponential(0), v.toExponential(1), v.toExponential(5)]; }),
      based: list.map(function (v) { return bases.map(function (base) { return v.toString(base); }); }),
      whole: texts.map(function (t) { return [parseInt(t), Number.parseInt(t, 16), parseInt(t, 10), parseInt(t, 36), parseInt(t, 1)]; }),
      odd: [(NaN).toPrecision(3), (Infinity).toExponential(2), new Number(9.7).toPrecision(1), parseInt(null, 36), parseInt(1e-7), parseInt(), 1 / parseInt('-0')],
      roots: [Math.cbrt(x), Math.cbrt(b.length), Math.log2(9), Math.log2(x), Math.sinh(x), Math.cosh(x), Math.tanh(x / 1e3), Math.asinh(x), Math.acosh(x + 1)],
      thrown: thrown,
    },
  };
}

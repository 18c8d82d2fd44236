function Point(x) { this.x = x; }
Point.prototype.inherited = 1;
function decodeUplink(input) {
  var sparse = [1, , 3];
  return {
    data: {
      und: undefined, fn: function () {}, sym: Symbol('s'), nul: null, list: [undefined, function () {}, Symbol('x'), NaN], sparse: sparse, boxed: [new Number(3), new String('s'), new Boolean(false)],
      map: new Map([[1, 2]]), set: new Set([1]), re: /x/g, err: new Error('e'), point: new Point(4), toJSON: { toJSON: function (k) { return 'json:' + k; } }, typed: new Uint8Array([1, 2]),
      view: new DataView(new ArrayBuffer(2)), getter: { get a() { return 5; } }, hidden: Object.defineProperty({}, 'h', { value: 1 }), nested: [[[]]], empty: {}, date: new Date(0), bool: true, proto: Object.create({ p: 1 }),
      f32: new Float32Array([1.5, NaN]), deep: { a: { b: { c: [1, { d: 2 }] } } }, args: (function () { return arguments; })(1, 2),
    },
  };
}

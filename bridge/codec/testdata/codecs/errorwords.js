// What exceptions say, which codecs hand on as errors and as values.
function attempt(f) {
  try {
    f();
  } catch (err) {
    return err.name + ': ' + err.message;
  }
  return 'fine';
}

function decodeUplink(input) {
  var b = input.bytes, o = { list: [1] }, f = 5;
  var said = [
    function () { return b[100].toString(16); },
    function () { return b[100].x; },
    function () { return b[100][b.length]; },
    function () { return o.a.b.c; },
    function () { return o.a.b(); },
    function () { return o.a(); },
    function () { return input.bytes.readUInt8(0); },
    function () { return o.list[0].foo(1, 2); },
    function () { return o['k' + 1](); },
    function () { return b.slice(0, 2).foo(); },
    function () { return this.nothing(); }.bind({}),
    function () { return f(); },
    function () { return nowhere(); },
    function () { return new f(); },
    function () { return new o.none(); },
    function () { return b.map(f); },
    function () { return Math.nothing(1); },
    function () { o.a.b = 1; },
    function () { for (var x of o.none) f = x; },
    function () { return [...o.none]; },
    function () { return [].reduce(function (a) { return a; }); },
    function () { return BigInt(1.5); },
    function () { return decodeURIComponent('%'); },
    function () { return JSON.parse(''); },
    function () { return new DataView(new ArrayBuffer(b.length)).getInt16(b.length); },
    function () { return (1.5).toFixed(101) + early; },
    function () { return (1.5).toPrecision(0); },
    function () { var y = early; let early = y; return early; },
    function () { throw new TypeError("Object has no member 'mine', says the codec"); },
    function () { throw { message: "Cannot read property 'x' of undefined" }; },
    function () { throw null; },
  ].map(function (g) { try { return attempt(g); } catch (e) { return 'not an error'; } });
  return { data: { said: said }, errors: [attempt(function () { return o.none.some; })], warnings: ['Decoder: ' + attempt(function () { return o.none(); })] };
}

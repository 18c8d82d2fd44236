// Copies.
var settings = { list: [1, [2]], at: new Date(0), map: new Map([['a', { b: 1 }]]), set: new Set([1]), bytes: new Uint8Array([1, 2, 3]).subarray(1), none: undefined };
settings.self = settings.list;

function decodeUplink(input) {
  var copy = structuredClone(settings), refused;
  copy.list[1].push(input.bytes.length);
  copy.bytes[0] = 9;
  copy.map.get('a').b = 2;
  try { structuredClone({ f: function () {} }); } catch (e) { refused = e.name; }
  return {
    data: {
      copy: copy, settings: settings, self: copy.self === copy.list, map: [...copy.map], set: [...copy.set], refused: refused, keys: Object.keys(copy),
      primitive: structuredClone('x'), array: Array.isArray(structuredClone([1])),
    },
  };
}

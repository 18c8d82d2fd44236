#!/usr/bin/env node
// Comparisons one after the other, which are read from the left.
function decodeUplink(input) {
  var b = input.bytes, x = b.length > 0 ? b[0] : -1, o = { true: 1 };
  return {
    data: {
      inside: 0 < x < 10,
      upTo: 0 <= x <= 100,
      falling: 200 > x > 0,
      four: 1 < x < 3 < 2,
      right: 0 < (x < 10),
      deep: 0 < ((x) < 10),
      left: (0 < x) < 10,
      around: 0 < (x) < 10,
      calls: 0 < Math.max(x, b.length) < (2 + 3),
      text: '(' < String(x) < ')',
      mixed: 1 < 2 in o,
      made: [] instanceof Array instanceof Object,
      shifted: 1 << 1 < x << 1 < 2,
      equal: 1 < x == true,
    },
  };
}

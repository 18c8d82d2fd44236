// Functions that are declared in blocks and called outside of them.
if (typeof helper === 'undefined') {
  function scaled(v) { return half(v) + offset; }
  function half(v) { return v / 2; }
}
var offset = 10;

function decodeUplink(input) {
  var b = input.bytes, before = typeof inner, none = typeof never;
  let kept = 'kept';
  if (b.length >= 0) {
    var sum = inner(b);
    function inner(list) { return list.reduce(function (a, v) { return a + v; }, 0); }
  }
  if (b.length < 0) {
    function never() {}
  }
  switch (input.fPort) {
    case 1:
      function named() { return 'one'; }
      break;
    default:
      function other() { return 'other'; }
  }
  try {
    function tried(n) { return n === 0 ? 'done' : tried(n - 1); }
  } catch (e) { /* none */ }
  {
    function kept() {}
    { function deeper() { return arguments.length; } }
  }
  for (let i = 0; i < 2; i++) {
    function last() { return i; }
  }
  return {
    data: { before, none, never: typeof never, sum, again: inner([1, 2]), scaled: scaled(b.length), kept, tried: tried(2), deeper: deeper(1, 2), last: last(),
      strict: strict() },
  };
}

function strict() {
  'use strict';
  {
    function hidden() {}
  }
  return typeof hidden;
}

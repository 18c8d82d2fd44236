// What the operator ** becomes; pow is Math.pow of V8.
(function (global, name, pow) {
  'use strict';
  Object.defineProperty(global, name, {
    value: function (a, b) {
      if (typeof a === 'object') a = a === null ? 0 : a.valueOf();
      if (typeof b === 'object') b = b === null ? 0 : b.valueOf();
      return typeof a === 'bigint' || typeof b === 'bigint' ? a ** b : pow(a, b);
    },
  });
})

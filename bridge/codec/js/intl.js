// toLocaleString of numbers, and what of Intl codecs use. The host's formats
// return a text, or a list of one message when the arguments are wrong.
(function (global, formatNumber, formatDate, all) {
  'use strict';
  const define = Object.defineProperty, apply = Reflect.apply, valueOf = Number.prototype.valueOf;

  function checked(text) {
    if (typeof text !== 'string') throw new RangeError(text[0]);
    return text;
  }
  const methods = {
    toLocaleString(locales, options) { return checked(formatNumber(apply(valueOf, this, []), locales, options)); },
  };
  define(Number.prototype, 'toLocaleString', { value: methods.toLocaleString, writable: true, configurable: true, enumerable: false });

  if (!all) return;

  class DateTimeFormat {
    #locales;
    #options;
    constructor(locales, options) {
      this.#locales = locales;
      this.#options = Object.assign({}, options);
      this.format(0);
      this.format = this.format.bind(this);
    }
    format(date) { return checked(formatDate(date === undefined ? Date.now() : +date, this.#locales, this.#options, 'intl')); }
    resolvedOptions() {
      const l = Array.isArray(this.#locales) ? this.#locales[0] : this.#locales;
      return { locale: l || 'en-US', calendar: 'gregory', numberingSystem: 'latn', timeZone: this.#options.timeZone || 'UTC' };
    }
  }
  class NumberFormat {
    #locales;
    #options;
    constructor(locales, options) {
      this.#locales = locales;
      this.#options = Object.assign({}, options);
      this.format(0);
      this.format = this.format.bind(this);
    }
    format(number) { return checked(formatNumber(+number, this.#locales, this.#options)); }
    resolvedOptions() {
      const l = Array.isArray(this.#locales) ? this.#locales[0] : this.#locales;
      return Object.assign({ locale: l || 'en-US', numberingSystem: 'latn' }, this.#options);
    }
  }
  // Without new, as Node allows.
  function callable(Class) {
    const f = { [Class.name]: function (locales, options) { return new Class(locales, options); } }[Class.name];
    define(f, 'prototype', { value: Class.prototype });
    return f;
  }
  define(global, 'Intl', {
    value: { DateTimeFormat: callable(DateTimeFormat), NumberFormat: callable(NumberFormat) },
    writable: true, configurable: true, enumerable: false,
  });
})

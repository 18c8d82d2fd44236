// A Date that lives in UTC. The engine's own reads the time zone of the
// process; names are the local methods that the codec mentions.
(function (global, names, parseText, localized) {
  'use strict';
  const Native = global.Date, proto = Native.prototype;
  const utc = Native.UTC;
  const apply = Reflect.apply, setPrototypeOf = Object.setPrototypeOf, define = Object.defineProperty;
  const getTime = proto.getTime, setTime = proto.setTime, iso = proto.toUTCString;

  function hide(object, name, value) {
    define(object, name, { value: value, writable: true, enumerable: false, configurable: true });
  }

  // "Thu, 01 Jan 1970 00:00:00 GMT" into the parts of the local forms.
  function dateText(s) {
    const p = s.split(' ');
    return p[0].slice(0, 3) + ' ' + p[2] + ' ' + p[1] + ' ' + p[3];
  }
  function timeText(s) {
    return s.split(' ')[4] + ' GMT+0000 (Coordinated Universal Time)';
  }
  function method(name, text) {
    hide(proto, name, {
      [name]() {
        const s = apply(iso, this, []);
        return s === 'Invalid Date' ? s : text(s);
      },
    }[name]);
  }
  method('toString', (s) => dateText(s) + ' ' + timeText(s));
  method('toDateString', dateText);
  method('toTimeString', timeText);

  // The engine writes years beyond 9999 with five digits, not six, and those
  // before the first with four.
  const nativeISO = proto.toISOString;
  hide(proto, 'toISOString', {
    toISOString() {
      const s = apply(nativeISO, this, []), year = s.indexOf('-', 1);
      return year === 4 ? s : s[0] + s.slice(1, year).padStart(6, '0') + s.slice(year);
    },
  }.toISOString);
  hide(proto, 'toGMTString', iso);

  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name === 'getTimezoneOffset') {
      hide(proto, name, { getTimezoneOffset() { return apply(getTime, this, []) * 0; } }[name]);
    } else if (name === 'getYear') {
      const year = proto.getUTCFullYear;
      hide(proto, name, { getYear() { return apply(year, this, []) - 1900; } }[name]);
    } else if (name === 'setYear') {
      const set = proto.setUTCFullYear;
      hide(proto, name, {
        setYear(year) {
          year = +year;
          const n = Math.trunc(year);
          if (apply(getTime, this, []) !== apply(getTime, this, [])) apply(setTime, this, [0]);
          return apply(set, this, [n >= 0 && n <= 99 ? 1900 + n : year]);
        },
      }[name]);
    } else {
      hide(proto, name, proto[name.slice(0, 3) + 'UTC' + name.slice(3)]);
    }
  }

  // parse reads a text without time zone as UTC.
  function parse(text) { return parseText(String(text)); }

  function primitive(v) {
    if (typeof v !== 'object' || v === null || v instanceof Native) return v;
    const p = v.valueOf();
    return typeof p === 'object' ? String(v) : p;
  }

  function single(v) {
    v = primitive(v);
    return typeof v === 'string' ? new Native(parse(v)) : new Native(v);
  }

  function Date(...args) {
    if (new.target === undefined) return new Native().toString();
    let d;
    if (args.length === 0) d = new Native();
    else if (args.length === 1) d = single(args[0]);
    else d = new Native(utc(...args));
    if (new.target !== Date) setPrototypeOf(d, new.target.prototype);
    return d;
  }
  define(Date, 'length', { value: 7 });
  define(Date, 'prototype', { value: proto, writable: false });
  hide(Date, 'UTC', utc);
  hide(Date, 'now', Native.now);
  hide(Date, 'parse', parse);
  hide(proto, 'constructor', Date);
  hide(global, 'Date', Date);

  if (!localized) return;
  // localized(ms, locales, options, what) is the text, or a list of one
  // message when the arguments are wrong.
  for (const [name, what] of [['toLocaleString', 'any'], ['toLocaleDateString', 'date'], ['toLocaleTimeString', 'time']]) {
    hide(proto, name, {
      [name](locales, options) {
        const ms = apply(getTime, this, []);
        if (ms !== ms) return 'Invalid Date';
        const text = localized(ms, locales, options, what);
        if (typeof text !== 'string') throw new RangeError(text[0]);
        return text;
      },
    }[name]);
  }
})

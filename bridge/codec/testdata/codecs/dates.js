function decodeUplink(input) {
  var t = input.bytes[0] * 1e9 + 86399;
  var d = new Date(t * 1000), r = input.recvTime;
  var local = new Date(2024, 1, 29, 12, 30, 15, 250);
  var set = new Date(0);
  set.setHours(13); set.setDate(31); set.setMinutes(61);
  return {
    data: {
      date: d, iso: d.toISOString(), json: d.toJSON(), text: String(d), utc: d.toUTCString(), day: d.toDateString(), time: d.toTimeString(),
      parts: [d.getFullYear(), d.getMonth(), d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds(), d.getDay(), d.getTimezoneOffset(), d.getYear()],
      local: local.getTime(), recv: r.getTime(), recvHours: r.getHours(), isDate: r instanceof Date, kind: Object.prototype.toString.call(r), set: set.getTime(),
      parse: ['2024-03-10T02:30:00', '2024-03-10', '2024-03-10 02:30', '2024/3/10', 'Mar 10, 2024 02:30:00', '10 Mar 2024 02:30 GMT+0200', '2024-03-10T02:30:00+01:00', 'nonsense'].map(Date.parse),
      invalid: new Date('x'), invalidText: String(new Date(NaN)), diff: r - d, plus: (new Date(5) + '').length, utcFn: Date.UTC(2020, 5), two: new Date(99, 0).getFullYear(),
      loc: d.toLocaleString('de-DE', { timeZone: 'Europe/Berlin' }), locDate: d.toLocaleDateString('en-GB'), locTime: d.toLocaleTimeString('en-US', { hour: '2-digit', minute: '2-digit' }),
      sv: d.toLocaleString('sv-SE', { timeZone: 'America/New_York' }), num: (1234567.891).toLocaleString('de-DE'), num2: (0.5).toLocaleString(undefined, { minimumFractionDigits: 2 }),
    },
  };
}

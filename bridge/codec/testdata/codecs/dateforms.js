// Dates as people write them.
var forms = [
  '2024-01-31', '2024-01-31T12:00', '2024-01-31T12:00:00.1234567Z', '2024-01-31t12:00:00z', '2024-01-31T24:00Z', '2024-01-31T24:01Z', '2024-01-31T12:00:00+0200',
  '2024-01-31 12:00:00', ' 2024-1-5 3:04', '2024/01/31 12:00:00.5', '01/31/24', '1/2/49', '1/2/50', '31/01/2024', '31.01.2024', '01-02-2024', 'Jan 31, 2024', '31 January 2024 10:00 PM',
  'Wed Jan 31 2024 12:00:00 GMT+0200 (CEST)', 'Wed, 31 Jan 2024 12:00:00 EST', '2024-01-31 12:00:00 CET', '2024-01-31 12:00:00 GMT+1', '2024-01-31 12:00:00+05:30', '2024-01-31 12:00 -0330',
  '1706700000', '1706700000000', '13', '32', '0', '12:00', '20240131', '20240131T120000Z', '2024-02-31', '2024-13-01', '2024-00-10', 'Feb 31 2021', 'Jan 2024', 'foo 5 2024', 'Jan 5 foo 2024',
  '2024-01-31-12:00', '2024-01-31T12:00:00,5Z', '+002024-01-31T00:00Z', '-000000-01-01T00:00Z', '-000001-01-01', '(a (b) c) Jan 1 2000', 'Jan 1 2000 12:00 am', 'Jan 1 2000 13:00 pm', '5/6', '1e3', '', 'x',
  '2024-01-31 1::5', 'Thu Feb 01 2024 01:02:03\u00a0', '12/25/1995 23:15:30.25', '2024-01-31 12:00:00 GMT-12345', '2024-01-31)', 'September 5 2024 7:08:09', '275761-01-01',
];
function decodeUplink(input) {
  var b = input.bytes, text = String.fromCharCode.apply(null, b), d = new Date(0), never = new Date(NaN);
  d.setYear(95);
  never.setYear(2024.5);
  return {
    data: {
      forms: forms.map(function (f) { return Date.parse(f); }),
      text: Date.parse(text),
      made: new Date(b.join('-')).getTime(),
      slashes: new Date(b.slice(0, 3).join('/') + ' ' + b.slice(3, 6).join(':')).getTime(),
      years: [new Date(-62198755200000).toISOString(), new Date(8.64e15).toJSON(), new Date(253402300800000).toISOString()],
      old: [d.toGMTString(), d.getYear(), never.toISOString()],
    },
  };
}

// Keeps state between calls; each call must see the first one's.
var count = 0;
var last = { t: null };
const history = [];
function decodeUplink(input) {
  count++;
  history.push(input.bytes[0]);
  var before = last.t;
  last.t = input.bytes[0];
  decodeUplink.calls = (decodeUplink.calls || 0) + 1;
  if (typeof leaked !== 'undefined') before = 'leaked';
  leaked = 1;
  Array.prototype.extra = (Array.prototype.extra || 0) + 1;
  return { data: { count: count, before: before, history: history.length, calls: decodeUplink.calls, extra: [].extra } };
}

// Measurements going back in time from the moment of reception.
function decodeUplink(input) {
  var t = Math.floor(input.recvTime.getTime() / 1000), list = [];
  for (var i = 0; i + 1 < input.bytes.length; i += 2) {
    list.push({ time: new Date((t - i * 300) * 1000).toISOString(), value: (input.bytes[i] << 8 | input.bytes[i + 1]) / 16 });
  }
  list.sort(function (a, b) { return a.value - b.value; });
  return { data: { list: list, max: Math.max.apply(Math, list.map(function (e) { return e.value; })), newest: list.length ? list[list.length - 1].time.substr(0, 10) : null } };
}

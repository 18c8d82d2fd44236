// Finds its functions on the global object.
function port_1(b) { return { one: b[0] }; }
function port_2(b) { return { two: b[0] }; }
function decodeUplink(input) {
  var f = globalThis['port_' + input.fPort];
  return f ? { data: f(input.bytes) } : { errors: ['no decoder for port ' + input.fPort] };
}

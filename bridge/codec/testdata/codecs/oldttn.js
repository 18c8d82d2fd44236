function Decoder(bytes, port) {
  var decoded = {};
  if (port === 1) {
    decoded.led = bytes[0] === 1 ? true : false;
  } else {
    for (i = 0; i < bytes.length; i++) {
      decoded['b' + i] = bytes[i];
    }
    decoded.undeclared = i;
  }
  decoded.missing = bytes[99];
  return decoded;
}
function Encoder(object, port) {
  var bytes = [];
  if (object.led !== undefined) bytes.push(object.led ? 1 : 0);
  for (var k in object) bytes.push(k.length);
  bytes.push(port);
  return bytes;
}

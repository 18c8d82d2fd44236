function u16(b, i) { return (b[i] << 8) | b[i + 1]; }
function s16(b, i) { var v = u16(b, i); return v > 0x7fff ? v - 0x10000 : v; }
function decodeUplink(input) {
  var bytes = input.bytes;
  var data = {};
  var warnings = [];
  var errors = [];
  switch (input.fPort) {
    case 1:
      if (bytes.length < 4) { errors.push("short"); return { errors: errors }; }
      data.battery = u16(bytes, 0) / 1000;
      data.temperature = s16(bytes, 2) / 100;
      var i = 4;
      while (i < bytes.length) {
        var ch = bytes[i++];
        var type = bytes[i++];
        switch (type) {
          case 0x67: data["temperature_" + ch] = s16(bytes, i) / 10; i += 2; break;
          case 0x68: data["humidity_" + ch] = bytes[i] / 2; i += 1; break;
          case 0x00: data["digital_" + ch] = bytes[i] === 1 ? "on" : "off"; i += 1; break;
          case 0x71:
            data["accel_" + ch] = { x: s16(bytes, i) / 1000, y: s16(bytes, i + 2) / 1000, z: s16(bytes, i + 4) / 1000 };
            i += 6; break;
          default: warnings.push("unknown type " + type); i = bytes.length;
        }
      }
      if (data.battery < 3.2) warnings.push("low battery");
      data.status = { alarm: (bytes[1] & 0x80) !== 0, tamper: (bytes[1] & 0x40) !== 0, mode: ["off", "eco", "on"][bytes[1] & 3] };
      break;
    default:
      errors.push("unknown port " + input.fPort);
  }
  return { data: data, warnings: warnings, errors: errors };
}

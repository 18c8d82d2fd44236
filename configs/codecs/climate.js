// An example codec: a room sensor that reports temperature, humidity and its
// battery, and takes the interval of its reports.
//
// Uplink, port 2: temperature in 0.01 degrees Celsius (signed), humidity in
// 0.5 percent, battery in 20 mV. Downlink, port 10: 0x01 and the interval in
// minutes.

function signed16(high, low) {
  return (high << 24 | low << 16) >> 16;
}

function decodeUplink(input) {
  var bytes = input.bytes;
  if (input.fPort !== 2) {
    return { errors: ['unknown port ' + input.fPort] };
  }
  if (bytes.length !== 4) {
    return { errors: ['want 4 bytes, got ' + bytes.length] };
  }
  var data = {
    temperature: signed16(bytes[0], bytes[1]) / 100,
    humidity: bytes[2] / 2,
    battery: bytes[3] * 20 / 1000,
  };
  // A setting of the node, for sensors that read too high or too low.
  if (input.variables.offset) {
    data.temperature = Math.round((data.temperature + Number(input.variables.offset)) * 100) / 100;
  }
  return { data: data, warnings: data.battery < 2.8 ? ['battery low'] : [] };
}

function encodeDownlink(input) {
  var minutes = input.data.interval;
  if (!(minutes >= 1 && minutes <= 1440)) {
    return { errors: ['interval is in minutes, 1 to 1440'] };
  }
  return { bytes: [0x01, minutes >> 8, minutes & 0xff], fPort: 10 };
}

function decodeDownlink(input) {
  return { data: { interval: input.bytes[1] << 8 | input.bytes[2] } };
}

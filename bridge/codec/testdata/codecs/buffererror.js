function decodeUplink(input) {
  try {
    return { data: Buffer.from(input.bytes).readUInt32BE(0) };
  } catch (e) {
    return { errors: [e.name + ': ' + e.message] };
  }
}

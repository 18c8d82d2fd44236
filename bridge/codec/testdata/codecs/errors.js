function decodeUplink(input) {
  if (input.bytes.length === 0) return { errors: ['empty payload'] };
  if (input.bytes[0] > 100) return { data: {}, errors: ['value too high'], warnings: ['check the sensor'] };
  return { data: { v: input.bytes[0] } };
}
function normalizeUplink(input) {
  return { data: { air: { temperature: input.data.v } } };
}

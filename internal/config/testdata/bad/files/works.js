function decodeUplink(input) {
  return { data: { first: input.bytes[0] } };
}

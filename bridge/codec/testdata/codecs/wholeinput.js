// The input as a whole, which has a time that the source does not mention.
function decodeUplink(input) {
  return { data: { keys: Object.keys(input), copy: { ...input }, n: input.bytes.length } };
}

function decodeUplink(input) {
  let v = 0n;
  for (const b of input.bytes) v = v << 8n | BigInt(b);
  return { data: { dec: v.toString(), hex: '0x' + v.toString(16), n: Number(v & 0xffffffffn), signed: Number(BigInt.asIntN(64, v)), cmp: v > 5n } };
}

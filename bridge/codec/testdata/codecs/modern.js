const NAMES = new Map([[1, 'temperature'], [2, 'humidity'], [3, 'pressure']]);
function decodeUplink(input) {
  const seen = new Set();
  const [first, second = 7, ...others] = input.bytes;
  const { variables: { site } = {} } = input;
  const data = {};
  for (const [i, b] of others.entries()) {
    const name = NAMES.get(b) ?? `unknown_${b.toString(16).padStart(2, '0')}`;
    if (seen.has(name)) continue;
    seen.add(name);
    data[name] = i ** 2;
  }
  data.opt = input.nothing?.deep?.er ?? null;
  data.call = input.none?.();
  data.sum = input.bytes.reduce((a, b) => a + b, 0);
  data.found = others.find((x) => x > 2);
  data.flat = [[1, [2]], 3].flat(Infinity);
  data.entries = Object.fromEntries(Object.entries({ a: first, b: second }).map(([k, v]) => [k + k, v]));
  data.includes = others.includes(1);
  data.set = [...seen].sort();
  data.site = site;
  data.last = input.bytes.at(-1);
  data.und = undefined;
  data.fn = () => 1;
  data.big = Number(BigInt.asIntN(16, 0xffffn));
  data.tpl = `${first}-${second}|${others}`;
  data.key = { [`k${first}`]: 1 };
  let x = null;
  x ??= 5;
  data.x = x;
  return { data, warnings: seen.size > 2 ? ['many'] : [] };
}
module.exports = { decodeUplink };

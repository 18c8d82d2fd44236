// Prints node.json: what Node computes. Run it with Node 20:
//
//	node testdata/node.mjs > testdata/node.json
let seed = 12345;
function random() {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
}
const out = { exp: [], log: [], log10: [], pow: [], sin: [], cos: [], tan: [], atan: [], asin: [], acos: [], atan2: [],
  log2: [], cbrt: [], sinh: [], cosh: [], tanh: [], asinh: [], acosh: [] };
for (let i = 0; i < 400; i++) {
  for (const x of [random() * 2 - 1, random() * 40 - 20]) out.exp.push([x, Math.exp(x)]);
  for (const x of [random() * 2, random() * 1e5, 10 ** (random() * 600 - 300)]) {
    out.log.push([x, Math.log(x)]);
    out.log10.push([x, Math.log10(x)]);
  }
  for (const [x, y] of [[random() * 100, random() * 4 - 2], [random() * 2, Math.floor(random() * 20)], [random() * 1e-3, random() * 3], [1 + random() / 1e6, random() * 1e9]]) {
    if (Number.isFinite(Math.pow(x, y))) out.pow.push([x, y, Math.pow(x, y)]);
  }
}
for (let i = 0; i < 300; i++) {
  for (const x of [random() * 2 - 1, random() * 20 - 10, random() * 1e5]) {
    for (const name of ['sin', 'cos', 'tan', 'atan']) out[name].push([x, Math[name](x)]);
  }
  const [x, y] = [random() * 2 - 1, random() * 2 - 1];
  out.asin.push([x, Math.asin(x)]);
  out.acos.push([x, Math.acos(x)]);
  out.atan2.push([y, x, Math.atan2(y, x)], [Math.round(y * 1000), Math.round(x * 1000), Math.atan2(Math.round(y * 1000), Math.round(x * 1000))]);
}
for (let i = 0; i < 130; i++) {
  const x = random() * 2 - 1;
  for (const name of ['sinh', 'cosh', 'tanh', 'asinh', 'cbrt']) out[name].push([x, Math[name](x)], [x * 30, Math[name](x * 30)]);
  for (const name of ['sinh', 'cosh']) out[name].push([x * 700, Math[name](x * 700)]);
  for (const y of [i, random() * 1e9, 10 ** (x * 300)]) out.cbrt.push([y, Math.cbrt(y)]), out.asinh.push([y, Math.asinh(y)]), out.acosh.push([y + 1, Math.acosh(y + 1)]);
  for (const y of [i + 1, random() * 4, 10 ** (x * 300)]) out.log2.push([y, Math.log2(y)]);
}
for (let n = -30; n <= 30; n++) for (const x of [10, 2, 0.1, 1.1, 5, -10, 9 / 5]) out.pow.push([x, n, Math.pow(x, n)]);
for (let n = 1; n <= 300; n++) out.log.push([n / 10, Math.log(n / 10)]), out.log10.push([n, Math.log10(n)]);
console.log(JSON.stringify(out));

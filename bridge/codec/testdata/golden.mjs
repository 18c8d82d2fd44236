// Prints golden.json: what Node makes of the codecs in codecs/, which is what
// this package must make of them. Run it with Node 20:
//
//	TZ=UTC node testdata/golden.mjs > testdata/golden.json
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

const dir = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'codecs');
const payloads = ['', '00', '01', '02', 'ff', '41422c43', '0167011002', '010203040506070809', 'fffe8000c0ffee00', '4142434445464748', '36c3a92d31612d3232627a', '0c2909c40a2801', '67670110ff20010203', '01670110020105200102000367ffd7'];
const recvTime = '2024-03-10T02:30:15.250Z';
const variables = { offset: '1.5', site: 'Hall 3' };
const names = ['decodeUplink', 'Decode', 'Decoder', 'encodeDownlink', 'Encode', 'Encoder', 'decodeDownlink'];

// load runs a codec in the global scope of a context of its own, for each
// call anew.
function load(file) {
  const module = { exports: {} };
  const context = vm.createContext({ module, exports: module.exports, require: () => { throw new Error('no modules'); }, Buffer, TextDecoder, TextEncoder, atob, btoa, structuredClone,
    console: { log() {}, error() {} } });
  vm.runInContext(fs.readFileSync(file, 'utf8'), context, { filename: file });
  const found = vm.runInContext('({' + names.map((n) => `${n}: typeof ${n} === 'function' ? ${n} : undefined`).join(', ') + '})', context);
  for (const n of names) found[n] ??= module.exports[n];
  return { context, ...found };
}

// inside makes a value with the builtins of the codec's context.
function inside(context, value) { return vm.runInContext('JSON.parse(' + JSON.stringify(JSON.stringify(value)) + ')', context); }

const out = [];
for (const name of fs.readdirSync(dir).filter((f) => f.endsWith('.js')).sort()) {
  for (const hex of payloads) {
    for (const fPort of [1, 2]) {
      const c = load(path.join(dir, name));
      // What a codec does to the builtins is its own affair.
      const stringify = vm.runInContext('(function (s) { return s; })', c.context)(JSON.stringify);
      const bytes = inside(c.context, [...Buffer.from(hex, 'hex')]);
      const vars = inside(c.context, variables);
      const at = vm.runInContext(`new Date('${recvTime}')`, c.context);
      let r;
      try {
        if (c.decodeUplink) r = c.decodeUplink(Object.assign(inside(c.context, {}), { bytes, fPort, recvTime: at, variables: vars }));
        else if (c.Decode) r = { data: c.Decode(fPort, bytes, vars) };
        else r = { data: c.Decoder(bytes, fPort) };
      } catch (e) {
        continue; // engines word their exceptions differently
      }
      out.push({ codec: name, fPort, bytes: hex, recvTime, variables, data: stringify(r.data) ?? 'null', warnings: r.warnings ?? [], errors: r.errors ?? [] });
    }
  }
}
console.log('[\n' + out.map((o) => JSON.stringify(o)).join(',\n') + '\n]');

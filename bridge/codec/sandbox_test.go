package codec

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// run compiles a decodeUplink with the given body and calls it.
func run(t *testing.T, body string) Result {
	t.Helper()
	return compileBody(t, body).DecodeUplink(t.Context(), Uplink{FPort: 1, Bytes: []byte{1, 2, 3}, RecvTime: time.Unix(1e9, 0)})
}

func compileBody(t *testing.T, body string) *Codec {
	t.Helper()
	c, err := Compile("x.js", "function decodeUplink(input) {\n"+body+"\n}", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExhaustion has codecs take all they can. Each must end soon, with an
// error that says what it was.
func TestExhaustion(t *testing.T) {
	const (
		slow  = `ran longer than`
		large = `too large for a codec`
		huge  = `MiB of memory`
		deep  = `nest deeper`
		big   = `result is too large`
	)
	for name, tt := range map[string]struct{ body, want string }{
		"endless loop":          {`while (1);`, slow},
		"endless loop, caught":  {`for (;;) { try { while (1); } catch (e) {} finally { continue; } }`, slow},
		"endless getter":        {`return {get data() { for (;;); }};`, slow},
		"endless toJSON":        {`return {data: {toJSON() { for (;;); }}};`, slow},
		"endless message":       {`throw {toString() { for (;;); }};`, slow + `|cannot be shown`},
		"endless recursion":     {`function f() { return f() + 1; } f();`, deep},
		"recursion in builtins": {`[1].forEach(function g() { [1].forEach(g); });`, deep},
		"recursion in getters":  {`var o = {get a() { return this.a; }}; return {data: o.a};`, deep},
		"doubled text":          {`var s = 'x'; while (1) s += s;`, huge},
		"objects":               {`var o = {}; for (;;) o = {o: o, p: [1, 2, 3, 4, 5, 6, 7, 8]};`, huge + "|" + slow},
		"repeat":                {`return {data: 'x'.repeat(1e9)};`, large},
		"padStart":              {`return {data: 'x'.padStart(1e9)};`, large},
		"replace":               {`var s = 'a'.repeat(1e5); return {data: s.replace(/a/g, s)};`, large},
		"fill":                  {`return {data: new Array(1e9).fill(0)};`, large},
		"Array without new":     {`return {data: Array(4e9).fill(0)};`, large},
		"Array.from":            {`return {data: Array.from({length: 1e10})};`, large},
		"Array.apply":           {`return {data: Array.apply(null, {length: 1e10})};`, large},
		"length":                {`var a = []; a.length = 4e9; return {data: [...a]};`, large},
		"length, as text":       {`var a = []; a.length = 4e9; return {data: '' + a};`, large},
		"length, in a loop":     {`var a = []; a['length'] = 4e9; for (var x of a) {}`, large},
		"index":                 {`var a = []; a[4e9] = 1; return {data: a};`, big},
		"typed array":           {`return {data: new Uint8Array(1e9).length};`, large},
		"array buffer":          {`return {data: new ArrayBuffer(1e12).byteLength};`, large},
		"buffer":                {`return {data: Buffer.alloc(1e9).length};`, `out of range`},
		"join":                  {`var s = 'a'.repeat(1e5); return {data: s.split('').join(s)};`, large},
		"shared references":     {`var o = []; for (var i = 0; i < 40; i++) o = [o, o]; return {data: o};`, big},
		"shared, stringified":   {`var o = []; for (var i = 0; i < 40; i++) o = [o, o]; return {data: JSON.stringify(o)};`, large + "|" + slow},
		"shared, joined":        {`var o = []; for (var i = 0; i < 40; i++) o = [o, o]; return {data: o.join()};`, large + "|" + slow},
		"deep result":           {`var o = []; for (var i = 0; i < 1e4; i++) o = [o]; return {data: o};`, big},
		"deep JSON":             {`return {data: JSON.parse('['.repeat(1e6))};`, large},
		"large result":          {`var s = 'x'.repeat(1000), o = []; for (var i = 0; i < 1000; i++) o.push(s); return {data: o};`, big},
		"backtracking":          {`return {data: /^(?=a)(a+)+$/.test('a'.repeat(45) + '!')};`, slow},
		"proxies":               {`var p = {}; for (var i = 0; i < 1e6; i++) p = new Proxy(p, {}); return {data: p.x};`, huge + "|" + slow},
		"async without end":     {`return new Promise(function () {});`, `promise`},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			r := run(t, tt.body)
			if text := strings.Join(r.Errors, "\n"); !regexp.MustCompile(tt.want).MatchString(text) {
				t.Errorf("errors %q, want a match of %s; data %.100s", text, tt.want, r.Data)
			}
			// Generous: the machine may be busy, and the race detector slow.
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestRecovery calls a codec that gets stuck on one payload with another one.
func TestRecovery(t *testing.T) {
	t.Parallel()
	c := compileBody(t, `if (input.bytes.length) while (1); return {data: 1};`)
	if r := c.DecodeUplink(t.Context(), Uplink{Bytes: []byte{1}}); len(r.Errors) != 1 {
		t.Errorf("errors %q, want one", r.Errors)
	}
	if r := c.DecodeUplink(t.Context(), Uplink{}); string(r.Data) != "1" || len(r.Errors) != 0 {
		t.Errorf("after a stop: %s %q", r.Data, r.Errors)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	c, err := Compile("x.js", `function decodeUplink() { console.log('in'); while (1); }`, Options{Log: func(string) {
		cancel(fmt.Errorf("shutting down"))
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := c.DecodeUplink(ctx, Uplink{})
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "shutting down") {
		t.Errorf("errors %q, want the cause", r.Errors)
	}
	if r := c.DecodeUplink(ctx, Uplink{}); len(r.Errors) != 1 {
		t.Errorf("errors %q, want one", r.Errors)
	}
}

// TestNoWayOut looks for what a codec must not find.
func TestNoWayOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"process", "setTimeout", "setInterval", "setImmediate", "fetch", "XMLHttpRequest", "Deno", "WebAssembly", "importScripts", "print", "load", "os", "std"} {
		if r := run(t, `return {data: typeof `+name+`};`); string(r.Data) != `"undefined"` {
			t.Errorf("typeof %s is %s", name, r.Data)
		}
	}
	for body, want := range map[string]string{
		`require('fs')`: `require\("fs"\): a codec cannot load modules`,
		`import('fs')`:  ``, // does not compile
		`return {data: new Function('return 1')()};`:                 `cannot compile code`,
		`return {data: (function () {}).constructor('return 1')()};`: `cannot compile code`,
		`return {data: (function* () {}).constructor('yield 1')()};`: `cannot compile code`,
		`var e = eval; return {data: e('1')};`:                       `cannot compile code`,
		`return {data: eval('1' + input.fPort)};`:                    `cannot compile code`,
		`setTimeout(function () {}, 1);`:                             `setTimeout is not defined`,
	} {
		if want == "" {
			if _, err := Compile("x.js", "function decodeUplink() {"+body+"}", Options{}); err == nil {
				t.Errorf("%s compiles", body)
			}
			continue
		}
		r := run(t, body)
		if text := strings.Join(r.Errors, "\n"); !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s: errors %q, want a match of %s", body, text, want)
		}
	}
}

// TestTampering has a call spoil all it can reach; the next one must not see
// it, and the host must not either.
func TestTampering(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"prototypes":   `Object.prototype.evil = 1; Array.prototype.evil = 1; String.prototype.evil = 1; Function.prototype.evil = 1; Number.prototype.evil = 1;`,
		"toJSON":       `Object.prototype.toJSON = function () { return 'evil'; };`,
		"builtins":     `Array.prototype.push = Array.prototype.map = Array.isArray = JSON.stringify = JSON.parse = Date = Object.keys = function () { return 'evil'; };`,
		"globals":      `evil = 1; globalThis.evil2 = 1; this.evil3 = 1;`,
		"by key":       `var k = '__pro' + 'to__'; input[k].evil = 1; [][k].evil = 1;`,
		"frozen":       `Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.preventExtensions(globalThis);`,
		"setters":      `Object.defineProperty(Object.prototype, 'bytes', {set: function () {}, configurable: true}); Object.defineProperty(Object.prototype, 'data', {get: function () { return 'evil'; }, configurable: true});`,
		"iterators":    `Array.prototype[Symbol.iterator] = function* () { yield 'evil'; };`,
		"module":       `module.exports = {decodeUplink: function () { return {data: 'evil'}; }};`,
		"own function": `decodeUplink = function () { return {data: 'evil'}; };`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Compile("x.js", `function decodeUplink(input) {
				var seen = [typeof evil, typeof evil2, [].evil, {}.evil, ''.evil, Array.isArray([]), JSON.stringify([1]), [...input.bytes].length, Object.keys({a: 1}).join()];
				if (input.fPort === 2) { `+body+` }
				return {data: seen};
			}`, Options{})
			if err != nil {
				t.Fatal(err)
			}
			first := c.DecodeUplink(t.Context(), Uplink{FPort: 1, Bytes: []byte{1}})
			if want := `["undefined","undefined",null,null,null,true,"[1]",1,"a"]`; string(first.Data) != want {
				t.Fatalf("first call: %s %q, want %s", first.Data, first.Errors, want)
			}
			c.DecodeUplink(t.Context(), Uplink{FPort: 2, Bytes: []byte{1}})
			if again := c.DecodeUplink(t.Context(), Uplink{FPort: 1, Bytes: []byte{1}}); string(again.Data) != string(first.Data) {
				t.Errorf("after tampering: %s %q, want %s", again.Data, again.Errors, first.Data)
			}
		})
	}
}

// TestMalformed returns what is no result.
func TestMalformed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Result{
		`return 5;`:                         {Errors: []string{"decodeUplink returned a number, want an object {data, warnings, errors}"}},
		`return;`:                           {Errors: []string{"decodeUplink returned undefined, want an object {data, warnings, errors}"}},
		`return null;`:                      {Errors: []string{"decodeUplink returned null, want an object {data, warnings, errors}"}},
		`return [1];`:                       {Errors: []string{"decodeUplink returned a list, want an object {data, warnings, errors}"}},
		`return {};`:                        {Errors: []string{"decodeUplink returned an object without data"}},
		`return {data: null};`:              {},
		`return {errors: ['e']};`:           {Errors: []string{"e"}},
		`return {data: 1, errors: 'text'};`: {Data: json.RawMessage("1"), Errors: []string{"decodeUplink returned a string for errors, want a list: text"}},
		`return {data: 1, errors: [1, new Error('e'), null, {message: 'm'}]};`: {Data: json.RawMessage("1"), Errors: []string{"1", "Error: e", "null", "m"}},
		`return {data: 1, warnings: null, errors: undefined};`:                 {Data: json.RawMessage("1")},
		`throw new TypeError('odd');`:                                          {Errors: []string{"TypeError: odd (x.js:2)"}},
		"\n\nthrow 'text';":                                                    {Errors: []string{"text (x.js:4)"}},
		`throw {message: 'm'};`:                                                {Errors: []string{"m (x.js:2)"}},
		`return {data: 10n};`:                                                  {Errors: []string{"data of decodeUplink: TypeError: Do not know how to serialize a BigInt"}},
		`var a = {}; a.a = a; return {data: a};`:                               {Errors: []string{"data of decodeUplink: TypeError: Converting circular structure to JSON"}},
		`return Promise.resolve({data: 7});`:                                   {Data: json.RawMessage("7")},
	} {
		want = want.filled()
		got := run(t, body)
		if string(got.Data) != string(want.Data) || strings.Join(got.Errors, "|") != strings.Join(want.Errors, "|") {
			t.Errorf("%s: %s %q, want %s %q", body, got.Data, got.Errors, want.Data, want.Errors)
		}
	}
}

func TestMalformedDownlink(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return {bytes: [256], fPort: 1};`:     `encodeDownlink returned 256 for byte 0, want a number from 0 to 255`,
		`return {bytes: [-1], fPort: 1};`:      `encodeDownlink returned -1 for byte 0, want a number from 0 to 255`,
		`return {bytes: [1.5], fPort: 1};`:     `encodeDownlink returned 1.5 for byte 0, want a number from 0 to 255`,
		`return {bytes: ['1'], fPort: 1};`:     `encodeDownlink returned a string for byte 0, want a number from 0 to 255`,
		`return {bytes: '0102', fPort: 1};`:    `encodeDownlink returned a string for bytes, want a list of numbers`,
		`return {fPort: 1};`:                   `encodeDownlink returned undefined for bytes, want a list of numbers`,
		`return {bytes: [1], fPort: 256};`:     `encodeDownlink returned fPort 256, want 1 to 255`,
		`return [1];`:                          `encodeDownlink returned undefined for bytes, want a list of numbers`,
		`return {bytes: new Array(300)};`:      `encodeDownlink returned 300 bytes, and a LoRaWAN payload has 242 at most`,
		`return {errors: ['a', 'b']};`:         `a; b`,
		`return {bytes: new Uint8Array([1])};`: ``,
		`return {bytes: Buffer.from([1])};`:    ``,
	} {
		c, err := Compile("x.js", "function encodeDownlink(input) { "+body+" }", Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := c.EncodeDownlink(t.Context(), Command{FPort: 1, Data: json.RawMessage(`{}`)}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	var lines []string
	c, err := Compile("x.js", `function decodeUplink(input) {
		if (input.fPort === 1) console.log('a', 1, {b: [2]}, null, undefined, new Error('e'));
		else for (var i = 0; i < 1000; i++) console.warn('x'.repeat(i * 10) + '\n');
		return {data: 1};
	}`, Options{Log: func(line string) { lines = append(lines, line) }})
	if err != nil {
		t.Fatal(err)
	}
	c.DecodeUplink(t.Context(), Uplink{FPort: 1})
	if want := `a 1 {"b":[2]} null undefined Error: e`; len(lines) != 1 || lines[0] != want {
		t.Errorf("console %q, want %q", lines, want)
	}
	lines = nil
	c.DecodeUplink(t.Context(), Uplink{FPort: 2})
	total := len(strings.Join(lines, ""))
	if len(lines) > maxConsoleLines+1 || total > maxConsoleBytes+maxConsoleLine+100 || !strings.Contains(lines[len(lines)-1], "more than is kept") {
		t.Errorf("%d lines, %d bytes, the last %q", len(lines), total, lines[len(lines)-1])
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"function (":                      `^codec x.js: Line 1:\d+ Unexpected token`,
		"var a = 1;":                      `none of the functions`,
		"while (1);":                      `ran longer`,
		"throw new Error('at load');":     `at load \(x.js:1\)`,
		strings.Repeat("(", 5000):         `nest deeper`,
		"\ufefffunction decodeUplink(){}": ``,
	} {
		_, err := Compile("x.js", source, Options{})
		if want == "" != (err == nil) || err != nil && !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%.40q: %v, want a match of %s", source, err, want)
		}
	}
	for name, want := range map[string]string{
		"":                `needs a name`,
		"cayene":          `neither a file nor one of`,
		"./missing.js":    `no such file`,
		"testdata/codecs": `not a regular file`,
	} {
		if _, err := Load(name, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

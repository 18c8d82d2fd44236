package codec

import "testing"

func TestStateless(t *testing.T) {
	t.Parallel()
	const head = "var TABLE = {a: {n: 1}, b: {n: 2}}; const LIST = [1, 2]; var seen;\n" +
		"function u16(b, i) { return b[i] << 8 | b[i + 1]; }\nfunction make() { var o = {}; o.x = 1; return o; }\nfunction put(o, k, v) { o[k] = v; }\n"
	for name, tt := range map[string]struct {
		body string // of decodeUplink
		want bool
	}{
		"plain":                      {"var d = {}; d.t = u16(input.bytes, 0) / 10; return {data: d};", true},
		"members of members":         {"var d = {}; d.a = {}; d.a.x = 1; d['k' + 1] = 2; return {data: d};", true},
		"made by a function":         {"var d = make(); d.y = 2; return {data: d};", true},
		"handed to a function":       {"var d = {}; put(d, 'a', 1); return {data: d};", true},
		"input changed":              {"var b = input.bytes; b.reverse(); input.bytes.push(1); return {data: b};", true},
		"table read":                 {"var t = TABLE[input.fPort]; return {data: t.n + LIST.indexOf(1)};", true},
		"array grows":                {"var l = []; for (var i = 0; i < 3; i++) { l.push(i); } return {data: l};", true},
		"builtins called":            {"return {data: [Math.max(1, 2), parseInt('1'), String.fromCharCode(65), JSON.stringify({})]};", true},
		"callbacks":                  {"var s = 0; input.bytes.forEach(function (b) { s += b; }); return {data: input.bytes.map(x => x * 2)};", true},
		"module variable assigned":   {"seen = 1; return {data: seen};", false},
		"module variable counted":    {"seen++; return {data: seen};", false},
		"undeclared variable":        {"for (i = 0; i < 3; i++) {} return {data: i};", false},
		"table changed":              {"TABLE.a = 1; return {data: 1};", false},
		"table changed by alias":     {"var t = TABLE[input.fPort]; t.n = 2; return {data: t};", false},
		"table changed by argument":  {"put(TABLE, 'a', 1); return {data: 1};", false},
		"table changed by chain":     {"TABLE.a.n = 3; return {data: 1};", false},
		"table kept in a member":     {"var d = {}; d.t = TABLE; d.t.n = 1; return {data: d};", false},
		"table kept in a literal":    {"var d = {t: TABLE}; d.t.n = 1; return {data: d};", false},
		"table changed in callback":  {"Object.keys(TABLE).map(function (k) { return TABLE[k]; }).forEach(function (t) { t.n = 1; }); return {data: 1};", false},
		"table element of a loop":    {"for (var t of LIST) { t.x = 1; } return {data: 1};", false},
		"table sorted":               {"return {data: LIST.sort()};", false},
		"table pushed":               {"LIST.push(1); return {data: LIST.length};", false},
		"table by assign":            {"return {data: Object.assign(TABLE, {c: 1})};", false},
		"table by a conditional":     {"var t = input.fPort ? TABLE : {}; t.c = 1; return {data: t};", false},
		"table by or":                {"var t; t = t || TABLE; t.c = 1; return {data: t};", false},
		"table by or-assignment":     {"var t; t ||= TABLE; t.c = 1; return {data: t};", false},
		"table by destructuring":     {"var {a} = TABLE; a.n = 1; return {data: a};", false},
		"table by return":            {"function get() { return TABLE; } var t = get(); t.c = 1; return {data: t};", false},
		"function given a member":    {"u16.calls = 1; return {data: 1};", false},
		"prototype":                  {"String.prototype.x = 1; return {data: 1};", false},
		"prototype by literal name":  {"var d = {}; d['__proto__'].x = 1; return {data: d};", false},
		"prototype by dynamic name":  {"var d = {}, k = 'x'; d[k][k] = 1; return {data: d};", false},
		"prototype by dynamic alias": {"var d = {}, k = 'x'; var p = d[k]; p[k] = 1; return {data: d};", false},
		"constructor":                {"var d = {}; d.constructor.x = 1; return {data: d};", false},
		"builtin replaced":           {"Math.max = null; return {data: 1};", false},
		"builtin by alias":           {"var o = Object; o.x = 1; return {data: 1};", false},
		"defineProperty":             {"Object.defineProperty(input, 'x', {}); return {data: 1};", false},
		"this":                       {"this.x = 1; return {data: 1};", false},
		"globalThis":                 {"globalThis.x = 1; return {data: 1};", false},
		"eval":                       {"eval('seen = 1'); return {data: 1};", false},
		"arguments":                  {"arguments[0].x = 1; return {data: 1};", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := stateless(head + "function decodeUplink(input) {\n" + tt.body + "\n}"); got != tt.want {
				t.Errorf("stateless is %v, want %v", got, tt.want)
			}
		})
	}
}

// TestStatelessModule looks at what stands outside of functions.
func TestStatelessModule(t *testing.T) {
	t.Parallel()
	const f = "function decodeUplink(input) { return {data: 1}; }\n"
	for source, want := range map[string]bool{
		f:                   true,
		`"use strict";` + f: true,
		f + "module.exports = {decodeUplink, x: decodeUplink};":                                             true,
		f + "if (typeof module !== 'undefined' && module.exports) { exports.decodeUplink = decodeUplink; }": true,
		"var decodeUplink = function (input) { return {data: 1}; };":                                        true,
		f + "var cache = new Map();":                                                                        false,
		f + "var at = new Date();":                                                                          false,
		f + "var re = /a/g;":                                                                                false,
		f + "Array.prototype.last = function () {};":                                                        false,
		f + "counter = 0;":                                                                                  false,
		f + "(function () { })();":                                                                          false,
		"async " + f:                                                                                        false,
		"class A { }" + f:                                                                                   false,
		"function (":                                                                                        false,
	} {
		if got := stateless(source); got != want {
			t.Errorf("stateless is %v, want %v: %s", got, want, source)
		}
	}
}

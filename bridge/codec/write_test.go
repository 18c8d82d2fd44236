package codec

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// stringify is what the engine itself writes for v.
func stringify(t *testing.T, vm *goja.Runtime, v goja.Value) string {
	t.Helper()
	f, ok := goja.AssertFunction(vm.Get("JSON").ToObject(vm).Get("stringify"))
	if !ok {
		t.Fatal("no JSON.stringify")
	}
	text, err := f(goja.Undefined(), v)
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestBigInt has one that knows how to be JSON, and one that does not.
func TestBigInt(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`var v = 1n`: errBigInt.Error(),
		`BigInt.prototype.toJSON = function () { return 'n' + this; }; var v = [2n ** 70n, {a: 1n}]`: `["n1180591620717411303424",{"a":"n1"}]`,
		`BigInt.prototype.toJSON = 5; var v = [1n]`:                                                  errBigInt.Error(),
	} {
		vm := goja.New()
		if _, err := vm.RunString(source); err != nil {
			t.Fatal(err)
		}
		w := jsonWriter{vm: vm, limit: maxOutput}
		err := w.value(vm.Get("v"))
		if got := string(w.out); err == nil && got != want || err != nil && err.Error() != want {
			t.Errorf("%s: %s, %v, want %s", source, got, err, want)
		}
	}
}

// FuzzResult takes JSON into a runtime and out again, compared with the
// engine's own JSON.stringify.
func FuzzResult(f *testing.F) {
	for _, seed := range []string{
		`{"b":1,"a":[1.5,-0,1e21,1e-7,null,true],"2":{},"1":"\u0001\"\\"}`, `"😀\u2028"`, `[[[]]]`, `123456789012345680000`, `{"toJSON":1,"__proto__":2}`, `5e-324`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) || len(data) > 1000 || checkNesting(string(data)) != nil {
			return
		}
		vm := goja.New()
		parse, ok := goja.AssertFunction(vm.Get("JSON").ToObject(vm).Get("parse"))
		if !ok {
			t.Fatal("no JSON.parse")
		}
		v, err := parse(goja.Undefined(), vm.ToValue(string(data)))
		if err != nil {
			return // numbers that Go and the engine see differently
		}
		w := jsonWriter{vm: vm, limit: maxOutput}
		if err := w.value(v); err != nil {
			if len(data) > maxNesting {
				return
			}
			t.Fatalf("%s: %v", data, err)
		}
		if want := stringify(t, vm, v); string(w.out) != want {
			t.Errorf("%s: wrote %s, want %s", data, w.out, want)
		}
	})
}

// FuzzNumber compares the text of numbers.
func FuzzNumber(f *testing.F) {
	for _, seed := range []float64{0, 1, -1.5, 1e21, 1e-7, 123456789012345680000, 5e-324, math.MaxFloat64, 0.1, 1 << 53} {
		f.Add(math.Float64bits(seed))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		vm := goja.New()
		v := math.Float64frombits(bits)
		if got, want := string(appendNumber(nil, v)), stringify(t, vm, vm.ToValue(v)); got != want {
			t.Errorf("%x: %s, want %s", bits, got, want)
		}
	})
}

// FuzzScript has a codec hand back what it is given, in ways that come apart
// when a conversion is wrong.
func FuzzScript(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Add([]byte{0xff, 0xc3, 0xa9, 0x80})
	c, err := Compile("x.js", `function decodeUplink(input) {
		var b = Buffer.from(input.bytes), t = b.toString();
		return {data: {list: input.bytes, hex: b.toString('hex'), text: t, again: Buffer.from(b.toString('base64'), 'base64').equals(b), latin: Buffer.from(b.toString('latin1'), 'latin1').equals(b)}};
	}`, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2000 {
			return
		}
		r := c.DecodeUplink(t.Context(), Uplink{FPort: 1, Bytes: b})
		var data struct {
			List         []int
			Hex, Text    string
			Again, Latin bool
		}
		if err := json.Unmarshal(r.Data, &data); err != nil || len(r.Errors) > 0 {
			t.Fatalf("%x: %v %q", b, err, r.Errors)
		}
		back, err := ParseHex(data.Hex)
		if err != nil || !bytes.Equal(back, b) || len(data.List) != len(b) || !data.Again || !data.Latin {
			t.Errorf("%x: %s", b, r.Data)
		}
		if utf8.Valid(b) && data.Text != string(b) {
			t.Errorf("%x: text %q", b, data.Text)
		}
	})
}

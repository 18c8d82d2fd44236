package codec

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// The codec of testdata/bench.js is one of about 50 lines, as vendors write
// them: flags, channels with types, warnings.
func benchUplink() Uplink {
	return Uplink{
		FPort:    1,
		Bytes:    []byte{0x0c, 0xe4, 0x09, 0x29, 1, 0x67, 0x01, 0x10, 2, 0x68, 0x5a, 3, 0, 1, 4, 0x71, 1, 2, 3, 4, 5, 6},
		RecvTime: time.Unix(1e9, 0),
	}
}

const benchResult = `{"battery":3.3,"temperature":23.45,"temperature_1":27.2,"humidity_2":45,"digital_3":"on",` +
	`"accel_4":{"x":0.258,"y":0.772,"z":1.286},"status":{"alarm":true,"tamper":true,"mode":"off"}}`

func benchCodec(tb testing.TB) *Codec {
	tb.Helper()
	c, err := Load("testdata/bench.js", Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if r := c.DecodeUplink(context.Background(), benchUplink()); string(r.Data) != benchResult {
		tb.Fatalf("decoded %s %q, want %s", r.Data, r.Errors, benchResult)
	}
	return c
}

// BenchmarkDecode compares a runtime that is used again, as this codec's is, a
// new one for each call, and the same codec in Go.
func BenchmarkDecode(b *testing.B) {
	up := benchUplink()
	decode := func(b *testing.B, c *Codec) {
		b.ReportAllocs()
		for b.Loop() {
			if r := c.DecodeUplink(b.Context(), up); len(r.Errors) > 0 {
				b.Fatal(r.Errors)
			}
		}
	}
	b.Run("reused", func(b *testing.B) { decode(b, benchCodec(b)) })
	b.Run("fresh", func(b *testing.B) {
		c := benchCodec(b)
		if s, ok := c.engine.(*script); ok {
			s.idle = nil
		}
		decode(b, c)
	})
	b.Run("go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := handWritten(up); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// handWritten is testdata/bench.js in Go, JSON included.
func handWritten(up Uplink) ([]byte, error) {
	b, data := up.Bytes, map[string]any{}
	s16 := func(i int) float64 { return float64(int16(uint16(b[i])<<8 | uint16(b[i+1]))) }
	data["battery"] = float64(uint16(b[0])<<8|uint16(b[1])) / 1000
	data["temperature"] = s16(2) / 100
	for i := 4; i < len(b); {
		channel, kind := strconv.Itoa(int(b[i])), b[i+1]
		i += 2
		switch kind {
		case 0x67:
			data["temperature_"+channel] = s16(i) / 10
			i += 2
		case 0x68:
			data["humidity_"+channel] = float64(b[i]) / 2
			i++
		case 0x00:
			data["digital_"+channel] = map[bool]string{true: "on", false: "off"}[b[i] == 1]
			i++
		case 0x71:
			data["accel_"+channel] = map[string]any{"x": s16(i) / 1000, "y": s16(i+2) / 1000, "z": s16(i+4) / 1000}
			i += 6
		}
	}
	data["status"] = map[string]any{"alarm": b[1]&0x80 != 0, "tamper": b[1]&0x40 != 0, "mode": []string{"off", "eco", "on"}[b[1]&3]}
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Result{Data: text, Warnings: []string{}, Errors: []string{}})
}

func TestHandWritten(t *testing.T) {
	t.Parallel()
	got, err := handWritten(benchUplink())
	if err != nil {
		t.Fatal(err)
	}
	var d differ
	d.json("result", json.RawMessage(`{"data":`+benchResult+`,"warnings":[],"errors":[]}`), got)
	if len(d.found) > 0 {
		t.Error(d.found)
	}
}

// TestMemory bounds what a codec holds on to, its idle runtime included.
func TestMemory(t *testing.T) {
	source, err := os.ReadFile("testdata/bench.js")
	if err != nil {
		t.Fatal(err)
	}
	const count = 200
	codecs := make([]*Codec, 0, count)
	benchCodec(t) // what is made once
	before := liveHeap()
	for range count {
		c, err := Compile("bench.js", string(source), Options{})
		if err != nil {
			t.Fatal(err)
		}
		c.DecodeUplink(t.Context(), benchUplink())
		codecs = append(codecs, c)
	}
	each := int(liveHeap()-before) / count
	runtime.KeepAlive(codecs)
	t.Logf("%d bytes for each codec, compiled program included", each)
	program := int(programSize(t, string(source)))
	t.Logf("%d of them program", program)
	if each-program > 20<<10 {
		t.Errorf("%d bytes for each instance, want at most 20 KiB", each-program)
	}
}

// programSize is what the compiled script alone takes.
func programSize(t *testing.T, source string) uint64 {
	t.Helper()
	const count = 100
	scripts := make([]*script, count)
	before := liveHeap()
	for i := range scripts {
		scripts[i] = &script{name: "bench.js"}
		if err := scripts[i].compile(source); err != nil {
			t.Fatal(err)
		}
	}
	size := (liveHeap() - before) / count
	runtime.KeepAlive(scripts)
	return size
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

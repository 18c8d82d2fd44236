package codec

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vector is a call and what Node made of it; testdata/golden.mjs makes them.
type vector struct {
	Codec     string            `json:"codec"`
	FPort     uint8             `json:"fPort"`
	Bytes     string            `json:"bytes"`
	RecvTime  time.Time         `json:"recvTime"`
	Variables map[string]string `json:"variables"`
	Data      string            `json:"data"` // as JSON.stringify wrote it
	Warnings  []string          `json:"warnings"`
	Errors    []string          `json:"errors"`
}

func (v vector) uplink(t *testing.T) Uplink {
	t.Helper()
	b, err := ParseHex(v.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return Uplink{FPort: v.FPort, Bytes: b, RecvTime: v.RecvTime, Variables: v.Variables}
}

// check decodes v and compares, to the letter.
func (v vector) check(t *testing.T, c *Codec) {
	t.Helper()
	got := c.DecodeUplink(t.Context(), v.uplink(t))
	want := Result{Data: json.RawMessage(v.Data), Warnings: v.Warnings, Errors: v.Errors}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, port %d, %s (-want +got):\n%s", v.Codec, v.FPort, v.Bytes, diff)
	}
}

// goldenVectors reads what Node made, by codec.
func goldenVectors(t *testing.T) map[string][]vector {
	t.Helper()
	content, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	byCodec := map[string][]vector{}
	for _, v := range all {
		byCodec[v.Codec] = append(byCodec[v.Codec], v)
	}
	return byCodec
}

// loadTest loads a codec of testdata.
func loadTest(t testing.TB, name string) *Codec {
	t.Helper()
	c, err := Load(filepath.Join("testdata", "codecs", name), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGolden compares with Node, forwards and backwards, so that nothing that
// one call leaves behind goes unnoticed in the next.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, vectors := range goldenVectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loadTest(t, name)
			for _, v := range vectors {
				v.check(t, c)
			}
			slices.Reverse(vectors)
			for _, v := range vectors {
				v.check(t, c)
			}
		})
	}
}

// TestGoldenFresh does without reuse, to tell its mistakes from others.
func TestGoldenFresh(t *testing.T) {
	t.Parallel()
	for name, vectors := range goldenVectors(t) {
		c := loadTest(t, name)
		s, ok := c.engine.(*script)
		if !ok {
			t.Fatalf("%s is no script", name)
		}
		s.idle = nil
		for _, v := range vectors[:min(len(vectors), 4)] {
			v.check(t, c)
		}
	}
}

// TestReuse says which codecs may use a runtime again.
func TestReuse(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/codecs/*.js")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d codecs, %v", len(files), err)
	}
	fresh := []string{
		"bigcounter.js", "bufferedges.js", "clones.js", "dateforms.js", "errorwords.js", "rounding.js",
		"blockfunctions.js", "buffers.js", "chains.js", "classes.js", "consolelog.js", "dates.js", "exporter.js", "globals.js", "jsonvalues.js", "modern.js", "oldttn.js", "polyfill.js", "regex.js",
		"state.js", "strings.js", "table.js", "typed.js", "history.js", "zeros.js",
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := stateless(string(source)), !slices.Contains(fresh, filepath.Base(file)); got != want {
			t.Errorf("%s: stateless is %v, want %v", file, got, want)
		}
	}
}

// TestConcurrent has many goroutines use one codec.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	golden := goldenVectors(t)
	for _, name := range []string{"channels.js", "state.js", "buffers.js", "dates.js"} {
		c := loadTest(t, name)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for _, v := range golden[name][:8] {
					v.check(t, c)
				}
			})
		}
		group.Wait()
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		codec, data string
		fPort       uint8
		want        Downlink
		errors      []string
	}{
		"TS013":          {"downlink.js", `{"mode":"eco","target":21.5}`, 9, Downlink{FPort: 3, Bytes: []byte{1, 0, 215}, Warnings: []string{}}, []string{}},
		"TS013 warning":  {"downlink.js", `{"mode":"off","target":40}`, 9, Downlink{FPort: 3, Bytes: []byte{0, 1, 144}, Warnings: []string{"hot"}}, []string{}},
		"TS013 error":    {"downlink.js", `{"mode":"boil"}`, 9, Downlink{FPort: 9, Warnings: []string{}}, []string{"unknown mode boil"}},
		"order of keys":  {"keyorder.js", `{"c":1,"a":2,"b":3}`, 0, Downlink{FPort: 7, Bytes: []byte("cab"), Warnings: []string{}}, []string{}},
		"numbers first":  {"keyorder.js", `{"c":1,"7":2}`, 0, Downlink{FPort: 7, Bytes: []byte("7c"), Warnings: []string{}}, []string{}},
		"Encoder":        {"oldttn.js", `{"led":true,"abc":0}`, 5, Downlink{FPort: 5, Bytes: []byte{1, 3, 3, 5}, Warnings: []string{}}, []string{}},
		"no encoder":     {"dates.js", `{}`, 5, Downlink{FPort: 5, Warnings: []string{}}, []string{ErrNoEncoder.Error()}},
		"not JSON":       {"downlink.js", `{`, 5, Downlink{FPort: 5, Warnings: []string{}}, []string{"the data to encode is not JSON"}},
		"nested too far": {"downlink.js", strings.Repeat("[", 3000) + strings.Repeat("]", 3000), 5, Downlink{FPort: 5, Warnings: []string{}}, []string{"line 1: brackets nest deeper than 2000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loadTest(t, tt.codec).EncodeDownlink(t.Context(), Command{FPort: tt.fPort, Data: json.RawMessage(tt.data)})
			if diff := cmp.Diff(tt.errors, Messages(err)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("downlink (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeDownlink(t *testing.T) {
	t.Parallel()
	got := loadTest(t, "downlink.js").DecodeDownlink(context.Background(), Uplink{FPort: 3, Bytes: []byte{2, 0xff, 0xf6}})
	want := Result{Data: json.RawMessage(`{"mode":"comfort","target":-1}`), Warnings: []string{}, Errors: []string{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

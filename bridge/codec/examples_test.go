package codec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExamples tries good and bad examples of one codec.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "downlink.js")
	copyFile(t, filepath.Join("testdata", "codecs", "downlink.js"), script)
	c, err := Load(script, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Test(t.Context(), script); err != nil || r.Examples != 0 {
		t.Errorf("without a file: %v, %v", r, err)
	}
	const examples = `[
		{"description": "good", "input": {"bytes": [1], "fPort": 1}, "output": {"data": {"mode": "eco"}}},
		{"type": "uplink", "description": "other value", "input": {"bytes": "02"}, "output": {"data": {"mode": "eco", "more": [1]}}},
		{"type": "uplink", "description": "no error", "input": {"bytes": "02"}, "output": {"errors": ["e"]}},
		{"type": "downlink-encode", "description": "good", "input": {"data": {"mode": "off", "target": 40}}, "output": {"bytes": [0, 1, 144], "fPort": 3, "warnings": ["hot"]}},
		{"type": "downlink-encode", "description": "other bytes", "input": {"data": {"mode": "off", "target": 4}}, "output": {"bytes": "00", "fPort": 4}},
		{"type": "downlink-encode", "description": "error", "input": {"data": {"mode": "x"}}, "output": {"errors": ["unknown mode x"]}},
		{"type": "downlink-decode", "description": "good", "input": {"bytes": "0200d7"}, "output": {"data": {"target": 21.5, "mode": "comfort"}}},
		{"type": "sideways", "description": "no type", "input": {}, "output": {}},
		{"description": "bad hex", "input": {"bytes": "0"}, "output": {}}
	]`
	if err := os.WriteFile(ExamplesFile(script), []byte(examples), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := c.Test(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	want := Report{Examples: 9, Failures: []Failure{
		{2, "other value", []string{`data.mode: want "eco", got "comfort"`, `data.more: want [1], got nothing`}},
		{3, "no error", []string{`errors: want ["e"], got []`}},
		{5, "other bytes", []string{`bytes: want 00, got 000028`, `fPort: want 4, got 3`}},
		{8, "no type", []string{`type "sideways" is none of uplink, downlink-encode and downlink-decode`}},
		{9, "bad hex", []string{`input.bytes: "0" is not a payload in hexadecimal digits, two for each byte`}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseExamples(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`{}`:                    "not a list of examples",
		`[{"inptu": {}}]`:       `unknown field "inptu"`,
		`[{"type":"uplink"}]`:   "",
		`[{"output":{"x": 1}}]`: `unknown field "x"`,
	} {
		_, err := ParseExamples([]byte(content))
		if want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
}

// TestShippedExamples runs what is in configs/codecs.
func TestShippedExamples(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("../../configs/codecs/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%v, %v", scripts, err)
	}
	for _, script := range scripts {
		c, err := Load(script, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Test(t.Context(), script)
		if err != nil || r.Examples == 0 || len(r.Failures) > 0 {
			t.Errorf("%s: %d examples, %v, %v", script, r.Examples, r.Failures, err)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

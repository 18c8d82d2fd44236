package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatewayd/internal/measure"
)

func TestBench(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "own.js")
	if err := os.WriteFile(script, []byte("function decodeUplink(input) { return {data: input.bytes.length}; }"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := &app{getenv: func(string) string { return "" }, stdout: &out, stderr: &bytes.Buffer{}}
	b := benching{app: a, dir: dir, codecs: []string{script}, json: true, each: time.Millisecond, commits: 10, handshakes: 2}
	if err := b.run(t.Context()); err != nil {
		t.Error(err)
	}
	var figures []measure.Figure
	if err := json.Unmarshal(out.Bytes(), &figures); err != nil || len(figures) != 7 {
		t.Fatalf("%s: %v", out.String(), err)
	}
	for _, f := range figures {
		if f.Value <= 0 || f.Unit == "" || f.Means == "" || f.Bad {
			t.Errorf("%+v", f)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	out.Reset()
	b.json = false
	if err := b.run(t.Context()); err != nil || !strings.Contains(out.String(), "codec own.js") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	if got := ask(t, 2, "bench", "--dir", dir, "--codec", filepath.Join(dir, "none.js")); !strings.Contains(got, "none.js") {
		t.Errorf("no such codec: %s", got)
	}
	b.dir = filepath.Join(dir, "none")
	if err := b.run(t.Context()); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("no such directory: %v", err)
	}
}

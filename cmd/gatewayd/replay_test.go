package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What tail has recorded is judged again, frame by frame.
func TestReplay(t *testing.T) {
	t.Parallel()
	d := demoDaemon(t)
	socket := d.cfg.ControlSocket
	recorded := ask(t, 0, "tail", "--no-follow", "-n", "-1", "--json", "--socket", socket)
	file := filepath.Join(t.TempDir(), "capture.jsonl")
	if err := os.WriteFile(file, []byte(recorded+"# and a stranger\n40DA1B0127800100012D00000000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	frames := strings.Count(recorded, "\n") + 1
	got := ask(t, 0, "replay", file, "--socket", socket)
	if !strings.Contains(got, "unknown_dev_addr: No node") || !strings.Contains(got, "downlink") || strings.Count(got, "\n") < frames {
		t.Errorf("judged:\n%s", got)
	}
	got = ask(t, 0, "replay", file, "--json", "--socket", socket)
	var last judged
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != frames || last.Verdict != "unknown_dev_addr" || last.Line != frames+1 {
		t.Errorf("%d lines for %d frames; the last: %+v, %v", len(lines), frames, last, err)
	}
}

func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(file, []byte("00112233\nx!z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, 2, "name one capture"},
		{[]string{file + "no"}, 2, "no such file"},
		{[]string{file, "--to", "nowhere"}, 2, "--to"},
		{[]string{file, "--to", "127.0.0.1:9", "--gateway-eui", "1"}, 2, "--gateway-eui"},
		{[]string{file, "--to", "127.0.0.1:9", "--speed", "-1"}, 2, "--speed"},
		{[]string{file, "--to", "127.0.0.1:9"}, 1, file + ":2: a frame is"},
		{[]string{file, "--socket", file + ".sock"}, 1, "does not run"},
	} {
		if got := ask(t, tt.code, append([]string{"replay"}, tt.args...)...); !strings.Contains(got, tt.want) {
			t.Errorf("replay %q: %s", tt.args, got)
		}
	}
	if err := os.WriteFile(file, []byte("00112233\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, 1, "replay", file, "--to", "127.0.0.1:9"); !strings.Contains(got, "nobody answers") {
		t.Errorf("to nobody: %s", got)
	}
}

func TestPacer(t *testing.T) {
	t.Parallel()
	recorded := time.Unix(1_000_000, 0)
	for _, tt := range []struct {
		speed float64
		want  time.Duration
	}{{1, 10 * time.Second}, {20, 500 * time.Millisecond}, {0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			start, p := time.Now(), pacer{speed: tt.speed}
			for _, at := range []time.Time{recorded, {}, recorded.Add(4 * time.Second), recorded.Add(3 * time.Second), recorded.Add(10 * time.Second)} {
				if err := p.wait(t.Context(), at); err != nil {
					t.Error(err)
				}
			}
			if took := time.Since(start); took != tt.want {
				t.Errorf("at speed %g: %v, want %v", tt.speed, took, tt.want)
			}
			ctx, stop := context.WithCancel(t.Context())
			stop()
			if err := p.wait(ctx, recorded.Add(time.Hour)); !errors.Is(err, context.Canceled) {
				t.Errorf("stopped: %v", err)
			}
		})
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatewayd/bridge"
	"gatewayd/internal/control"
)

func TestTailAndExplain(t *testing.T) {
	t.Parallel()
	d := demoDaemon(t)
	socket := d.cfg.ControlSocket
	raw := ask(t, 0, "tail", "--no-follow", "-n", "-1", "--verdict", "accepted", "--json", "--socket", socket)
	first, _, _ := strings.Cut(raw, "\n")
	var f loggedFrame
	if err := json.Unmarshal([]byte(first), &f); err != nil || f.Node == "" || len(f.PHYPayload) == 0 {
		t.Fatalf("%s: %v", first, err)
	}
	all := ask(t, 0, "tail", "--no-follow", "-n", "-1", "--socket", socket)
	own := ask(t, 0, "tail", "--no-follow", "-n", "-1", "--node", f.Node, "--direction", "up", "--socket", socket)
	if !strings.Contains(own, f.Node) || strings.Contains(own, "↓") || strings.Count(own, "\n") >= strings.Count(all, "\n") {
		t.Errorf("frames of %s, upwards:\n%s\nall:\n%s", f.Node, own, all)
	}
	if got := ask(t, 0, "tail", "--no-follow", "-n", "1", "--socket", socket); strings.Count(got, "\n") != 1 {
		t.Errorf("the last:\n%s", got)
	}
	for args, want := range map[string]string{"--verdict,nothing": "no such verdict", "--direction,left": "want up or down"} {
		if got := ask(t, 2, append([]string{"tail", "--socket", socket}, strings.Split(args, ",")...)...); !strings.Contains(got, want) {
			t.Errorf("%s: %s", args, got)
		}
	}
	for _, text := range []string{strings.ToUpper(hexText(f.PHYPayload)), base64Text(f.PHYPayload)} {
		got := ask(t, 0, "explain", text, "--socket", socket)
		if !strings.Contains(got, f.Node) || !strings.Contains(got, "its key fits") || !strings.Contains(got, "retransmission:") && !strings.Contains(got, "replay:") {
			t.Errorf("explained:\n%s", got)
		}
	}
	var e bridge.Explanation
	if err := json.Unmarshal([]byte(ask(t, 0, "explain", hexText(f.PHYPayload), "--freq", "868.1", "--dr", "SF7BW125", "--json", "--socket", socket)), &e); err != nil || e.Node != f.Node {
		t.Errorf("%+v, %v", e, err)
	}
	if got := ask(t, 2, "explain", "x!z", "--socket", socket); !strings.Contains(got, "hexadecimal digits or base64") {
		t.Errorf("no frame: %s", got)
	}
	if got := ask(t, 1, "explain", "00", "--dr", "fast", "--socket", socket); !strings.Contains(got, "dataRate") {
		t.Errorf("no data rate: %s", got)
	}
	var verdicts map[string]string
	if err := control.Call(t.Context(), socket, http.MethodGet, "/v1/verdicts", nil, &verdicts); err != nil || verdicts["bad_mic"] == "" {
		t.Errorf("verdicts: %v, %v", verdicts, err)
	}
}

// lineWriter passes each line on.
type lineWriter chan string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}

// Those who follow see frames as they come, until they have seen enough.
func TestTailFollows(t *testing.T) {
	t.Parallel()
	d := demoDaemon(t)
	lines := make(lineWriter, 100)
	var errs bytes.Buffer
	a := &app{getenv: func(string) string { return "" }, stdout: lines, stderr: &errs}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- tailing{asking: asking{app: a, socket: d.cfg.ControlSocket}, last: -1}.run(ctx)
	}()
	for range 2 {
		d.frames.Add(bridge.Heard{At: time.Unix(0, 0), Direction: "up", Verdict: "bad_mic", Node: "odd\x1b[2J"})
		for line := range lines {
			if strings.Contains(line, `"odd\x1b[2J"`) {
				break
			}
		}
	}
	stop()
	for open := true; open; { // the demo's own frames
		select {
		case <-lines:
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			open = false
		}
	}
}

func hexText(b []byte) string    { return hex.EncodeToString(b) }
func base64Text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

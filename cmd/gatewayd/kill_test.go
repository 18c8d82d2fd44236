package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/hub/hubtest"
)

// kills is how often TestKill kills the daemon.
const kills = 3

// TestKill kills the daemon with SIGKILL in the middle of its work, again and
// again. What was acknowledged to a node must reach the hub, nothing may be
// accepted twice, order must hold, and no counter or nonce may be used twice:
// the simulated nodes watch for the last.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 40 s")
	}
	s, err := newStage(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	events, stopEvents := s.hub.Events(4096)
	defer stopEvents()
	got := newArrivals(s, newDemoPrinter(io.Discard, false))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go got.collect(ctx, events)
	d := startDaemon(t, s)
	world := make(chan error, 1)
	go func() { world <- s.world.Run(ctx) }()
	waitForAll(t, s)
	for range kills {
		killInTheMiddle(t, s, d)
		d = startDaemon(t, s)
	}
	last, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	if err := s.world.Drain(last); err != nil {
		t.Errorf("the nodes did not finish: %v", err)
	}
	waitForAcked(last, s, got)
	d.terminate(t)
	cancel()
	if err := <-world; err != nil {
		t.Error(err)
	}
	verify(t, s, got)
}

// waitForAll waits until every node has been heard, so that all have joined.
func waitForAll(t *testing.T, s *stage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, n := range demoCast() {
		isThere := func(e hubtest.Event) bool { return e.Kind == hubtest.EventD2C && e.Device == n.device }
		if _, err := s.hub.WaitEvents(ctx, 1, isThere); err != nil {
			t.Fatalf("nothing from %s: %v", n.device, err)
		}
	}
}

// waitForAcked waits until every acknowledged frame has arrived.
func waitForAcked(ctx context.Context, s *stage, got *arrivals) {
	for len(ackedButMissing(got)) > 0 {
		select {
		case <-got.added:
		case <-ctx.Done():
			return
		}
	}
}

func ackedButMissing(got *arrivals) (frames []string) {
	for _, m := range got.missing() {
		if m.Acked {
			frames = append(frames, m.Node)
		}
	}
	return frames
}

func verify(t *testing.T, s *stage, got *arrivals) {
	t.Helper()
	if lost := ackedButMissing(got); len(lost) > 0 {
		t.Errorf("acknowledged but never at the hub: frames of %v", lost)
	}
	r := got.result()
	t.Logf("%+v", r)
	if r.Accepted2x > 0 {
		t.Errorf("%d frames accepted twice", r.Accepted2x)
	}
	if diff := cmp.Diff([]string{}, r.Violations); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	if r.Arrived == 0 || r.Acked == 0 || r.Joined == 0 {
		t.Errorf("too little happened: %+v", r)
	}
	last := map[string]uint32{}
	seen := map[string]bool{}
	for _, m := range s.hub.Messages() {
		if m.Properties["event"] != "up" {
			continue
		}
		a := decodeArrival(t, m)
		if seen[a.ID] { // delivered again, as at-least-once allows
			continue
		}
		seen[a.ID] = true
		if before, ok := last[a.session()]; ok && a.FCnt <= before {
			t.Errorf("%s: FCnt %d after %d", a.session(), a.FCnt, before)
		}
		last[a.session()] = a.FCnt
	}
}

// child is the daemon as a process of its own.
type child struct {
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	exited chan error
}

func startDaemon(t *testing.T, s *stage) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self, "run", "--config", s.config), stderr: &bytes.Buffer{}, exited: make(chan error, 1)}
	c.cmd.Env = append(os.Environ(), asProgram+"=1")
	c.cmd.Stderr = c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.exited <- c.cmd.Wait() }()
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	select {
	case <-s.picocell.Ready():
	case err := <-c.exited:
		t.Fatalf("the daemon ended: %v\n%s", err, c.stderr)
	case <-time.After(time.Minute):
		t.Fatalf("the daemon did not come up\n%s", c.stderr)
	}
	return c
}

// killInTheMiddle kills the daemon right after a message has arrived.
func killInTheMiddle(t *testing.T, s *stage, d *child) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	before := len(s.hub.Messages())
	if _, err := s.hub.WaitMessages(ctx, before+4); err != nil {
		t.Fatalf("no messages: %v\n%s", err, d.stderr)
	}
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-d.exited; err == nil {
		t.Error("exit code 0 after SIGKILL")
	}
}

// A crash ends by a signal. With Go's own exit code, 2, systemd would take it
// for a wrong configuration and not start the daemon again.
func TestCrashIsNotAUsageError(t *testing.T) {
	t.Parallel()
	s, err := newStage(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	d := startDaemon(t, s)
	if err := d.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	if err := <-d.exited; err == nil {
		t.Error("exit code 0 after SIGABRT")
	}
	if status := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Errorf("ended with %v, want a signal", status)
	}
	if !strings.Contains(d.stderr.String(), "goroutine ") {
		t.Error("no goroutines in the log")
	}
}

// terminate stops the daemon in good order.
func (c *child) terminate(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-c.exited:
		if err != nil {
			t.Errorf("exit: %v\n%s", err, c.stderr)
		}
	case <-time.After(stopWithin + time.Second):
		t.Errorf("still running after SIGTERM\n%s", c.stderr)
	}
}

func decodeArrival(t *testing.T, m hubtest.Message) arrival {
	t.Helper()
	a, err := newArrival(hubtest.Event{Device: m.Device, At: m.At, Properties: m.Properties, Body: m.Body})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// session is the part of the message id that stays the same for a session.
func (a arrival) session() string {
	return a.DeviceID + " " + a.ID[:strings.LastIndexByte(a.ID, '-')+1]
}

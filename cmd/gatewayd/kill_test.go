package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatewayd/hub/hubtest"
)

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

// child is the daemon as a process of its own.
type child struct {
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	exited chan error
}

// startDaemon returns when the concentrator is up.
func startDaemon(t *testing.T, s *stage) *child {
	t.Helper()
	c := spawn(t, s.config)
	select {
	case <-s.picocell.Ready():
	case err := <-c.exited:
		t.Fatalf("the daemon ended: %v\n%s", err, c.stderr)
	case <-time.After(time.Minute):
		t.Fatalf("the daemon did not come up\n%s", c.stderr)
	}
	return c
}

// spawn starts a daemon, with env beside the test's own environment.
func spawn(t *testing.T, config string, env ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self, "run", "--config", config), stderr: &bytes.Buffer{}, exited: make(chan error, 1)}
	c.cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	c.cmd.Stderr = c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.exited <- c.cmd.Wait() }()
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	return c
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

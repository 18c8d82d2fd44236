//go:build interop

package interop

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take that should take a second.
const patience = 30 * time.Second

// gatewayd is the binary under test; TestMain builds it.
var gatewayd string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gatewayd-interop")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	gatewayd = filepath.Join(dir, "gatewayd")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", gatewayd, "gatewayd/cmd/gatewayd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, out))
	}
	m.Run()
}

// await returns what try returns as soon as its second result is true.
func await[T any](t *testing.T, what string, try func() (T, bool)) T {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		if v, ok := try(); ok {
			return v
		}
		select {
		case <-late.C:
			t.Fatalf("waited %v in vain for %s", patience, what)
		case <-tick.C:
		}
	}
}

// output collects what a process prints. Safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs a process until the test ends, and then asks it to stop.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	out := &output{}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // killed, or not; what it did is on record
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(patience):
			t.Errorf("%s did not stop within %v of SIGTERM", filepath.Base(name), patience)
			_ = cmd.Process.Kill()
			<-exited
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(name), out)
		}
	})
}

// command is a process that a test waits for, with patience.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	return commandWithin(t, patience, name, args...)
}

func commandWithin(t *testing.T, limit time.Duration, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	// Node before 20 tries only the first address of localhost.
	cmd.Env = append(os.Environ(), "NODE_OPTIONS=--dns-result-order=ipv4first")
	return cmd
}

// freePort returns a TCP port nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	return freePorts(t, 1)[0]
}

// freePorts returns n of them, all different.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	var listeners []net.Listener // closed when all are chosen
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	for _, l := range listeners {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return ports
}

// awaitListener waits until something listens on port.
func awaitListener(t *testing.T, port string) {
	t.Helper()
	await(t, "a listener on port "+port, func() (struct{}, bool) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return struct{}{}, false
		}
		return struct{}{}, conn.Close() == nil
	})
}

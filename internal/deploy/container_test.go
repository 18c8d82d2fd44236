//go:build deploy

package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shared is where the container has the directory of what the test built.
const shared = "/opt/deploy"

// container is a Debian with systemd, booted for one test.
type container struct {
	t      *testing.T
	leader int // its PID 1, as seen from here
}

// boot returns when systemd has started everything.
func boot(t *testing.T, dir string) *container {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	console := &output{}
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "./boot", os.Getenv(rootEnv), "--bind-ro="+dir+":"+shared)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	cmd.Stdout, cmd.Stderr = console, console
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	c := &container{t: t}
	go func() {
		defer close(exited)
		_ = cmd.Wait() // powered off, or killed
		_ = l.Close()  // nobody will say anything any more
	}()
	t.Cleanup(func() {
		c.stop(cmd, exited)
		if t.Failed() {
			t.Logf("the console:\n%s", console)
		}
	})
	if err := c.ready(l); err != nil {
		t.Fatalf("the container did not start: %v", err)
	}
	return c
}

// ready reads what systemd-nspawn tells of the container until it is up.
func (c *container) ready(l *net.UnixConn) error {
	if err := l.SetReadDeadline(time.Now().Add(patience())); err != nil {
		return err
	}
	leader := regexp.MustCompile(`(?m)^X_NSPAWN_LEADER_PID=(\d+)$`)
	up := regexp.MustCompile(`(?m)^READY=1$`)
	buf := make([]byte, 4096)
	for ready := false; !ready || c.leader == 0; {
		n, err := l.Read(buf)
		if err != nil {
			return err
		}
		if m := leader.FindSubmatch(buf[:n]); m != nil {
			if c.leader, err = strconv.Atoi(string(m[1])); err != nil {
				return err
			}
		}
		ready = ready || up.Match(buf[:n])
	}
	return nil
}

// stop powers the container off. All that runs in it ends with its PID 1.
func (c *container) stop(cmd *exec.Cmd, exited <-chan struct{}) {
	if c.leader != 0 {
		_ = c.command(context.Background(), "systemctl poweroff --no-block").Run() // what comes of it is seen below
	} else {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-exited:
		return
	case <-time.After(patience()):
		c.t.Error("the container did not power off")
	}
	if c.leader != 0 {
		_ = syscall.Kill(c.leader, syscall.SIGKILL)
	}
	_ = cmd.Process.Kill()
	<-exited
}

// command is one inside the container, as root and outside of any sandbox.
func (c *container) command(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(c.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
		"--root", "--wd", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0", "sh", "-c", line)
}

// try runs a shell command and returns what it printed.
func (c *container) try(line string) (string, error) {
	out, err := c.command(c.t.Context(), line).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", line, err, text)
	}
	return text, err
}

// sh runs a shell command that must succeed, and returns what it printed.
func (c *container) sh(t *testing.T, format string, args ...any) string {
	t.Helper()
	out, err := c.try(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// file is the name under which this machine sees a file of the container.
func (c *container) file(name string) string {
	return filepath.Join("/proc", strconv.Itoa(c.leader), "root", name)
}

// write writes a file of the container, and its directories.
func (c *container) write(t *testing.T, name, content string) {
	t.Helper()
	path := c.file(name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// property is one of a unit, as "systemctl show" says it.
func (c *container) property(t *testing.T, unit, name string) string {
	t.Helper()
	return c.sh(t, "systemctl show --value --property=%s %s", name, unit)
}

// awaitProperty waits until a property of the daemon's unit is want.
func (c *container) awaitProperty(t *testing.T, name, want string) {
	t.Helper()
	await(t, name+"="+want, func() (string, error) {
		got, err := c.try("systemctl show --value --property=" + name + " gatewayd")
		if err == nil && got != want {
			err = fmt.Errorf("it is %q", got)
		}
		return got, err
	})
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

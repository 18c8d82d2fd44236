package daemon

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// envBinary names the gatewayd to measure; else one is built.
const envBinary = "GATEWAYD_BINARY"

// gatewayd is the binary, built as a release is.
func gatewayd(b *testing.B) string {
	b.Helper()
	if file := os.Getenv(envBinary); file != "" {
		return file
	}
	file := filepath.Join(b.TempDir(), "gatewayd")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags", "-s -w",
		"-o", file, "gatewayd/cmd/gatewayd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return file
}

// process is a program that is measured.
type process struct {
	cmd *exec.Cmd
	log bytes.Buffer // read it when the process has ended
}

// start runs cmd until the benchmark ends.
func start(b *testing.B, cmd *exec.Cmd) *process {
	b.Helper()
	p := &process{cmd: cmd}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.log
	}
	cmd.Stderr = &p.log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.stop(b) })
	return p
}

// stop ends the process in good order.
func (p *process) stop(b *testing.B) {
	b.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		b.Logf("%s: %v\n%s", filepath.Base(p.cmd.Path), err, p.log.Bytes()[max(0, p.log.Len()-2000):])
	}
}

// cpu is the time that the process has used, to the nanosecond: its CPU
// clock, by the number that clock_getcpuclockid computes.
func (p *process) cpu(b *testing.B) time.Duration {
	b.Helper()
	const schedulerClock = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|schedulerClock), &ts); err != nil {
		b.Fatalf("CPU time of process %d: %v", p.cmd.Process.Pid, err)
	}
	return time.Duration(ts.Nano())
}

// resident is the resident set in bytes, and the most it has ever been.
func (p *process) resident(b *testing.B) (now, most float64) {
	b.Helper()
	return p.status(b, "VmRSS"), p.status(b, "VmHWM")
}

// status is a figure of the kernel's about the process, in bytes.
func (p *process) status(b *testing.B, name string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\n"+name+":")
	words := strings.Fields(rest)
	if len(words) == 0 {
		b.Fatalf("no %s in /proc/PID/status", name)
	}
	kib, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib * 1024
}

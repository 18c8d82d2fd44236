package soak

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopWithin is how long the daemon may take to stop.
const stopWithin = 15 * time.Second

// process is a running gatewayd.
type process struct {
	cmd    *exec.Cmd
	log    *logTail
	exited chan error // one value: what Wait said
}

// start runs "binary run --config config".
func start(binary, config string) (*process, error) {
	p := &process{cmd: exec.Command(binary, "run", "--config", config), log: &logTail{}, exited: make(chan error, 1)}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.exited <- p.cmd.Wait() }()
	return p, nil
}

// stop ends the daemon in good order.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.exited:
		if err != nil {
			return fmt.Errorf("the daemon ended with %w\n%s", err, p.log)
		}
		return nil
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("the daemon does not stop within %v\n%s", stopWithin, p.log), p.kill())
	}
}

// kill ends the daemon.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	if err := <-p.exited; err == nil {
		return errors.New("exit code 0 after SIGKILL")
	}
	return nil
}

// descriptors is how many files the daemon has open.
func (p *process) descriptors() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return len(entries), err
}

// resident is the daemon's resident set in bytes.
func (p *process) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	words := strings.Fields(string(text))
	if len(words) < 2 {
		return 0, fmt.Errorf("statm of process %d: %q", p.cmd.Process.Pid, text)
	}
	pages, err := strconv.ParseInt(words[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// bytesBelow is the size of all files in dir. One that goes meanwhile does not
// count.
func bytesBelow(dir string) (sum int64, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
	}
	return sum, err
}

// logTail keeps the last lines of a log, and counts all.
type logTail struct {
	mu    sync.Mutex
	tail  []byte
	lines int
}

// tailBytes is how much a logTail keeps.
const tailBytes = 16 << 10

// Write is io.Writer's.
func (l *logTail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines += bytes.Count(b, []byte{'\n'})
	l.tail = append(l.tail, b...)
	if over := len(l.tail) - tailBytes; over > 0 {
		l.tail = slices.Delete(l.tail, 0, over)
	}
	return len(b), nil
}

// String is the tail.
func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.tail)
}

// count is how many lines there were.
func (l *logTail) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

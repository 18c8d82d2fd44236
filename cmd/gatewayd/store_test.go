package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/internal/store"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		p := &progress{w: &terminal, what: "exporting x"}
		stop := p.start()
		if _, err := p.writer(&bytes.Buffer{}).Write(make([]byte, 20_000)); err != nil {
			t.Fatal(err)
		}
		<-time.After(progressEvery + time.Millisecond)
		synctest.Wait()
		stop()
		want := wipeLine + "exporting x: 0s, 20 KB" + wipeLine
		if terminal.String() != want {
			t.Errorf("got %q, want %q", terminal.String(), want)
		}
	})
	quiet := &app{stderr: &bytes.Buffer{}}
	quiet.progress("x").start()() // not a terminal: nothing to stop either
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 9999: "9999 bytes", 17_400: "17 KB", 8_388_608: "8389 KB", 64_000_000: "64.0 MB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestStoreError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{store.ErrLocked, "systemctl stop gatewayd"},
		{store.ErrFormat, "use that version"},
		{fs.ErrPermission, "as root or as the daemon's user"},
		{fs.ErrNotExist, "file does not exist"},
		{errors.New("anything else"), "anything else"},
	} {
		got := storeError(dir, fmt.Errorf("store x: %w", tt.err))
		if !strings.Contains(got.Error(), tt.want) || !errors.Is(got, tt.err) {
			t.Errorf("%v: %q, want %q in it", tt.err, got, tt.want)
		}
	}
	if storeError(dir, nil) != nil {
		t.Error("an error from nothing")
	}
}

// The daemon does not run as root, and must be able to open what root has
// imported.
func TestStoreKeepsItsOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const uid, gid = 4711, 4712
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	state := filepath.Join(dir, "state")
	if err := errors.Join(os.WriteFile(outside, nil, 0o600), os.Mkdir(state, 0o700), os.Symlink(outside, filepath.Join(state, "store.link")),
		os.WriteFile(filepath.Join(state, "other"), nil, 0o600), os.Chown(state, uid, gid)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(state, storeDir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"store", "compact", "--state-dir", state}, func(string) string { return "" }, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	given := 0
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		own := strings.HasPrefix(name, filepath.Join(state, storeDir)) || name == state
		owner := info.Sys().(*syscall.Stat_t)
		if own != (owner.Uid == uid && owner.Gid == gid) {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
		if own {
			given++
		}
		return nil
	})
	if err != nil || given < 5 { // state, store, its lock, a segment, the link itself
		t.Errorf("%d files given, %v", given, err)
	}
}

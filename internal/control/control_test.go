package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"gatewayd/internal/control"
)

// serve answers on a socket in a new directory.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return path
}

func TestCall(t *testing.T) {
	t.Parallel()
	path := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var in map[string]int
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			control.Refuse(w, http.StatusBadRequest, "malformed", err.Error())
			return
		}
		control.Answer(w, map[string]int{"twice": 2 * in["n"]})
	})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket %v, %v", info.Mode(), err)
	}
	var out map[string]int
	if err := control.Call(t.Context(), path, http.MethodPost, "/", map[string]int{"n": 21}, &out); err != nil || out["twice"] != 42 {
		t.Errorf("%v, %v", out, err)
	}
	var refused *control.Error
	if err := control.Call(t.Context(), path, http.MethodPost, "/", "text", nil); !errors.As(err, &refused) || refused.Reason != "malformed" {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.sock")
	if err := control.Call(context.Background(), path, http.MethodGet, "/", nil, nil); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("no socket: %v", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	if err := control.Call(context.Background(), path, http.MethodGet, "/", nil, nil); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("left behind: %v", err)
	}
	again, err := control.Listen(path)
	if err != nil {
		t.Fatalf("a socket that was left behind is in the way: %v", err)
	}
	defer func() { _ = again.Close() }()
	if _, err := control.Listen(path); !errors.Is(err, control.ErrInUse) {
		t.Errorf("second listener: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Listen(file); err == nil {
		t.Error("took the place of a file")
	}
}

package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

// ErrNotRunning is returned when nobody listens on the socket.
var ErrNotRunning = errors.New("gatewayd does not run, or its control socket is elsewhere: name it with --socket")

// Error is a request that the daemon refused.
type Error struct {
	Reason string `json:"reason"` // one stable word
	Detail string `json:"detail"` // for a human
}

// Error is the detail.
func (e *Error) Error() string { return e.Detail }

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// timeout of one request.
const timeout = 30 * time.Second

// Call sends a request with body as JSON (nil: none) and decodes the answer
// into answer (nil: not wanted). Errors are an *Error where the daemon refused
// it, and wrap ErrNotRunning where there is none.
func Call(ctx context.Context, socket, method, path string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://gatewayd"+path, content)
	if err != nil {
		return err
	}
	resp, err := client(socket).Do(req)
	if err != nil {
		return dialError(socket, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return refusal(resp.Status, raw)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(raw, answer)
}

func client(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

func dialError(socket string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: %w", socket, ErrNotRunning)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: no permission: ask as root, or as a member of the socket's group", socket)
	}
	return fmt.Errorf("%s: %w", socket, err)
}

func refusal(status string, raw []byte) error {
	var e struct {
		Error Error `json:"error"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Error.Detail == "" {
		return &Error{Reason: "http", Detail: status}
	}
	return &e.Error
}

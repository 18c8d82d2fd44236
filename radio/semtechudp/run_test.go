package semtechudp

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
)

func netipPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		`listen "1700"`: {Name: "roof", Listen: "1700"},
		"EUI of zeros":  {Name: "roof", AllowedGateways: []radio.EUI64{{}}},
		"at most 256":   {Name: "roof", AllowedGateways: make([]radio.EUI64, 257)},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"roof"`) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	c, err := New(Options{Name: "roof"})
	if err != nil || c.String() != "roof" || c.o.Listen != "127.0.0.1:1700" {
		t.Errorf("%v, %v", c, err)
	}
	if s := c.Stats(); s.State != "not started" {
		t.Errorf("state %q", s.State)
	}
	if err := c.Transmit(radio.Downlink{}); reason(err) != radio.TxNotRunning {
		t.Errorf("before Run: %v", err)
	}
}

// Stopping takes no time, and each downlink that waits has its one result.
func TestStop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.pull()
		u := p.hear()
		for id := range uint64(3) {
			p.transmit(answer(u, id, time.Duration(id+1)*time.Second))
		}
		began := time.Now()
		r.stop()
		if err := <-r.ended; err != nil {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
		for range 3 {
			if got := r.result(); reason(got.Err) != radio.TxNotRunning {
				t.Errorf("got %+v", got)
			}
		}
		r.silence()
		if err := r.c.Transmit(answer(u, 9, time.Second)); reason(err) != radio.TxNotRunning {
			t.Errorf("after the end: %v", err)
		}
		if s := r.c.Stats(); s.State != "stopped" || s.Gateways[0].Tx.Failed[radio.TxNotRunning] != 3 {
			t.Errorf("got %+v", s)
		}
	})
}

// A port that is taken is tried ever less often, and spoken of once.
func TestAddressInUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		c, err := New(Options{Name: "roof", Listen: "0.0.0.0:1700", Log: zap.New(core)})
		if err != nil {
			t.Fatal(err)
		}
		tries := 0
		c.bind = func(_ context.Context, address string) (socket, error) {
			tries++
			return nil, bindError(address, syscall.EADDRINUSE)
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		if err := c.Run(ctx, nil, nil); err != nil {
			t.Error(err)
		}
		if tries < 15 || tries > 60 {
			t.Errorf("%d tries in 10 minutes", tries)
		}
		if n := logs.FilterMessageSnippet("trying again").Len(); n != 1 {
			t.Errorf("%d lines", n)
		}
		if s := c.Stats(); !strings.Contains(s.LastError, "in use") || !strings.Contains(s.LastError, "0.0.0.0:1700") {
			t.Errorf("last error %q", s.LastError)
		}
	})
}

func TestBindError(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		syscall.EADDRINUSE:    "in use",
		syscall.EADDRNOTAVAIL: "does not have the address",
		syscall.EACCES:        "below 1024",
		errors.New("odd"):     "odd",
	} {
		if got := bindError("x:1", err).Error(); !strings.Contains(got, want) || !strings.Contains(got, "x:1") {
			t.Errorf("%v: %q", err, got)
		}
	}
}

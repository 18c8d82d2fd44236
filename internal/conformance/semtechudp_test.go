package conformance_test

import (
	"math"
	"net"
	"testing"
	"time"

	"gatewayd/radio/radiotest/forwarder"
	"gatewayd/radio/semtechudp"
)

// Values of a concentrator's counter, in µs, when it is switched on.
const (
	usual    = 1_000_000_000
	anew     = 1000
	wrapSoon = math.MaxUint32 - 3_000_000
)

// packetForwarder is a driver with a simulated gateway that speaks that
// version of the UDP protocol.
func packetForwarder(version byte) func(t testing.TB, s setup) *rig {
	return func(t testing.TB, s setup) *rig {
		t.Helper()
		address := freePort(t)
		c, err := semtechudp.New(semtechudp.Options{Name: s.name, Listen: address})
		if err != nil {
			t.Fatal(err)
		}
		o := forwarder.Options{Server: address, Version: version, Range: s.reach, KeepAlive: 50 * time.Millisecond, StartCount: usual}
		if s.wraps {
			o.StartCount = wrapSoon
		}
		f, err := forwarder.New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return &rig{
			peer: f, driver: c, gateway: f.Gateway(), replug: f.Replug,
			restart: func() error { return f.Restart(anew) },
		}
	}
}

// freePort is a UDP port that was free a moment ago.
func freePort(t testing.TB) string {
	t.Helper()
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	return p.LocalAddr().String()
}

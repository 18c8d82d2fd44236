package conformance_test

import (
	"testing"

	peers "gatewayd/radio/radiotest/concentratord"

	"gatewayd/radio/concentratord"
)

// chirpStack is a driver with a simulated Concentratord of today, or one of
// before 4.5.
func chirpStack(before45 bool) func(t testing.TB, s setup) *rig {
	return func(t testing.TB, s setup) *rig {
		t.Helper()
		o := peers.Options{Before45: before45, Range: s.reach, StartCount: usual}
		if s.wraps {
			o.StartCount = wrapSoon
		}
		p, err := peers.New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		events, commands := p.URLs()
		c, err := concentratord.New(concentratord.Options{Name: s.name, EventURL: events, CommandURL: commands})
		if err != nil {
			t.Fatal(err)
		}
		return &rig{
			peer: p, driver: c, gateway: p.Gateway(), replug: p.Replug,
			restart: func() error { return p.Restart(anew) },
		}
	}
}

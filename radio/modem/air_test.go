package modem_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatewayd/radio"
	"gatewayd/radio/modem"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/module"
)

func kinds() []module.Kind {
	return []module.Kind{module.RN2483, module.RN2483Old, module.RUI3, module.RAK811, module.LoRaE5}
}

// each runs a test on every kind of module.
func each(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	for _, k := range kinds() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, module.Options{Kind: k})
			r.ready(t, 1)
			f(t, r)
		})
	}
}

// The simulated module hears only what it is set up for, so frames prove the
// set-up; several in a row, that the receiver is started again.
func TestUplinks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *rig) {
		for name, change := range map[string]func(*radiotest.Packet){
			"frequency": func(p *radiotest.Packet) { p.Frequency = 868_300_000 },
			"data rate": func(p *radiotest.Packet) { p.DataRate = radio.LoRaDataRate(8, 125_000) },
			"private":   func(p *radiotest.Packet) { p.Private = true },
		} {
			p := packet("other")
			change(&p)
			if err := r.sim.Hear(p); !errors.Is(err, radiotest.ErrNoChannel) {
				t.Errorf("%s: %v", name, err)
			}
		}
		before := time.Now()
		var last radio.Ticks
		for _, payload := range []string{"one", "two", strings.Repeat("x", radio.MaxPHYPayload), "three"} {
			u := r.hear(t, payload)
			if u.Ticks <= last {
				t.Errorf("ticks %d after %d", u.Ticks, last)
			}
			last = u.Ticks
			if u.Received.Before(before.Add(-time.Second)) || u.Received.After(time.Now()) {
				t.Errorf("received at %s", u.Received)
			}
			want := radio.Uplink{
				Concentrator: "stick", Gateway: r.c.Stats().Gateway, Payload: []byte(payload), Frequency: 868_100_000,
				DataRate: radio.LoRaDataRate(7, 125_000), CodingRate: "4/5", RSSI: -80, SNR: 5,
			}
			if strings.HasPrefix(r.c.Stats().Firmware, "1.0.3") {
				want.RSSI = 0 // it does not tell
			}
			if diff := cmp.Diff(want, u, cmpopts.IgnoreFields(u, "Ticks", "Received")); diff != "" {
				t.Errorf("uplink (-want +got):\n%s", diff)
			}
		}
		if s := r.c.Stats(); s.RxOK != 4 || s.Malformed != 0 || s.BringUps != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestBadCRC(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *rig) {
		p := packet("bad")
		p.CRC = radiotest.CRCBad
		if err := r.sim.Hear(p); err != nil {
			t.Fatal(err)
		}
		// After an RN2483's radio_err somebody must start it again.
		if !strings.HasPrefix(r.c.Stats().Firmware, "1.0") {
			r.hear(t, "good")
			return
		}
		r.until(t, func(s modem.Stats) bool { return s.RxCRCBad == 1 && s.Rearms == 1 })
		r.hear(t, "good")
	})
}

func TestUnplugReplug(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *rig) {
		first := r.hear(t, "before")
		r.sim.Unplug()
		r.until(t, func(s modem.Stats) bool { return s.State == "down" })
		if s := r.c.Stats(); !strings.Contains(s.LastError, "unplugged?") {
			t.Errorf("got %q", s.LastError)
		}
		if err := r.sim.Replug(); err != nil {
			t.Fatal(err)
		}
		r.ready(t, 2)
		if again := r.hear(t, "after"); again.Ticks <= first.Ticks {
			t.Errorf("ticks %d after %d", again.Ticks, first.Ticks)
		}
	})
}

// A LoRa-E5 says nothing when it starts: it is met a minute later, which is a
// transcript.
func TestBrownOut(t *testing.T) {
	t.Parallel()
	for _, k := range []module.Kind{module.RN2483, module.RN2483Old, module.RUI3, module.RAK811} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, module.Options{Kind: k})
			r.ready(t, 1)
			r.hear(t, "before")
			r.armed(t)
			r.sim.BrownOut()
			r.ready(t, 2)
			r.hear(t, "after")
			if s := r.c.Stats(); s.ReInits != 1 || s.LastError != "module has started anew by itself" {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// A module that restarts for ever is given up for a while.
func TestBrownOutsWithoutEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, module.Options{Kind: module.RN2483})
	for n := range uint64(6) {
		r.ready(t, n+1)
		r.sim.BrownOut()
	}
	r.until(t, func(s modem.Stats) bool { return strings.Contains(s.LastError, "check the module's power supply") })
	r.ready(t, 7)
	r.hear(t, "at last")
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *rig) {
		r.sim.Say("\x00\xff\x80noise\r\n" + strings.Repeat("A", 5000) + "\r\n+TEST\r\n")
		r.until(t, func(s modem.Stats) bool { return s.Malformed >= 2 })
		r.hear(t, "good")
		if s := r.c.Stats(); s.BringUps != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

// A frame for which there is no room is counted, not waited for.
func TestFullChannel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *rig) {
		for n := range cap(r.up) + 1 {
			r.armed(t)
			if err := r.sim.Hear(packet("flood")); err != nil {
				t.Fatal(err)
			}
			r.until(t, func(s modem.Stats) bool { return s.RxOK == uint64(n+1) })
		}
		if s := r.c.Stats(); s.RxDropped != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestMuteModule(t *testing.T) {
	t.Parallel()
	for _, k := range []module.Kind{module.RN2483, module.LoRaE5} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, module.Options{Kind: k})
			sim.Mute(true)
			r := run(t, sim, modem.Kind(k))
			r.until(t, func(s modem.Stats) bool { return s.State == "down" })
			if s := r.c.Stats(); !strings.Contains(s.LastError, "no answer to") || !strings.Contains(s.LastError, "baud behind the port?") {
				t.Errorf("got %q", s.LastError)
			}
			sim.Mute(false)
			r.ready(t, 1)
			r.hear(t, "at last")
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, module.Options{Kind: module.RN2483})
	r.ready(t, 1)
	thief := run(t, r.sim, modem.RN2483)
	thief.until(t, func(s modem.Stats) bool { return s.State == "down" })
	if s := thief.c.Stats(); !strings.Contains(s.LastError, modem.ErrPortInUse.Error()) {
		t.Errorf("got %q", s.LastError)
	}
	thief.end(t)
	r.hear(t, "mine")
	r.end(t)
	run(t, r.sim, modem.RN2483).ready(t, 1)
}

func TestNoSuchPort(t *testing.T) {
	t.Parallel()
	sim := newSim(t, module.Options{Kind: module.RN2483})
	sim.Unplug()
	r := run(t, sim, modem.RN2483)
	r.until(t, func(s modem.Stats) bool { return s.State == "down" })
	if s := r.c.Stats(); !strings.Contains(s.LastError, "is the module plugged in?") {
		t.Errorf("got %q", s.LastError)
	}
}

// Run ends in time when the module says nothing.
func TestStopsInTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *rig) {
		r.sim.Mute(true)
		start := time.Now()
		r.end(t)
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("took %s", d)
		}
		if s := r.c.Stats(); s.State != "stopped" {
			t.Errorf("got %+v", s)
		}
	})
}

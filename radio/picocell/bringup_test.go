package picocell_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
)

func TestBringUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil)
	r.ready(t)
	r.hear(t)
	st := r.c.Stats()
	if st.State != "receiving" || st.BringUps != 1 || st.Resyncs != 0 || st.Gateway.String() != "0011223344556677" {
		t.Errorf("got %+v", st)
	}
	r.end(t)
	if v := r.sim.Violations(); len(v) > 0 {
		t.Errorf("violations of the protocol: %q", v)
	}
	if n := r.sim.Stats().PerCommand["m"]; n != 1 {
		t.Errorf("%d resets at the end", n)
	}
}

// The vendor's util_pkt_logger was seen to send 1450 commands, 40379 bytes,
// before its first `b`, with a gain table of two entries that it leaves to
// the MCU's default. We send the table (one command of 85 bytes), ask once
// more for the version, and read the counter.
func TestBringUpIsTheVendors(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, func(o *picocell.Options) {
		o.Board.TxGains = o.Board.TxGains[14:]
	})
	r.ready(t)
	r.hear(t)
	const commands, bytes = 1450 + 1 + 1 + 1, 40379 + 85 + 8 + 4
	if st := r.sim.Stats(); st.BringUpCommands != commands || st.BringUpBytes != bytes {
		t.Errorf("%d commands of %d bytes, want %d and %d", st.BringUpCommands, st.BringUpBytes, commands, bytes)
	}
}

func TestBringUpInTheUSA(t *testing.T) {
	t.Parallel()
	eui := radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}
	r := newRig(t, radiotest.PicoCellOptions{}, func(o *picocell.Options) {
		var err error
		if o.Board, err = picocell.US915(2); err != nil {
			t.Fatal(err)
		}
		o.Gateway = &eui
	})
	r.ready(t)
	for _, p := range []radiotest.Packet{
		{Frequency: 903_900_000, DataRate: radio.LoRaDataRate(10, 125_000), Payload: []byte{1}},
		{Frequency: 904_600_000, DataRate: radio.LoRaDataRate(8, 500_000), Payload: []byte{2}},
	} {
		if err := r.sim.Hear(p); err != nil {
			t.Fatal(err)
		}
		u := r.uplink(t)
		if u.Frequency != p.Frequency || u.DataRate != p.DataRate || u.Gateway != eui || u.Payload[0] != p.Payload[0] {
			t.Errorf("sent %+v, heard %+v", p, u)
		}
	}
}

// Each defect keeps the device down with a message that names it, and once it
// is mended the device comes up.
func TestBringUpThatFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		defect radiotest.Defect
		want   []string
	}{
		{"firmware", radiotest.WrongFirmware, []string{"version check", "0011223344556677", "picoGW_mcu V0.2.1"}},
		{"chip", radiotest.WrongChip, []string{"version check", "VERSION reads 0x00, want 0x67"}},
		{"calibration", radiotest.CalibrationFailure, []string{"calibration 1 of 2 with cal_fw5-12", "MCU_AGC_STATUS reads 0x00, want bits 0x81"}},
		{"radios", radiotest.RadioUnreachable, []string{"calibration 1 of 2", "radio A does not answer"}},
		{"AGC", radiotest.AGCStuck, []string{"gain control handshake", "MCU_AGC_STATUS reads", "want 0x30"}},
		{"memory", radiotest.PROMMismatch, []string{"AGC program memory at", "check the cable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, radiotest.PicoCellOptions{}, nil, tt.defect)
			r.until(t, func(s picocell.Stats) bool { return s.State == "down" })
			got := r.c.Stats().LastError
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q lacks %q", got, want)
				}
			}
			r.sim.Break(tt.defect, 0)
			r.ready(t)
			r.hear(t)
		})
	}
}

// A correction that fails is tried again, and then done without.
func TestImageRejection(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		times  int // calibrations that do not succeed
		warned int
	}{
		"at the second attempt": {1, 0},
		"in both":               {2, 0},
		"never in the first":    {3, 2},
		"never":                 {radiotest.Always, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, logs := observer.New(zap.WarnLevel)
			p, err := radiotest.NewPicoCell(radiotest.PicoCellOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Close() })
			p.Break(radiotest.ImageRejection, tt.times)
			r := run(t, p, picocell.Options{
				Name: "roof", Port: p.Path(), Board: picocell.EU868(), LoadImages: standIns(t), Clock: hurriedClock{}, Log: zap.New(core),
			})
			r.ready(t)
			r.hear(t)
			said := logs.FilterMessageSnippet("calibration did not succeed")
			if said.Len() != tt.warned {
				t.Errorf("%d warnings, want %d: %v", said.Len(), tt.warned, logs.All())
			}
			if tt.warned > 0 && said.All()[0].ContextMap()["part"] != "cal_fw5-12: radio A: RX image rejection" {
				t.Errorf("said %v", said.All()[0].ContextMap())
			}
			if v := r.sim.Violations(); len(v) > 0 {
				t.Errorf("violations of the protocol: %q", v)
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil)
	r.ready(t)
	second := r.another(t)
	second.until(t, func(s picocell.Stats) bool { return s.State == "down" })
	if got := second.c.Stats().LastError; !strings.Contains(got, "in use by another program") {
		t.Errorf("got %q", got)
	}
	r.hear(t)
	second.end(t)
	r.hear(t)
}

func TestSilentFromTheStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil, radiotest.AbsentAnswer().Times(radiotest.Always))
	r.until(t, func(s picocell.Stats) bool { return s.BytesOut > 0 })
	start := time.Now()
	r.end(t)
	if took := time.Since(start); took > time.Second {
		t.Errorf("stopping took %s", took)
	}
}

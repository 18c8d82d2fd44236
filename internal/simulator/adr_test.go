package simulator

import (
	"testing"

	"gatewayd/internal/simulator/lorawan"

	"github.com/google/go-cmp/cmp"
)

// A node under ADR that hears nothing asks, then falls back step by step.
func TestADRBackoff(t *testing.T) {
	t.Parallel()
	type row struct {
		ADRAckReq         bool
		DataRate, TXPower uint8
		NbTrans, Channels int
	}
	for version, last := range map[lorawan.Version]bool{lorawan.V103: false, lorawan.V104: true, lorawan.V110: true} {
		cfg, net := abp(t), server(t)
		if version == lorawan.V110 {
			cfg, net = abp11(t), server11(t)
		}
		cfg.Version, cfg.ADR, cfg.ADRAckLimit, cfg.ADRAckDelay = version, true, 4, 2
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n := w.Node("greenhouse")
			air.answer(inTurn(commands(t, net, 0, "0313030001"))) // DR1, TXPower 3, two channels
			send(t, n)
			var got []row
			for range 11 {
				s := send(t, n)
				set := settingsOf(t, n)
				got = append(got, row{s.ADRAckReq, set.DataRate, set.TXPower, int(set.NbTrans), len(set.Channels)})
			}
			want := []row{
				{false, 1, 3, 1, 2}, {false, 1, 3, 1, 2}, {false, 1, 3, 1, 2}, {false, 1, 3, 1, 2}, // 0 to 3
				{true, 1, 3, 1, 2}, {true, 1, 3, 1, 2}, // 4, 5
				{true, 1, 0, 1, 2}, {true, 1, 0, 1, 2}, // 6, 7: power
				{last, 0, 0, 1, 2}, {last, 0, 0, 1, 2}, // 8, 9: data rate
				{last, 0, 0, 1, 3}, // 10: channels
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", version, diff)
			}
		})
	}
}

// Any downlink ends the fall back.
func TestADRHeard(t *testing.T) {
	t.Parallel()
	cfg := abp(t)
	cfg.ADR, cfg.ADRAckLimit, cfg.ADRAckDelay = true, 2, 2
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n := w.Node("greenhouse")
		air.answer(inTurn(nil, nil, commands(t, server(t), 0, "")))
		var got []bool
		for range 6 {
			got = append(got, send(t, n).ADRAckReq)
		}
		if diff := cmp.Diff([]bool{false, false, true, false, false, true}, got); diff != "" {
			t.Errorf("ADRACKReq (-want +got):\n%s", diff)
		}
		for _, s := range w.Sent() {
			if s.PHYPayload[5]&lorawan.FCtrlADR == 0 {
				t.Errorf("uplink %d has no ADR bit", s.FCnt)
			}
		}
	})
}

// A node that sends with less power is heard with less.
func TestPowerIsHeard(t *testing.T) {
	t.Parallel()
	cfg := abp(t)
	cfg.ADR = true
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n := w.Node("greenhouse")
		air.answer(inTurn(commands(t, server(t), 0, "0355070001")))
		send(t, n)
		send(t, n)
		p := air.packets()
		if p[0].RSSI != -72 || p[0].SNR != 9.5 || p[1].RSSI != -82 || p[1].SNR != -0.5 {
			t.Errorf("heard with %g dBm, %g dB, then with %g dBm, %g dB", p[0].RSSI, p[0].SNR, p[1].RSSI, p[1].SNR)
		}
	})
}

package simulator

import (
	"encoding/hex"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// inTurn answers the i-th packet with the i-th of downs in RX1; none, or nil,
// is silence. The delay of RX1 is one second.
func inTurn(downs ...[]byte) network {
	return func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
		if n >= len(downs) || downs[n] == nil {
			return nil, nil
		}
		return []radiotest.Emission{rx1(p, time.Second, downs[n])}, nil
	}
}

// send sends an application frame of one byte.
func send(t *testing.T, n *Node) Sent {
	t.Helper()
	s, err := n.Send(t.Context(), Message{FPort: 1, Payload: []byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func settingsOf(t *testing.T, n *Node) Settings {
	t.Helper()
	s, ok := n.Settings()
	if !ok {
		t.Fatal("the node has no session")
	}
	return s
}

// said is the MAC commands of an uplink, in hexadecimal.
func said(s Sent) string { return hex.EncodeToString(lorawan.EncodeCommands(s.Commands)) }

// Every request of a network: the answer in the next uplink, and what it has
// changed.
func TestRequests(t *testing.T) {
	t.Parallel()
	none := func(*Settings) {}
	for _, tt := range []struct {
		name    string
		version lorawan.Version
		down    string // MAC commands
		want    string // of the next uplink
		change  func(s *Settings)
	}{
		{"DevStatusReq", 0, "06", "06c83e", none},
		{"LinkADRReq", 0, "0350070001", "0307", none},
		{"LinkADRReq, all changed", 0, "0332030002", "0307", func(s *Settings) {
			s.DataRate, s.TXPower, s.NbTrans, s.Channels = 3, 2, 2, s.Channels[:2]
		}},
		{"LinkADRReq, channel not defined", 0, "0350080001", "0306", none},
		{"LinkADRReq, no channel left", 0, "0350000001", "0306", none},
		{"LinkADRReq, data rate of no channel", 0, "0360070001", "0305", none},
		{"LinkADRReq, power unknown", 0, "0358070001", "0303", none},
		{"LinkADRReq, DR 15 before 1.0.4", 0, "03f0070001", "0305", none},
		{"LinkADRReq, DR 15 and power 15 since", lorawan.V104, "03ff030000", "0307", func(s *Settings) { s.Channels = s.Channels[:2] }},
		{"LinkADRReq, NbTrans 0", 0, "0350070000", "0307", none},
		{"LinkADRReq block", lorawan.V102, "0300000001" + "0341060003", "03070307", func(s *Settings) {
			s.DataRate, s.TXPower, s.NbTrans, s.Channels = 4, 1, 3, s.Channels[1:]
		}},
		{"LinkADRReq block refused", lorawan.V102, "0341060001" + "0341080001", "03060306", none},
		{"LinkADRReq one by one before 1.0.2", lorawan.V101, "0300000001" + "0341060003", "03060307", func(s *Settings) {
			s.DataRate, s.TXPower, s.NbTrans, s.Channels = 4, 1, 3, s.Channels[1:]
		}},
		{"LinkADRReq, not in a block", 0, "0341070001" + "06" + "0332070001", "0307" + "06c83e" + "0307", func(s *Settings) {
			s.DataRate, s.TXPower = 3, 2
		}},
		{"DutyCycleReq", 0, "0407", "04", func(s *Settings) { s.MaxDutyCycle = 7 }},
		{"RXParamSetupReq", 0, "0523d2ad84", "0507", func(s *Settings) {
			s.RX1DROffset, s.RX2DataRate, s.RX2Frequency = 2, 3, 869_525_000
		}},
		{"RXParamSetupReq, nothing right", 0, "0568000000", "0500", none},
		{"NewChannelReq", 0, "07" + "03" + "184f84" + "50", "0703", func(s *Settings) { s.Channels = append(s.Channels, 867_100_000) }},
		{"NewChannelReq, default channel", 0, "07" + "00" + "184f84" + "50", "0702", none},
		{"NewChannelReq, no channel", 0, "07" + "10" + "184f84" + "50", "0702", none},
		{"NewChannelReq, data rates upside down", 0, "07" + "03" + "184f84" + "05", "0701", none},
		{"RXTimingSetupReq", 0, "0803", "08", func(s *Settings) { s.RXDelay = 3 * time.Second }},
		{"RXTimingSetupReq, 0 is one second", 0, "0800", "08", none},
		{"DlChannelReq", 0, "0a01d2ad84", "0a03", none},
		{"DlChannelReq, no such channel", 0, "0a07d2ad84", "0a01", none},
		{"ADRParamSetupReq", lorawan.V110, "0c53", "0c", func(s *Settings) { s.ADRAckLimit, s.ADRAckDelay = 32, 8 }},
		{"RejoinParamSetupReq", lorawan.V110, "0f00", "0f01", none},
		{"PingSlotChannelReq", 0, "11d2ad8400", "1100", none},
		{"BeaconFreqReq", 0, "13d2ad84", "1300", none},
		{"several", 0, "06" + "0802" + "0401", "06c83e" + "08" + "04", func(s *Settings) { s.RXDelay, s.MaxDutyCycle = 2*time.Second, 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, net := abp(t), server(t)
			cfg.Version = tt.version
			if tt.version == lorawan.V110 {
				cfg, net = abp11(t), server11(t)
			}
			cfg.ADR, cfg.Battery, cfg.Margin = true, 200, -2
			inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
				n := w.Node("greenhouse")
				first := "0101" // ResetConf, to have that out of the way
				if !net.v11 {
					first = ""
				}
				air.answer(inTurn(commands(t, net, 0, first), commands(t, net, 1, tt.down)))
				send(t, n)
				want := settingsOf(t, n)
				tt.change(&want)
				send(t, n)
				if got := said(send(t, n)); got != tt.want {
					t.Errorf("answered %s, want %s", got, tt.want)
				}
				got := settingsOf(t, n)
				got.ADRAckCount = 0
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("settings (-want +got):\n%s", diff)
				}
				if v := w.Violations(); len(v) > 0 {
					t.Errorf("violations: %v", v)
				}
			})
		})
	}
}

// Without the ADR bit, data rate, power and NbTrans are the node's own
// affair, but the channel mask is not.
func TestLinkADRWithoutADR(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version  lorawan.Version
		down     string
		want     string
		channels int
	}{
		{lorawan.V103, "0332030002", "0307", 2},
		{lorawan.V103, "0332080002", "0306", 3},
		{lorawan.V104, "0332030002", "0301", 2},
		{lorawan.V104, "0350030002", "0307", 2},
		{lorawan.V104, "03ff030002", "0307", 2},
		{lorawan.V104, "0350080002", "0306", 3},
	} {
		cfg := abp(t)
		cfg.Version = tt.version
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n := w.Node("greenhouse")
			air.answer(inTurn(commands(t, server(t), 0, tt.down)))
			send(t, n)
			want := settingsOf(t, n)
			if got := said(send(t, n)); got != tt.want || want.DataRate != 5 || want.TXPower != 0 || want.NbTrans != 1 || len(want.Channels) != tt.channels {
				t.Errorf("%s, %s: answered %s, settings %+v", tt.version, tt.down, got, want)
			}
		})
	}
}

// What a network may not send, and how far the node reads.
func TestCommandViolations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		version lorawan.Version
		down    string
		want    string // the next uplink's answers: to what came before
	}{
		{"unknown", 0, "0680", "06003f"},
		{"cut off", 0, "06035007", "06003f"},
		{"of a later version", lorawan.V101, "06" + "0a01d2ad84" + "06", "06003f"},
		{"of 1.1", 0, "06" + "0c53" + "06", "06003f"},
		{"not of the region", 0, "0905" + "06", "06003f"},
		{"LinkCheckAns not asked for", 0, "020a01" + "06", "06003f"},
		{"DeviceTimeAns not asked for", 0, "0d0000000000" + "06", "06003f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := abp(t)
			cfg.Version, cfg.Margin = tt.version, -1
			inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
				n := w.Node("greenhouse")
				air.answer(inTurn(commands(t, server(t), 0, tt.down)))
				send(t, n)
				if got := said(send(t, n)); got != tt.want {
					t.Errorf("answered %s, want %s", got, tt.want)
				}
				if diff := cmp.Diff([]Rule{RuleCommand}, rules(w)); diff != "" {
					t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
				}
			})
		})
	}
}

// Answers about the receive windows are repeated until the network is heard;
// others are given once.
func TestStickyAnswers(t *testing.T) {
	t.Parallel()
	for version, want := range map[lorawan.Version][]string{
		lorawan.V100: {"050706003f", "", ""},
		lorawan.V103: {"050706003f", "0507", "0507"},
	} {
		cfg := abp(t)
		cfg.Version, cfg.Margin = version, -1
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n, net := w.Node("greenhouse"), server(t)
			air.answer(inTurn(commands(t, net, 0, "0500d2ad8406"), nil, nil, commands(t, net, 1, "")))
			send(t, n)
			var got []string
			for range 3 {
				got = append(got, said(send(t, n)))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s answers (-want +got):\n%s", version, diff)
			}
			if last := said(send(t, n)); last != "" {
				t.Errorf("%s: %s after a downlink", version, last)
			}
		})
	}
}

// More answers than FOpts hold go ahead in a frame of their own, whole.
func TestAnswersOnPort0(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server(t)
		down := net.seal(onPort0(unhex(t, "060606060606")), 0)
		air.answer(inTurn(down))
		send(t, n)
		s := send(t, n)
		if s.FCnt != 2 || said(s) != "" {
			t.Errorf("application frame %+v", s)
		}
		all := w.Sent()
		if len(all) != 3 || all[1].FPort != 0 || said(all[1]) != "060000060000060000060000060000060000" {
			t.Fatalf("sent %+v", all)
		}
		f := net.uplink(t, all[1].PHYPayload, 1, lorawan.Transmission{})
		plain := lorawan.Crypt(net.keys.NwkSEnc, lorawan.Up, net.addr, 1, f.Payload)
		if got := hex.EncodeToString(plain); !f.HasPort || f.FPort != 0 || len(f.FOpts) > 0 || got != said(all[1]) {
			t.Errorf("frame %+v with %s", f, got)
		}
	})
}

// What the node asks, and that the network may answer.
func TestNodeAsks(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server(t)
		air.answer(inTurn(commands(t, net, 0, "020a010d0102030405"), commands(t, net, 1, "10")))
		n.Request(lorawan.Command{CID: lorawan.LinkCheck}, lorawan.Command{CID: lorawan.DeviceTime})
		if got := said(send(t, n)); got != "020d" {
			t.Errorf("asked %s", got)
		}
		n.Request(lorawan.Command{CID: lorawan.PingSlotInfo, Payload: []byte{5}})
		if got := said(send(t, n)); got != "1005" {
			t.Errorf("asked %s", got)
		}
		var got []string
		for _, d := range w.Received() {
			got = append(got, hex.EncodeToString(lorawan.EncodeCommands(d.Commands)))
		}
		if diff := cmp.Diff([]string{"020a010d0102030405", "10"}, got); diff != "" || len(w.Violations()) > 0 {
			t.Errorf("answers (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

// TxParamSetup limits what a node of AS923 may send.
func TestDwellTime(t *testing.T) {
	t.Parallel()
	as923, err := regional.AS923(1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := abp(t)
	cfg.Region, cfg.DataRate = as923, 0
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server(t)
		air.answer(inTurn(commands(t, net, 0, "0935")))
		send(t, n)
		if s := settingsOf(t, n); s.DataRate != 2 || !s.UplinkDwell || !s.DownlinkDwell || s.MaxEIRP != 16 {
			t.Errorf("settings %+v", s)
		}
		if got := said(send(t, n)); got != "09" {
			t.Errorf("answered %s", got)
		}
		if _, err := n.Send(t.Context(), Message{FPort: 1, Payload: make([]byte, 12)}); err == nil {
			t.Error("sent 12 bytes at DR2 in spite of the dwell time")
		}
	})
}

// The windows of the uplink that carries the answer are those asked for.
func TestWindowsMove(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server(t)
		air.answer(func(i int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if i == 0 { // offset 2, RX2 at DR3 on 869.4 MHz, three seconds
				return []radiotest.Emission{rx1(p, time.Second, commands(t, net, 0, "0523f0a8840803"))}, nil
			}
			em := rx1(p, 3*time.Second, commands(t, net, uint32(i), ""))
			em.DataRate, _ = EU868().Rate(3)
			if i == 2 {
				em.Count, em.Frequency = em.Count+1e6, 869_400_000
			}
			return []radiotest.Emission{em}, nil
		})
		for range 3 {
			send(t, n)
		}
		if got := len(w.Received()); got != 3 || len(w.Violations()) > 0 {
			t.Errorf("%d downlinks received, %v", got, w.Violations())
		}
	})
}

func TestDutyCycle(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n := w.Node("greenhouse")
		air.answer(inTurn(commands(t, server(t), 0, "0408")))
		send(t, n)
		send(t, n)
		begin := time.Now()
		s := send(t, n)
		airtime := s.DataRate.LoRaAirtime(len(s.PHYPayload), 8, true)
		if d := time.Since(begin); d < 255*airtime {
			t.Errorf("%s after an uplink of %s, want 255 times that at least", d, airtime)
		}
	})
}

// NbTrans repeats an unconfirmed uplink until something is heard.
func TestNbTrans(t *testing.T) {
	t.Parallel()
	cfg := abp(t)
	cfg.ADR = true
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server(t)
		air.answer(inTurn(commands(t, net, 0, "0350070003"), nil, nil, nil, nil, commands(t, net, 1, "")))
		var got []int
		for range 3 {
			got = append(got, send(t, n).Transmissions)
		}
		if diff := cmp.Diff([]int{1, 3, 2}, got); diff != "" {
			t.Errorf("transmissions (-want +got):\n%s", diff)
		}
	})
}

// A frame may break rules that are not of MAC commands.
func TestFrameViolations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		f    lorawan.Data
		want Rule
	}{
		{"size", lorawan.Data{HasPort: true, FPort: 1, Payload: make([]byte, 243)}, RuleSize},
		{"FPort", lorawan.Data{HasPort: true, FPort: 225}, RuleReserved},
		{"RFU bit", lorawan.Data{FCtrl: lorawan.FCtrlADRACKReq}, RuleReserved},
		{"commands twice", lorawan.Data{FOpts: []byte{6}, HasPort: true, Payload: []byte{6}}, RuleCommand},
	} {
		inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
			tt.f.MType = lorawan.UnconfirmedDown
			air.answer(inTurn(server(t).seal(tt.f, 0)))
			send(t, w.Node("greenhouse"))
			if diff := cmp.Diff([]Rule{tt.want}, rules(w)); diff != "" || len(w.Received()) > 0 {
				t.Errorf("%s: violations (-want +got):\n%s%v", tt.name, diff, w.Violations())
			}
		})
	}
}

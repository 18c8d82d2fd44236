package module

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// The firmwares as their command references describe them: "command: lines".
func TestDialogues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind Kind
		want []string
	}{
		"a radio command needs the MAC paused": {RN2483, []string{
			"radio rx 0: busy", "mac pause: 4294967245", "radio set wdt 0: ok", "radio rx 0: ok", "radio rx 0: busy",
			"radio set sf sf7: busy", "radio get wdt: 0", "radio rxstop: ok", "radio set sf sf7: ok",
		}},
		"wrong parameters": {RN2483, []string{
			"mac pause: 4294967245", "radio set freq 915000000: invalid_param", "radio set sf sf6: invalid_param", "radio set bw 100: invalid_param",
			"radio set pwr 16: invalid_param", "radio set prlen 65536: invalid_param", "radio set iqi maybe: invalid_param", "radio tx: invalid_param",
			"radio tx XY: invalid_param", "hello: invalid_param", "radio get what: invalid_param",
		}},
		"no rxstop, no rssi": {RN2483Old, []string{
			"mac pause: 4294967245", "radio set wdt 0: ok", "radio rx 0: ok", "radio rxstop: busy", "radio get rssi: invalid_param",
		}},
		"P2P needs its mode": {RUI3, []string{
			"AT: OK", "AT+NWM=?: AT+NWM=1|OK", "AT+PRECV=65533: AT_MODE_NO_SUPPORT", "AT+NWM=0: OK",
			"AT+PRECV=65533: OK", "AT+PRECV=65534: P2P_RX_ON already|AT_BUSY_ERROR",
			"AT+SYNCWORD=3444: P2P_RX_ON already, please disable P2P RX before setting.|AT_BUSY_ERROR", "AT+PRECV=0: OK",
			"AT+SYNCWORD=3444: OK", "AT+SYNCWORD=?: AT+SYNCWORD=3444|OK", "AT+PRECV=x: AT_PARAM_ERROR",
			"AT+P2P=868100000:13:0:0:8:14: AT_PARAM_ERROR", "AT+P2P=868100000:x: AT_PARAM_ERROR", "AT+P2P=1:2:3:4:5:6:7: AT_PARAM_ERROR",
			"AT+WHAT=1: AT_COMMAND_NOT_FOUND", "ATZ: AT_ERROR",
		}},
		"P2P of a RAK811": {RAK811, []string{
			"at+version: OK V3.0.0.14.H", "at+set_config=lorap2p:transfer_mode:1: ERROR: 2", "at+set_config=lora:work_mode:1: ",
			"at+set_config=lorap2p:868100000:7:0:1:8:14: OK", "at+set_config=lorap2p:868100000:7:0:1:8:21: ERROR: 2",
			"at+set_config=lorap2p:transfer_mode:1: OK", "AT: ERROR: 1",
		}},
		"TEST mode": {LoRaE5, []string{
			"AT: +AT: OK", "AT+TEST=RXLRPKT: +TEST: ERROR(-12)", "AT+MODE=TEST: +MODE: TEST",
			"AT+TEST=RFCFG,868.1,SF7,125,8,8,14,ON,OFF,ON: +TEST: RFCFG F:868100000, SF7, BW125K, TXPR:8, RXPR:8, POW:14dBm, CRC:ON, IQ:OFF, NET:ON",
			"AT+TEST=RFCFG,868.1,SF7: +TEST: ERROR(-2)", "AT+TEST=RFCFG,868.1,SF13,125,8,8,14,ON,OFF,ON: +TEST: ERROR(-1)",
			"AT+TEST=RXLRPKT: +TEST: RXLRPKT", `AT+TEST=TXLRPKT, "": +TEST: ERROR(-1)`, `AT+TEST=TXLRPKT, "00": +TEST: TXLRPKT "00"`,
			"AT+TEST=WHAT: +TEST: ERROR(-1)", "AT+WHAT: +AT: ERROR(-1)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := newFirmware(tt.kind)
			f.boot()
			var got []string
			for _, w := range tt.want {
				command, _, _ := strings.Cut(w, ": ")
				r := f.command(command)
				if r.reboot {
					f.boot()
				}
				got = append(got, command+": "+strings.Join(r.lines, "|"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("dialogue (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHears(t *testing.T) {
	t.Parallel()
	good := settings{
		frequency: 868_100_000, sf: 7, bandwidth: 125_000, crc: true, public: true, preamble: 8, receiving: true,
	}
	packet := radiotest.Packet{Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), Payload: []byte{1}}
	for name, tt := range map[string]struct {
		settings func(*settings)
		packet   func(*radiotest.Packet)
		want     error
	}{
		"as it should be":  {want: nil},
		"a little off":     {packet: func(p *radiotest.Packet) { p.Frequency += 20_000 }},
		"bad CRC":          {packet: func(p *radiotest.Packet) { p.CRC = radiotest.CRCBad }},
		"not receiving":    {settings: func(s *settings) { s.receiving = false }, want: radiotest.ErrNotReceiving},
		"other channel":    {packet: func(p *radiotest.Packet) { p.Frequency += 200_000 }, want: radiotest.ErrNoChannel},
		"other data rate":  {packet: func(p *radiotest.Packet) { p.DataRate.SpreadingFactor = 8 }, want: radiotest.ErrNoChannel},
		"private sync":     {settings: func(s *settings) { s.public = false }, want: radiotest.ErrNoChannel},
		"inverted IQ":      {settings: func(s *settings) { s.inverted = true }, want: radiotest.ErrNoChannel},
		"without CRC":      {settings: func(s *settings) { s.crc = false }, want: radiotest.ErrNoChannel},
		"a downlink":       {packet: func(p *radiotest.Packet) { p.CRC = radiotest.CRCNone }, want: radiotest.ErrNoChannel},
		"other preamble":   {settings: func(s *settings) { s.preamble = 12 }, want: radiotest.ErrNoChannel},
		"private all over": {settings: func(s *settings) { s.public = false }, packet: func(p *radiotest.Packet) { p.Private = true }},
	} {
		s, p := good, packet
		if tt.settings != nil {
			tt.settings(&s)
		}
		if tt.packet != nil {
			tt.packet(&p)
		}
		if err := s.hears(p); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestModule(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{Kind: "what"}); err == nil {
		t.Error("an unknown kind")
	}
	m, err := New(Options{Kind: RN2483})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Replug(); !errors.Is(err, errPlugged) {
		t.Errorf("plugged in twice: %v", err)
	}
	p := radiotest.Packet{Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), Payload: []byte{1}}
	if err := m.Hear(p); !errors.Is(err, radiotest.ErrNotReceiving) {
		t.Errorf("not set up: %v", err)
	}
	m.Unplug()
	m.Unplug()
	m.BrownOut()
	m.Say("into the void")
	if err := m.Hear(p); !errors.Is(err, radiotest.ErrNotReceiving) {
		t.Errorf("unplugged: %v", err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := m.Replug(); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
}

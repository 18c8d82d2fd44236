package concentratord

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"gatewayd/radio"
)

// A gw.DownlinkFrame, put together by hand from gw.proto.
func TestFrame(t *testing.T) {
	t.Parallel()
	d := radio.Downlink{
		ID: 1<<32 + 300, Payload: []byte{0x60, 1}, Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), Power: 14,
	}
	fsk, soon := d, d
	fsk.DataRate, fsk.Power = radio.FSKDataRate(50_000), -1
	soon.Immediate = true
	gateway := radio.EUI64{0x00, 0x16, 0xc0, 0x01, 0xff, 0x10, 0xd3, 0xf6}
	const (
		id     = "18 ac02"                                             // downlink_id = 3: 300
		eui    = "3a 10 30303136633030316666313064336636"              // gateway_id = 7
		lora   = "1a 10 1a 0e 08 c8d007 10 07 20 01 28 01 30 08 38 01" // modulation = 3, lora = 3
		hz     = "08 a0cff89d03"                                       // frequency = 1
		delayS = "32 06 12 04 0a 02 08 05"                             // timing = 6, delay = 2: 5 s
	)
	for name, tt := range map[string]struct {
		o    order
		want string
	}{
		"5 s after an uplink": {
			order{d, []byte{0xff, 0xff, 0xff, 0xff}, 5 * time.Second},
			id + "2a 2e 0a 02 6001 1a 28" + hz + "10 0e" + lora + delayS + "3a 04 ffffffff" + eui,
		},
		"immediate": {
			order{Downlink: soon},
			id + "2a 24 0a 02 6001 1a 1e" + hz + "10 0e" + lora + "32 02 0a 00" + eui,
		},
		"FSK, 1.5 s": {
			order{fsk, []byte{1, 2, 3, 4, 5, 6}, 1500 * time.Millisecond},
			id + "2a 39 0a 02 6001 1a 33" + hz + "10 ffffffffffffffffff01" + "1a 0a 22 08 08 a8c301 10 d08603" +
				"32 0c 12 0a 0a 08 08 01 10 80cab5ee01" + "3a 06 010203040506" + eui,
		},
	} {
		if got := tt.o.frame(gateway); !bytes.Equal(got, unhex(t, tt.want)) {
			t.Errorf("%s:\n got %x\nwant %x", name, got, unhex(t, tt.want))
		}
	}
}

func TestDialects(t *testing.T) {
	t.Parallel()
	eui := radio.EUI64{0x00, 0x16, 0xc0, 0x01, 0xff, 0x10, 0xd3, 0xf6}
	for d, tt := range map[dialect]struct {
		ask, send, answer string
	}{
		gwCommand: {"1a 00", "0a 02 6869", "0a 10 30303136433030314646313044334636"}, // either case
		named:     {"676174657761795f6964 |", "646f776e | 6869", "0016c001ff10d3f6"},
	} {
		flat := func(frames [][]byte) []byte { return bytes.Join(frames, []byte("|")) }
		want := func(s string) []byte { return unhex(t, strings.ReplaceAll(s, "|", "7c")) }
		if got := flat(d.askGatewayID()); !bytes.Equal(got, want(tt.ask)) {
			t.Errorf("%s asks %q", d, got)
		}
		if got := flat(d.send([]byte("hi"))); !bytes.Equal(got, want(tt.send)) {
			t.Errorf("%s sends %q", d, got)
		}
		if got, err := d.gatewayID(unhex(t, tt.answer)); err != nil || got != eui {
			t.Errorf("%s: %s, %v", d, got, err)
		}
		for _, bad := range []string{"00", "0a 02 3031", "0a 10 7a303136633030316666313064336636", "0a 05 00"} {
			if got, err := d.gatewayID(unhex(t, bad)); err == nil {
				t.Errorf("%s: %s from %s", d, got, bad)
			}
		}
	}
}

func TestParseAck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ack  string // gw.DownlinkTxAck
		want radio.TxReason
	}{
		"OK":                  {"10 07 2a 02 08 01 32 02 3030", ""},
		"IGNORED":             {"10 07 2a 00", radio.TxHardware},
		"TOO_LATE":            {"10 07 2a 02 08 02", radio.TxTooLate},
		"TOO_EARLY":           {"10 07 2a 02 08 03", radio.TxTooEarly},
		"COLLISION_PACKET":    {"10 07 2a 02 08 04", radio.TxCollision},
		"COLLISION_BEACON":    {"10 07 2a 02 08 05", radio.TxCollision},
		"TX_FREQ":             {"10 07 2a 02 08 06", radio.TxFrequency},
		"TX_POWER":            {"10 07 2a 02 08 07", radio.TxPower},
		"GPS_UNLOCKED":        {"10 07 2a 02 08 08", radio.TxHardware},
		"QUEUE_FULL":          {"10 07 2a 02 08 09", radio.TxQueueFull},
		"INTERNAL_ERROR":      {"10 07 2a 02 08 0a", radio.TxHardware},
		"DUTY_CYCLE_OVERFLOW": {"10 07 2a 02 08 0b", radio.TxHardware},
		"status 12":           {"10 07 2a 02 08 0c", radio.TxHardware},
		"empty":               {"", radio.TxHardware},
		"of another":          {"10 08 2a 02 08 01", radio.TxHardware},
		"without item":        {"10 07", radio.TxHardware},
		"two items":           {"10 07 2a 02 08 01 2a 02 08 02", radio.TxHardware},
		"broken":              {"10 07 2a 05 08", radio.TxHardware},
	} {
		err := parseAck(unhex(t, tt.ack), 7)
		te, ok := errors.AsType[*radio.TxError](err)
		if ok != (tt.want != "") || ok && te.Reason != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if ok && strings.ToUpper(name) == name && !strings.Contains(te.Detail, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAck(f *testing.F) {
	f.Add([]byte("\x10\x07\x2a\x02\x08\x01"), uint64(7))
	f.Add([]byte("\x0a\x10\x30\x30\x31\x36"), uint64(1)<<40)
	f.Fuzz(func(t *testing.T, b []byte, id uint64) {
		if err := parseAck(b, id); err != nil {
			if te, ok := errors.AsType[*radio.TxError](err); !ok || te.Reason == "" {
				t.Errorf("%v", err)
			}
		}
		for _, d := range []dialect{gwCommand, named} {
			if eui, err := d.gatewayID(b); err == nil && d == gwCommand && eui.IsZero() {
				t.Error("no gateway id, and no error")
			}
		}
	})
}

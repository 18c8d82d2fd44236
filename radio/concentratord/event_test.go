package concentratord

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"gatewayd/radio"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// uplinkFrame is a gw.UplinkFrame put together by hand from gw.proto.
const uplinkFrame = `
	0a 03 400102                        # phy_payload = 1
	22 12                               # tx_info = 4
	   08 a0c4f89d03                    #   frequency = 1: 868098592
	   12 0a                            #   modulation = 2
	      1a 08                         #     lora = 3
	         08 c8d007 10 07 28 01      #       bandwidth = 1: 125000, spreading_factor = 2: 7, code_rate = 5: CR_4_5
	2a 31                               # rx_info = 5
	   0a 10 30303136633030316666313064336636   # gateway_id = 1
	   10 2a                            #   uplink_id = 2
	   30 c7ffffffffffffffff01          #   rssi = 6: -57
	   3d 00001841                      #   snr = 7: 9.5
	   40 02 48 01                      #   channel = 8, rf_chain = 9
	   6a 04 00f3277a                   #   context = 13: 15935354
	   800102                           #   crc_status = 16: CRC_OK
`

func golden(t *testing.T) []byte {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(uplinkFrame) {
		line, _, _ = strings.Cut(line, "#")
		b.WriteString(line)
	}
	return unhex(t, b.String())
}

func TestParseUplink(t *testing.T) {
	t.Parallel()
	frame := golden(t)
	want := &heard{
		uplink: radio.Uplink{
			Payload: []byte{0x40, 1, 2}, Frequency: 868_098_592, DataRate: radio.LoRaDataRate(7, 125_000), CodingRate: "4/5",
			RSSI: -57, SNR: 9.5, Channel: 2, RFChain: 1,
		},
		status: crcGood, context: unhex(t, "00f3277a"),
	}
	event45 := append([]byte{0x0a, byte(len(frame))}, frame...)
	for name, frames := range map[string][][]byte{
		"4.5": {event45}, "before": {[]byte("up"), frame},
	} {
		got, err := parseEvent(frames)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got.uplink, cmp.AllowUnexported(heard{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseModulation(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string // gw.Modulation
		rate radio.DataRate
		code string
		err  error
	}{
		"FSK":                {"22 04 10 d08603", radio.FSKDataRate(50_000), "", nil},
		"LR-FHSS":            {"2a 06 08 a8ae08 20 06", radio.LRFHSSDataRate(137_000), "2/6", nil},
		"LR-FHSS to the Hz":  {"2a 04 08 8eac08", radio.LRFHSSDataRate(136_000), "", nil},
		"LoRa SF12 4/8":      {"1a 08 08 c8d007 10 0c 28 04", radio.LoRaDataRate(12, 125_000), "4/8", nil},
		"SF13":               {"1a 06 08 c8d007 10 0d", radio.DataRate{}, "", errDataRate},
		"no bandwidth":       {"1a 02 10 07", radio.DataRate{}, "", errDataRate},
		"unknown modulation": {"32 02 08 01", radio.DataRate{}, "", nil},
		"cut off":            {"1a 08 08 c8", radio.DataRate{}, "", errMessage},
	} {
		var h heard
		err := h.modulation(unhex(t, tt.body))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", name, err, tt.err)
		}
		if err == nil && (h.uplink.DataRate != tt.rate || h.uplink.CodingRate != tt.code) {
			t.Errorf("%s: %+v", name, h.uplink)
		}
	}
}

func TestParseEventRefuses(t *testing.T) {
	t.Parallel()
	frame := golden(t)
	for name, tt := range map[string]struct {
		frames [][]byte
		want   error
	}{
		"no frame":             {nil, errFrames},
		"three frames":         {[][]byte{nil, nil, nil}, errFrames},
		"version 3":            {[][]byte{[]byte("up"), unhex(t, "0a 01 40 12 02 08 01 1a 02 28 01")}, errVersion3},
		"no payload":           {[][]byte{[]byte("up"), frame[5:]}, errPayload},
		"only a payload":       {[][]byte{[]byte("up"), frame[:5]}, errFrequency},
		"no modulation":        {[][]byte{[]byte("up"), unhex(t, "0a 01 40 22 02 08 01")}, errDataRate},
		"no context":           {[][]byte{[]byte("up"), frame[:5+20]}, errContext},
		"group":                {[][]byte{[]byte("up"), {0x0b, 0x0c}}, errMessage},
		"field number 0":       {[][]byte{{0x02, 0x00}}, errMessage},
		"length beyond end":    {[][]byte{{0x0a, 0x05, 0x01}}, errMessage},
		"varint without end":   {[][]byte{{0x08, 0xff, 0xff}}, errMessage},
		"broken in the middle": {[][]byte{{0x0a, 0x02, 0x0a, 0x05}}, errMessage},
	} {
		if _, err := parseEvent(tt.frames); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// What is not for us is no reason to complain.
func TestParseEventIgnores(t *testing.T) {
	t.Parallel()
	for name, frames := range map[string][][]byte{
		"mesh event": {unhex(t, "1a 02 0a 00")}, "other name": {[]byte("mesh"), []byte("\xff")}, "empty": {nil},
	} {
		if e, err := parseEvent(frames); err != nil || e != (event{}) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestParseReport(t *testing.T) {
	t.Parallel()
	for name, frames := range map[string][][]byte{
		"4.5":    {unhex(t, "12 0b 28 04 30 03 38 02 40 01 8a 01 00")},
		"before": {[]byte("stats"), unhex(t, "28 04 30 03 38 02 40 01")},
	} {
		e, err := parseEvent(frames)
		if err != nil || e.report == nil || *e.report != (report{4, 3, 2, 1}) {
			t.Errorf("%s: %+v, %v", name, e.report, err)
		}
	}
}

// Whatever is read is a frame that the rest of the program can take.
func FuzzEvent(f *testing.F) {
	f.Add([]byte("\x0a\x05\x0a\x03abc"), []byte(nil), false)
	f.Add([]byte("up"), []byte("\x0a\x01\x40\x22\x02\x08\x01"), true)
	f.Add([]byte("stats"), []byte("\x28\x04\x30\x03"), true)
	var tx, rx, up []byte
	tx = protowire.AppendVarint(protowire.AppendTag(tx, 1, protowire.VarintType), 868_100_000)
	tx = protowire.AppendBytes(protowire.AppendTag(tx, 2, protowire.BytesType), []byte("\x22\x04\x10\xd0\x86\x03"))
	rx = protowire.AppendBytes(protowire.AppendTag(rx, 13, protowire.BytesType), []byte{1, 2, 3, 4})
	up = protowire.AppendBytes(protowire.AppendTag(up, 1, protowire.BytesType), []byte{0x40})
	up = protowire.AppendBytes(protowire.AppendTag(up, 4, protowire.BytesType), tx)
	up = protowire.AppendBytes(protowire.AppendTag(up, 5, protowire.BytesType), rx)
	f.Add([]byte("up"), up, true)
	f.Fuzz(func(t *testing.T, a, b []byte, two bool) {
		frames := [][]byte{a}
		if two {
			frames = append(frames, b)
		}
		e, err := parseEvent(frames)
		if err != nil || e.uplink == nil {
			return
		}
		u := e.uplink.uplink
		if n := len(u.Payload); n < 1 || n > radio.MaxPHYPayload || u.Frequency == 0 || len(e.uplink.context) > maxContext {
			t.Errorf("%+v", e.uplink)
		}
		if again, err := radio.ParseDataRate(u.DataRate.String()); err != nil || again.Modulation != u.DataRate.Modulation {
			t.Errorf("data rate %s: %v", u.DataRate, err)
		}
	})
}

package mac

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"gatewayd/bridge/region"
	"gatewayd/radio"
)

// now is any time.
func now() time.Time { return time.Unix(1_700_000_000, 0) }

func newRegion(t testing.TB, o region.Options) *region.Region {
	t.Helper()
	r, err := region.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fiveMore are the usual channels of EU868 beyond the default ones.
func fiveMore() []region.Channel {
	var channels []region.Channel
	for _, f := range []uint32{867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000} {
		channels = append(channels, region.Channel{Frequency: f, MaxDR: 5})
	}
	return channels
}

// eu868 is what is wanted of a node in EU868 that needs to be told nothing.
func eu868(t testing.TB) Desired {
	t.Helper()
	return DefaultDesired(newRegion(t, region.Options{Name: "EU868"}))
}

func us915(t testing.TB) Desired {
	t.Helper()
	return DefaultDesired(newRegion(t, region.Options{Name: "US915", SubBand: 2}))
}

// session is the state of a node that was told nothing and has been heard.
func session(t testing.TB, want *Desired, v Version, otaa bool) State {
	t.Helper()
	start := RegionStart(want.Region)
	start.OTAA = otaa
	s := NewState(want.Region, v, start)
	s.Uplink(want, up(want, ""))
	return s
}

// up is an uplink with commands in hexadecimal, of a node with its ADR bit
// off, at the lowest data rate on a channel of the plan.
func up(want *Desired, commands string) Uplink {
	dr, _ := want.Region.DataRate(0)
	in := Uplink{DataRate: dr, SNR: 5, Gateways: 1, Now: now()}
	for !want.Region.Mask().Has(in.Channel) {
		in.Channel++
	}
	in.Commands = fromHex(commands)
	return in
}

func fromHex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return nil
	}
	return b
}

// requests are all that s asks for at once, in hexadecimal.
func requests(s *State, want *Desired) string {
	cmds, _ := s.Requests(want, now(), 242)
	return hex.EncodeToString(cmds)
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.1.0"} {
		if v, err := ParseVersion(name); err != nil || v.String() != name {
			t.Errorf("ParseVersion(%q) = %v, %v", name, v, err)
		}
	}
	for _, name := range []string{"", "1", "1.0.5", "1.1.1", "2.0", "v1.0.3", "Version(7)"} {
		if v, err := ParseVersion(name); err == nil {
			t.Errorf("ParseVersion(%q) = %v", name, v)
		}
	}
	if v, err := ParseVersion("1.1"); v != V1_1_0 || err != nil {
		t.Errorf("1.1 is %v, %v", v, err)
	}
	if V1_1_0 <= V1_0_4 || Version(0).String() != "Version(0)" {
		t.Error("the order or the name of versions is wrong")
	}
}

// TestMargin: the figures of the SX1276 data sheet, table 13.
func TestMargin(t *testing.T) {
	t.Parallel()
	for sf, required := range map[uint8]float32{6: -5, 7: -7.5, 8: -10, 9: -12.5, 10: -15, 11: -17.5, 12: -20} {
		if got := RequiredSNR(sf); got != required {
			t.Errorf("SF%d needs %v dB, want %v", sf, got, required)
		}
		if got := Margin(radio.LoRaDataRate(sf, 125_000), required+3); got != 3 {
			t.Errorf("SF%d heard 3 dB above the floor has margin %v", sf, got)
		}
	}
	if got := Margin(radio.FSKDataRate(50_000), 12); got != 0 {
		t.Errorf("FSK has margin %v", got)
	}
	for margin, want := range map[float32]uint8{-3: 0, 0: 0, 0.9: 0, 20: 20, 20.9: 20, 300: 254} {
		if got := linkMargin(margin); got != want {
			t.Errorf("margin %v is told as %d, want %d", margin, got, want)
		}
	}
}

// TestNext: a command is read with the size its version gives it, and nothing
// behind one that is unknown or cut short.
func TestNext(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		v       Version
		in      string
		payload string
		rest    string
		ok      bool
	}{
		{"LinkCheckReq", V1_0_0, "02 0307", "", "0307", true},
		{"LinkADRAns", V1_0_0, "0307 02", "07", "02", true},
		{"DutyCycleAns", V1_0_0, "04 02", "", "02", true},
		{"RXParamSetupAns", V1_0_0, "0507 02", "07", "02", true},
		{"DevStatusAns", V1_0_0, "06FF14 02", "ff14", "02", true},
		{"NewChannelAns", V1_0_0, "0703 02", "03", "02", true},
		{"RXTimingSetupAns", V1_0_0, "08 02", "", "02", true},
		{"TxParamSetupAns", V1_0_2, "09 02", "", "02", true},
		{"DlChannelAns", V1_0_2, "0A03 02", "03", "02", true},
		{"DeviceTimeReq", V1_0_3, "0D 02", "", "02", true},
		{"PingSlotInfoReq", V1_0_3, "1005 02", "05", "02", true},
		{"PingSlotChannelAns", V1_0_3, "1103 02", "03", "02", true},
		{"BeaconTimingReq", V1_0_2, "12 02", "", "02", true},
		{"BeaconFreqAns", V1_0_3, "1301 02", "01", "02", true},
		{"ResetInd", V1_1_0, "0101 02", "01", "02", true},
		{"RekeyInd", V1_1_0, "0B01 02", "01", "02", true},
		{"ADRParamSetupAns", V1_1_0, "0C 02", "", "02", true},
		{"RejoinParamSetupAns", V1_1_0, "0F01 02", "01", "02", true},
		{"DeviceModeInd", V1_1_0, "2002 02", "02", "02", true},
		{"ResetInd in 1.0.4", V1_0_4, "0101 02", "", "", false},
		{"RekeyInd in 1.0.4", V1_0_4, "0B01 02", "", "", false},
		{"DeviceModeInd in 1.0.3", V1_0_3, "2002 02", "", "", false},
		{"ForceRejoinReq has no answer", V1_1_0, "0E 02", "", "", false},
		{"reserved", V1_1_0, "14 02", "", "", false},
		{"proprietary", V1_1_0, "80 02", "", "", false},
		{"cut short", V1_0_0, "06FF", "", "", false},
	} {
		c, rest, ok := next(fromHex(tt.in), tt.v)
		if ok != tt.ok || !bytes.Equal(c.payload, fromHex(tt.payload)) || !bytes.Equal(rest, fromHex(tt.rest)) {
			t.Errorf("%s: payload %x, rest %x, %v; want %s, %s, %v", tt.name, c.payload, rest, ok, tt.payload, tt.rest, tt.ok)
		}
	}
}

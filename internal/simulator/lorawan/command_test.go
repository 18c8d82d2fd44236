package lorawan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCommands(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		dir  Direction
		in   string
		want []string
		rest string
	}{
		{"none", Down, "", nil, ""},
		{"LinkCheckReq, LinkADRAns", Up, "020305", []string{"LinkCheck", "LinkADR 05"}, ""},
		{"DevStatusAns", Up, "067307", []string{"DevStatus 7307"}, ""},
		{"two requests", Down, "06080f", []string{"DevStatus", "RXTimingSetup 0f"}, ""},
		{"LinkADRReq cut", Down, "0603500700", []string{"DevStatus"}, "03500700"},
		{"unknown", Down, "068006", []string{"DevStatus"}, "8006"},
		{"no uplink of that name", Up, "0e", nil, "0e"},
		{"ForceRejoinReq", Down, "0e0123", []string{"ForceRejoin 0123"}, ""},
		{"DeviceTimeAns", Down, "0d0102030405", []string{"DeviceTime 0102030405"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			commands, rest := ParseCommands(tt.dir, unhex(t, tt.in))
			var got []string
			for _, c := range commands {
				got = append(got, c.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || !bytes.Equal(rest, unhex(t, tt.rest)) {
				t.Errorf("(-want +got):\n%srest %x, want %s", diff, rest, tt.rest)
			}
			if again := append(EncodeCommands(commands), rest...); !bytes.Equal(again, unhex(t, tt.in)) {
				t.Errorf("encodes to %x, want %s", again, tt.in)
			}
		})
	}
}

func TestCommandVersions(t *testing.T) {
	t.Parallel()
	for c, first := range map[CID]Version{
		LinkCheck: V100, LinkADR: V100, DutyCycle: V100, RXParamSetup: V100, DevStatus: V100, NewChannel: V100, RXTimingSetup: V100,
		TxParamSetup: V102, DlChannel: V102, DeviceTime: V103, ADRParamSetup: V110, RejoinParamSetup: V110, ForceRejoin: V110,
		ResetConf: V110, RekeyConf: V110, DeviceMode: V110, PingSlotInfo: V100, PingSlotChannel: V100, BeaconFreq: V100, BeaconTiming: V100,
	} {
		for v := V100; v <= V110; v++ {
			if got := c.In(v); got != (v >= first) {
				t.Errorf("%s in %s: %v", c, v, got)
			}
		}
		if strings.HasPrefix(c.String(), "CID") {
			t.Errorf("%02X has no name", byte(c))
		}
	}
	if c := CID(0x80); c.In(V110) || c.String() != "CID 80" {
		t.Errorf("proprietary %s is taken for one of the specification", c)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for v, want := range map[Version]string{0: "unknown", V100: "1.0.0", V101: "1.0.1", V102: "1.0.2", V103: "1.0.3", V104: "1.0.4", V110: "1.1", 7: "unknown"} {
		if v.String() != want || v.Valid() != (want != "unknown") || v.CountsNonces() != (v == V104 || v == V110 || v == 7) {
			t.Errorf("version %d: %s, valid %v, counts nonces %v", v, v, v.Valid(), v.CountsNonces())
		}
	}
}

package mac

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"
)

// nodeRequest is what a node asks or indicates, byte by byte, and what it gets.
type nodeRequest struct {
	name    string
	v       Version
	otaa    bool
	in      string
	noClock bool
	answers string
	reply   bool
	events  []Event
}

func nodeRequests() []nodeRequest {
	return []nodeRequest{
		// SNR 5 dB at SF12 is 25 dB above the floor; three gateways.
		{name: "LinkCheckReq", v: V1_0_0, in: "02", answers: "021903", reply: true},
		{name: "LinkCheckReq twice", v: V1_0_0, in: "0202", answers: "021903", reply: true},
		// 1234567890 s = 0x499602D2, 500 ms = 128/256 s.
		{name: "DeviceTimeReq", v: V1_0_3, in: "0D", answers: "0dd202964980", reply: true},
		{name: "DeviceTimeReq of an older node", v: V1_0_2, in: "0D", answers: "0dd202964980", reply: true},
		{name: "DeviceTimeReq without a clock", v: V1_0_3, in: "0D", noClock: true},
		{name: "in order", v: V1_0_3, in: "0D02", answers: "0dd202964980021903", reply: true},
		{
			name: "RekeyInd", v: V1_1_0, otaa: true, in: "0B01", answers: "0b01", reply: true,
			events: []Event{{Kind: Rekeyed, CID: lorawan.RekeyInd}},
		},
		{
			name: "RekeyInd of a later minor version", v: V1_1_0, otaa: true, in: "0B02", answers: "0b01", reply: true,
			events: []Event{{Kind: Rekeyed, CID: lorawan.RekeyInd}},
		},
		{name: "RekeyInd of minor version 0", v: V1_1_0, otaa: true, in: "0B00"},
		{name: "RekeyInd of an ABP node", v: V1_1_0, in: "0B01"},
		{
			name: "ResetInd", v: V1_1_0, in: "0101", answers: "0101", reply: true,
			events: []Event{{Kind: ResetIndicated, CID: lorawan.ResetInd}},
		},
		{name: "ResetInd of an OTAA node", v: V1_1_0, otaa: true, in: "0101"},
		{
			name: "DeviceModeInd C", v: V1_1_0, otaa: true, in: "2002", answers: "2002", reply: true,
			events: []Event{{Kind: ClassChanged, CID: lorawan.DeviceModeInd, Detail: "C"}},
		},
		{name: "DeviceModeInd A, which it is", v: V1_1_0, otaa: true, in: "2000", answers: "2000", reply: true},
		{name: "DeviceModeInd, reserved", v: V1_1_0, otaa: true, in: "2001"},
		{
			name: "class B", v: V1_0_3, in: "1003 12",
			events: []Event{{Kind: ClassBRefused, CID: lorawan.PingSlotInfoReq}},
		},
		{
			name: "unknown behind known", v: V1_0_3, in: "02 80 0D", answers: "021903", reply: true,
			events: []Event{{Kind: UnknownCommand, CID: 0x80}},
		},
		{
			name: "cut short", v: V1_0_3, in: "02 03", answers: "021903", reply: true,
			events: []Event{{Kind: UnknownCommand, CID: lorawan.LinkADRAns}},
		},
		{
			name: "all at once", v: V1_1_0, otaa: true, in: "0B01 02 0D 2002", answers: "0b01" + "021903" + "0dd202964980" + "2002", reply: true,
			events: []Event{{Kind: Rekeyed, CID: lorawan.RekeyInd}, {Kind: ClassChanged, CID: lorawan.DeviceModeInd, Detail: "C"}},
		},
		{name: "answers to nothing", v: V1_1_0, otaa: true, in: "0307 04 0507 0703 08 09 0A03 0C 0F01 1103 1301", reply: true},
	}
}

func TestNodeRequests(t *testing.T) {
	t.Parallel()
	gps := 1_234_567_890*time.Second + 500*time.Millisecond
	for _, tt := range nodeRequests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := eu868(t)
			s := session(t, &want, tt.v, tt.otaa)
			in := up(&want, tt.in)
			in.Gateways = 3
			if !tt.noClock {
				in.GPSTime = &gps
			}
			out := s.Uplink(&want, in)
			if got := hex.EncodeToString(out.Answers); got != tt.answers {
				t.Errorf("answers %s, want %s", got, tt.answers)
			}
			if out.Reply != tt.reply {
				t.Errorf("reply is %v", out.Reply)
			}
			if diff := cmp.Diff(tt.events, out.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRepeatedIndications: what a node says in every uplink is reported once
// and answered every time.
func TestRepeatedIndications(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	s := session(t, &want, V1_1_0, true)
	for i := range 3 {
		out := s.Uplink(&want, up(&want, "0B01 1000 99"))
		if events := len(out.Events); (events == 3) != (i == 0) || (events == 0) != (i > 0) {
			t.Errorf("uplink %d has events %v", i, out.Events)
		}
		if hex.EncodeToString(out.Answers) != "0b01" {
			t.Errorf("uplink %d is answered %x", i, out.Answers)
		}
	}
	s.Uplink(&want, up(&want, ""))
	if out := s.Uplink(&want, up(&want, "0B01")); len(out.Events) != 1 {
		t.Errorf("a later RekeyInd has events %v", out.Events)
	}
}

func TestStatusReport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		battery uint8
		margin  int8
	}{
		{"06 00 00", 0, 0}, {"06 FE 1F", 254, 31}, {"06 FF 20", 255, -32}, {"06 80 3F", 128, -1}, {"06 80 FF", 128, -1},
	} {
		want := eu868(t)
		s := session(t, &want, V1_0_0, true)
		out := s.Uplink(&want, up(&want, tt.in))
		event := Event{Kind: StatusReported, CID: lorawan.DevStatusAns, Battery: tt.battery, Margin: tt.margin}
		if diff := cmp.Diff([]Event{event}, out.Events); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
		status := Status{Battery: tt.battery, Margin: tt.margin, At: now().Unix()}
		if !s.HasStatus || s.Status != status {
			t.Errorf("%s is kept as %v", tt.in, s.Status)
		}
	}
}

// TestReset: an ABP node that was reset uses again what it was made with, and
// what it has been told since is told anew.
func TestReset(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.Factory.RXDelay, want.Factory.RX2DataRate = 5, 3
	s := session(t, &want, V1_1_0, false)
	s.HasStatus, s.Status.Battery = true, 7
	s.ClassC, s.DutyCycle = true, 4
	requests(&s, &want)
	s.Uplink(&want, up(&want, "0101"))
	if s.RXDelay != 5 || s.RX2DataRate != 3 || s.ClassC || s.DutyCycle != 0 {
		t.Errorf("the node is thought to use %+v", s.Params)
	}
	if s.Status.Battery != 7 {
		t.Error("its status is forgotten")
	}
	if got := requests(&s, &want); got != "0801"+"0500d2ad84" {
		t.Errorf("it is asked %s", got)
	}
}

// TestReply: when a downlink is due that would carry nothing.
func TestReply(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v    Version
		in   Uplink
		want bool
	}{
		{name: "nothing", v: V1_0_4},
		{name: "ADRACKReq", v: V1_0_4, in: Uplink{ADRACKReq: true}, want: true},
		{name: "RXParamSetupAns", v: V1_0_1, in: Uplink{Commands: fromHex("0507")}, want: true},
		{name: "RXParamSetupAns, which is said once", v: V1_0_0, in: Uplink{Commands: fromHex("0507")}},
		{name: "RXTimingSetupAns", v: V1_0_2, in: Uplink{Commands: fromHex("08")}, want: true},
		{name: "DlChannelAns", v: V1_0_2, in: Uplink{Commands: fromHex("0A03")}, want: true},
		{name: "TxParamSetupAns", v: V1_0_4, in: Uplink{Commands: fromHex("09")}, want: true},
		{name: "TxParamSetupAns, which is said once", v: V1_0_3, in: Uplink{Commands: fromHex("09")}},
		{name: "PingSlotChannelAns", v: V1_0_3, in: Uplink{Commands: fromHex("1103")}, want: true},
		{name: "LinkADRAns", v: V1_0_4, in: Uplink{Commands: fromHex("0307")}},
	} {
		want := eu868(t)
		s := session(t, &want, tt.v, true)
		if out := s.Uplink(&want, tt.in); out.Reply != tt.want {
			t.Errorf("%s: reply is %v", tt.name, out.Reply)
		}
	}
}

func TestClassBBit(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	s := session(t, &want, V1_0_3, true)
	in := up(&want, "")
	in.ClassB = true
	if out := s.Uplink(&want, in); len(out.Events) != 1 || out.Events[0].Kind != ClassBRefused {
		t.Errorf("the first uplink in class B has events %v", out.Events)
	}
	if out := s.Uplink(&want, in); len(out.Events) != 0 {
		t.Errorf("the second has events %v", out.Events)
	}
}

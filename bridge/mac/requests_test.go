package mac

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// requestCase is a request: its bytes, and what is known of the node after its
// answer.
type requestCase struct {
	name   string
	region region.Options
	v      Version
	wish   func(*Desired)
	want   string
	answer string
	after  func(*Params)
}

func windowCases() []requestCase {
	return []requestCase{
		{
			name: "nothing", v: V1_1_0,
		},
		{
			// MaxDCycle 7.
			name: "DutyCycleReq", v: V1_0_0, wish: func(d *Desired) { d.DutyCycle = 7 },
			want: "0407", answer: "04", after: func(p *Params) { p.DutyCycle = 7 },
		},
		{
			// RX1DROffset 2, RX2 DR 3: 0x23. 869.525 MHz = 8695250 = 0x84ADD2.
			name: "RXParamSetupReq", v: V1_0_0, wish: func(d *Desired) { d.RX1DROffset, d.RX2DataRate = 2, 3 },
			want: "0523d2ad84", answer: "0507", after: func(p *Params) { p.RX1DROffset, p.RX2DataRate = 2, 3 },
		},
		{
			name: "RXTimingSetupReq", v: V1_0_0, wish: func(d *Desired) { d.RXDelay = 5 },
			want: "0805", answer: "08", after: func(p *Params) { p.RXDelay = 5 },
		},
		{
			name: "DevStatusReq", v: V1_0_0, wish: func(d *Desired) { d.StatusInterval = time.Hour },
			want: "06", answer: "06FF0A",
			after: func(p *Params) { p.HasStatus, p.Status = true, Status{Battery: 255, Margin: 10, At: now().Unix()} },
		},
		{
			// Channel 3, 867.1 MHz = 8671000 = 0x844F18, DR0 to DR5.
			name: "NewChannelReq", region: region.Options{Name: "EU868", Channels: fiveMore()[:1]}, v: V1_0_0,
			want: "0703184f8450", answer: "0703",
			after: func(p *Params) {
				p.Channels[3] = region.Channel{Frequency: 867_100_000, MaxDR: 5}
				p.Link.Mask.Set(3, true)
			},
		},
		{
			name: "DlChannelReq", v: V1_0_2, wish: func(d *Desired) { d.Downlinks[1] = 869_525_000 },
			want: "0a01d2ad84", answer: "0A03", after: func(p *Params) { p.Downlinks[1] = 869_525_000 },
		},
		{name: "DlChannelReq is not known yet", v: V1_0_1, wish: func(d *Desired) { d.Downlinks[1] = 869_525_000 }},
	}
}

func otherCases() []requestCase {
	return []requestCase{
		{
			// Both dwell limits, 14 dBm is coded 4: 0x34.
			name: "TxParamSetupReq", region: region.Options{Name: "AS923"}, v: V1_0_2,
			wish: func(d *Desired) { d.UplinkDwell, d.DownlinkDwell, d.MaxEIRP = true, true, 14 },
			want: "0934", answer: "09", after: func(p *Params) { p.UplinkDwell, p.DownlinkDwell = true, true },
		},
		{name: "TxParamSetupReq is not known yet", region: region.Options{Name: "AS923"}, v: V1_0_1},
		{name: "TxParamSetupReq is not known in AU915 yet", region: region.Options{Name: "AU915"}, v: V1_0_2},
		{
			// 30 dBm is coded 13.
			name: "TxParamSetupReq in AU915", region: region.Options{Name: "AU915"}, v: V1_0_3,
			want: "090d", answer: "09", after: func(*Params) {},
		},
		{
			// Limit 2^7, delay 2^4.
			name: "ADRParamSetupReq", v: V1_1_0, wish: func(d *Desired) { d.ADRAck = &ADRAck{LimitExp: 7, DelayExp: 4} },
			want: "0c74", answer: "0C", after: func(p *Params) { p.ADRAck = ADRAck{LimitExp: 7, DelayExp: 4} },
		},
		{name: "ADRParamSetupReq in 1.0.4", v: V1_0_4, wish: func(d *Desired) { d.ADRAck = &ADRAck{LimitExp: 7, DelayExp: 4} }},
		{
			name: "RejoinParamSetupReq", v: V1_1_0, wish: func(d *Desired) { d.Rejoin = &Rejoin{TimeN: 10, CountN: 3} },
			want: "0fa3", answer: "0F01", after: func(p *Params) { p.Rejoin = Rejoin{TimeN: 10, CountN: 3} },
		},
		{
			name: "RejoinParamSetupReq with the least values", v: V1_1_0, wish: func(d *Desired) { d.Rejoin = &Rejoin{} },
			want: "0f00", answer: "0F01", after: func(*Params) {},
		},
		{
			name: "LinkADRReq for a mask in US915", region: region.Options{Name: "US915", SubBand: 2}, v: V1_0_3,
			// ChMaskCntl 7 with channel 65, then channels 8 to 15; each answered.
			want: "0300020071" + "030000ff01", answer: "0307 0307",
			after: func(p *Params) { p.Link.Mask = region.Mask{0: 0xff00, 4: 0x0002} },
		},
		{
			name: "the same in 1.1, answered once", region: region.Options{Name: "US915", SubBand: 2}, v: V1_1_0,
			want: "0300020071" + "030000ff01", answer: "0307",
			after: func(p *Params) { p.Link.Mask = region.Mask{0: 0xff00, 4: 0x0002} },
		},
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range append(windowCases(), otherCases()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.region.Name == "" {
				tt.region.Name = "EU868"
			}
			want := DefaultDesired(newRegion(t, tt.region))
			if tt.wish != nil {
				tt.wish(&want)
			}
			s := session(t, &want, tt.v, true)
			if got := requests(&s, &want); got != tt.want {
				t.Fatalf("asks %s, want %s", got, tt.want)
			}
			if got := requests(&s, &want); got != "" {
				t.Errorf("asks %s again before the next uplink", got)
			}
			expected := s.Params
			if tt.after != nil {
				tt.after(&expected)
			}
			in := up(&want, tt.answer)
			in.ADR = true
			s.Uplink(&want, in)
			if diff := cmp.Diff(expected, s.Params); diff != "" {
				t.Errorf("after the answer (-want +got):\n%s", diff)
			}
			s.Uplink(&want, in)
			s.Uplink(&want, up(&want, ""))
			if got := requests(&s, &want); got != "" {
				t.Errorf("asks %s when all is as desired", got)
			}
		})
	}
}

// TestRoom: what does not fit is left for later, and a block of LinkADRReq is
// never torn apart.
func TestRoom(t *testing.T) {
	t.Parallel()
	want := us915(t)
	want.DutyCycle, want.StatusInterval = 3, time.Hour
	for _, tt := range []struct {
		room int
		want string
		more bool
	}{
		{0, "", true},
		{1, "06", true},
		{9, "0403" + "06", true},
		{10, "0300020071" + "030000ff01", true},
		{15, "0300020071" + "030000ff01" + "0403" + "06", false},
	} {
		s := session(t, &want, V1_0_4, true)
		cmds, more := s.Requests(&want, now(), tt.room)
		if got := hex.EncodeToString(cmds); got != tt.want || more != tt.more {
			t.Errorf("%d bytes of room: %s, %v; want %s, %v", tt.room, got, more, tt.want, tt.more)
		}
	}
}

// TestSeveralChannels: answers to several NewChannelReq belong to them in
// order; those that are missing are asked for again.
func TestSeveralChannels(t *testing.T) {
	t.Parallel()
	want := DefaultDesired(newRegion(t, region.Options{Name: "EU868", Channels: fiveMore()}))
	s := session(t, &want, V1_0_4, true)
	cmds, more := s.Requests(&want, now(), 15)
	if len(cmds) != 12 || !more {
		t.Fatalf("FOpts are %x, more is %v", cmds, more)
	}
	s.Uplink(&want, up(&want, "0703"))
	if s.Channels[3].Frequency != 867_100_000 || s.Channels[4].Frequency != 0 {
		t.Errorf("channels are %v", s.Channels)
	}
	cmds, more = s.Requests(&want, now(), 51)
	if len(cmds) != 24 || more || cmds[1] != 4 {
		t.Fatalf("port 0 has %x, more is %v", cmds, more)
	}
	s.Uplink(&want, up(&want, "0703 0702 0703 0703"))
	if s.Channels[4].Frequency == 0 || s.Channels[5].Frequency != 0 || s.Channels[7].Frequency != 867_900_000 {
		t.Errorf("channels are %v", s.Channels)
	}
	if s.Link.Mask != (region.Mask{0: 0b11011111}) {
		t.Errorf("the mask is %04x", s.Link.Mask)
	}
}

func TestStatusInterval(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	s := session(t, &want, V1_0_0, true)
	s.Uplink(&want, up(&want, "06FF00"))
	for _, tt := range []struct {
		interval, age time.Duration
		due           bool
	}{
		{0, 100 * time.Hour, false}, {time.Hour, time.Minute, false}, {time.Hour, time.Hour, true}, {time.Hour, -time.Minute, true},
	} {
		if due := s.statusDue(tt.interval, now().Add(tt.age)); due != tt.due {
			t.Errorf("interval %v, age %v: due is %v", tt.interval, tt.age, due)
		}
	}
}

// TestISM2400: frequencies of the 2.4 GHz band are counted in 200 Hz.
func TestISM2400(t *testing.T) {
	t.Parallel()
	want := DefaultDesired(newRegion(t, region.Options{Name: "ISM2400", Channels: []region.Channel{{Frequency: 2_450_000_000, MaxDR: 7}}}))
	want.RX2DataRate, want.Downlinks[0] = 3, 2_425_000_000
	s := session(t, &want, V1_0_4, true)
	// The node has its channel mask to itself until it has answered.
	for range 3 {
		requests(&s, &want)
		s.Uplink(&want, up(&want, "0703 0507 09 0A03"))
		s.Uplink(&want, up(&want, ""))
	}
	if s.RX2Frequency != want.RX2Frequency || s.RX2DataRate != 3 || s.Downlinks[0] != 2_425_000_000 || s.Channels[3].Frequency != 2_450_000_000 {
		t.Errorf("the node is thought to use %+v", s.Params)
	}
	if got := s.RX1Frequency(0, 2_403_000_000); got != 2_425_000_000 {
		t.Errorf("RX1 is at %d", got)
	}
	for _, unmapped := range []int{-1, 1, 50} {
		if got := s.RX1Frequency(unmapped, 2_403_000_000); got != 2_403_000_000 {
			t.Errorf("RX1 of channel %d is at %d", unmapped, got)
		}
	}
}

package mac

import (
	"testing"

	"gatewayd/radio"
)

// adrCase is a node with a full history, and what ADR makes of it.
type adrCase struct {
	name    string
	snr     float32
	link    Link
	lost    uint32 // counters that never came, of those sent during the history
	change  func(*ADR)
	maxDR   uint8 // that the node has not refused
	want    LinkSetting
	missing int // uplinks that the history lacks
}

// adrCases: steps = (SNR - required SNR - margin) / 3, as in Semtech's paper.
func adrCases() []adrCase {
	return []adrCase{
		// SF12: -20 dB. (5+20-10)/3 = 5 steps: DR0 to DR5.
		{name: "all into the data rate", snr: 5, want: LinkSetting{DR: 5, NbTrans: 1}},
		// (-5+20-10)/3 = 1.
		{name: "one step", snr: -5, want: LinkSetting{DR: 1, NbTrans: 1}},
		// (-6+20-10)/3 = 1.33.
		{name: "a step and a bit", snr: -6, want: LinkSetting{DR: 1, NbTrans: 1}},
		// (-8+20-10)/3 = 0.67.
		{name: "less than a step", snr: -8, want: LinkSetting{NbTrans: 1}},
		// (12+20-10)/3 = 7.33: five up, two down in power.
		{name: "the rest into the power", snr: 12, want: LinkSetting{DR: 5, TXPower: 2, NbTrans: 1}},
		// SF7: -7.5 dB. (10+7.5-10)/3 = 2.5.
		{name: "at the highest data rate", snr: 10, link: Link{DR: 5}, want: LinkSetting{DR: 5, TXPower: 2, NbTrans: 1}},
		{name: "all there is", snr: 31, link: Link{DR: 5}, want: LinkSetting{DR: 5, TXPower: 7, NbTrans: 1}},
		{name: "power adds up", snr: 10, link: Link{DR: 5, TXPower: 3}, want: LinkSetting{DR: 5, TXPower: 5, NbTrans: 1}},
		// (-3+7.5-10)/3 = -1.83.
		{name: "power back", snr: -3, link: Link{DR: 5, TXPower: 3}, want: LinkSetting{DR: 5, TXPower: 2, NbTrans: 1}},
		{name: "full power is all there is", snr: -7, link: Link{DR: 5, TXPower: 1}, want: LinkSetting{DR: 5, NbTrans: 1}},
		{name: "the data rate is not lowered", snr: -7, link: Link{DR: 5}, want: LinkSetting{DR: 5, NbTrans: 1}},
		{name: "too little history", snr: 5, missing: 1, want: LinkSetting{NbTrans: 1}},
		{
			name: "another margin", snr: 5, change: func(a *ADR) { a.Margin = 15 },
			want: LinkSetting{DR: 3, NbTrans: 1},
		},
		{
			name: "bounds", snr: 30, change: func(a *ADR) { a.MaxDR, a.MaxTXPower = 3, 1 },
			want: LinkSetting{DR: 3, TXPower: 1, NbTrans: 1},
		},
		{
			name: "below the bounds", snr: -18, change: func(a *ADR) { a.MinDR = 2 }, missing: 10,
			want: LinkSetting{DR: 2, NbTrans: 1},
		},
		{
			name: "above the bounds", snr: 5, link: Link{DR: 5, TXPower: 1}, change: func(a *ADR) { a.MaxDR = 2 }, missing: 10,
			want: LinkSetting{DR: 2, TXPower: 1, NbTrans: 1},
		},
		{
			name: "into the bounds first", snr: 30, link: Link{DR: 5, TXPower: 1}, change: func(a *ADR) { a.MaxDR = 2 },
			want: LinkSetting{DR: 2, TXPower: 1, NbTrans: 1},
		},
		{
			name: "bounds beyond the region", snr: 30, change: func(a *ADR) { a.MaxDR, a.MaxTXPower = 15, 2 },
			want: LinkSetting{DR: 5, TXPower: 2, NbTrans: 1},
		},
		{name: "a data rate the node refused", snr: 5, maxDR: 4, want: LinkSetting{DR: 4, TXPower: 1, NbTrans: 1}},
		// 1 of 21 is 4.8 %, 2 of 22 are 9.1 %, 5 of 25 are 20 %, 10 of 30 are 33 %.
		{name: "4.8 % lost", snr: -8, lost: 1, want: LinkSetting{NbTrans: 1}},
		{name: "9.1 % lost", snr: -8, lost: 2, want: LinkSetting{NbTrans: 1}},
		{name: "20 % lost", snr: -8, lost: 5, want: LinkSetting{NbTrans: 2}},
		{name: "33 % lost", snr: -8, lost: 10, want: LinkSetting{NbTrans: 3}},
		{name: "9.1 % lost of two", snr: -8, lost: 2, link: Link{NbTrans: 2}, want: LinkSetting{NbTrans: 2}},
		{name: "20 % lost of two", snr: -8, lost: 5, link: Link{NbTrans: 2}, want: LinkSetting{NbTrans: 3}},
		{name: "none lost of three", snr: -8, link: Link{NbTrans: 3}, want: LinkSetting{NbTrans: 2}},
		{name: "none lost of two", snr: -8, link: Link{NbTrans: 2}, want: LinkSetting{NbTrans: 1}},
		{
			name: "33 % lost, twice at most", snr: -8, lost: 10, change: func(a *ADR) { a.MaxNbTrans = 2 },
			want: LinkSetting{NbTrans: 2},
		},
		{
			name: "none lost, twice at least", snr: -8, change: func(a *ADR) { a.MinNbTrans = 2 },
			want: LinkSetting{NbTrans: 2},
		},
	}
}

func TestADR(t *testing.T) {
	t.Parallel()
	for _, tt := range adrCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := eu868(t)
			if tt.change != nil {
				tt.change(&want.ADR)
			}
			s := session(t, &want, V1_0_4, true)
			s.Link = Link{DR: tt.link.DR, TXPower: tt.link.TXPower, NbTrans: max(tt.link.NbTrans, 1), Mask: s.Link.Mask}
			if tt.maxDR != 0 {
				s.maxDR = tt.maxDR
			}
			in := adrUp(&want, tt.link.DR, "")
			for i := range historySize - tt.missing {
				in.FCnt++
				in.SNR = tt.snr - float32(i%3) // the best counts
				if i == 1 {
					in.FCnt += tt.lost
				}
				s.Uplink(&want, in)
			}
			l := s.wantedLink(&want)
			if got := (LinkSetting{l.DR, l.TXPower, l.NbTrans}); got != tt.want {
				t.Errorf("ADR wants %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestNbTransTable is the whole table of Semtech's algorithm.
func TestNbTransTable(t *testing.T) {
	t.Parallel()
	for lost, row := range map[float64][3]uint8{
		0: {1, 1, 2}, 0.049: {1, 1, 2}, 0.05: {1, 2, 3}, 0.099: {1, 2, 3}, 0.10: {2, 3, 3}, 0.299: {2, 3, 3}, 0.30: {3, 3, 3}, 1: {3, 3, 3},
	} {
		for i, want := range row {
			if got := nbTrans(uint8(i+1), lost); got != want {
				t.Errorf("%v lost of %d: %d, want %d", lost, i+1, got, want)
			}
		}
	}
	if nbTrans(0, 0) != 1 || nbTrans(15, 0) != 2 {
		t.Error("values beyond the table are not brought into it")
	}
}

// TestADRBit: without the bit nothing is learnt and nothing asked.
func TestADRBit(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	s := session(t, &want, V1_0_4, true)
	in := adrUp(&want, 0, "")
	for range historySize {
		in.FCnt++
		s.Uplink(&want, in)
	}
	if got := requests(&s, &want); got != "0350070001" {
		t.Fatalf("asks %q", got)
	}
	in.ADR = false
	in.FCnt++
	s.Uplink(&want, in)
	in.ADR = true
	in.FCnt++
	s.Uplink(&want, in)
	if got := requests(&s, &want); got != "" || s.history.n != 1 {
		t.Errorf("asks %q with %d samples", got, s.history.n)
	}
}

// TestADRLearnsLimits: a node that has fewer powers than its region is asked
// for less each time, until it says yes, whichever way it says no.
func TestADRLearnsLimits(t *testing.T) {
	t.Parallel()
	for _, no := range []string{"0303", "0300"} {
		want := eu868(t)
		s := session(t, &want, V1_0_1, true)
		in := adrUp(&want, 5, "")
		in.SNR = 30
		for range 200 {
			in.FCnt++
			s.Uplink(&want, in)
			in.Commands = nil
			if cmds, _ := s.Requests(&want, now(), 15); len(cmds) > 0 {
				in.Commands = fromHex("0307")
				if power := cmds[1] & 0x0f; power > 5 { // as in LoRaWAN 1.0.1
					in.Commands = fromHex(no)
				}
			}
		}
		if s.Link.TXPower != 5 || s.maxTXPower != 5 || s.maxDR < 5 {
			t.Errorf("refused with %s: the link is %v", no, s.Link)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	sf12, fsk := radio.LoRaDataRate(12, 125_000), radio.FSKDataRate(50_000)
	var h history
	if h.lost() != 0 {
		t.Error("an empty history has losses")
	}
	for i := range uint32(30) {
		h.add(2*i, sf12, float32(i))
	}
	if !h.full() || h.samples[0].fCnt != 20 || h.maxSNR() != 29 {
		t.Errorf("history %+v", h)
	}
	if got := h.lost(); got != 19.0/39 {
		t.Errorf("lost %v", got)
	}
	h.add(58, sf12, -3.2)
	if h.n != 1 || h.maxSNR() != -3.25 {
		t.Errorf("after a counter that does not grow: %+v", h)
	}
	h.add(59, fsk, 0)
	if h != (history{}) {
		t.Errorf("after FSK: %+v", h)
	}
	for snr, want := range map[float32]int8{0: 0, 100: 127, -100: -128, 7.5: 30, -20: -80} {
		if got := quarters(snr); got != want {
			t.Errorf("%v dB is kept as %d, want %d", snr, got, want)
		}
	}
}

package mac

import (
	"gatewayd/bridge/region"
	"gatewayd/radio"
)

// ADRMode says who chooses a node's data rate, power and repetitions. In no
// mode is a node told that has its ADR bit off: it chooses itself.
type ADRMode uint8

// The modes.
const (
	ADROff    ADRMode = iota // the node; the channel mask is still set
	ADROn                    // the algorithm
	ADRStatic                // the operator
)

// ADR is how the link of one node is adapted.
type ADR struct {
	Mode ADRMode

	// Bounds of the algorithm. Data rates beyond what the region's plan allows
	// are not used whatever is set here.
	MinDR, MaxDR           uint8
	MaxTXPower             uint8   // highest TX power index, that is the lowest power
	MinNbTrans, MaxNbTrans uint8   // 1..15
	Margin                 float32 // dB kept in reserve: the installation margin

	Static LinkSetting // of ADRStatic
}

// LinkSetting is a data rate index, TX power index and number of
// transmissions.
type LinkSetting struct{ DR, TXPower, NbTrans uint8 }

// DefaultMargin is the installation margin, in dB, of Semtech's algorithm.
const DefaultMargin = 10

// DefaultADR lets the algorithm use all that a region allows.
func DefaultADR(r *region.Region) ADR {
	low, high := r.ADRRange()
	return ADR{
		Mode: ADROn, MinDR: low, MaxDR: high, MaxTXPower: r.MaxTXPower(),
		MinNbTrans: 1, MaxNbTrans: 3, Margin: DefaultMargin,
	}
}

// step is what one step of the algorithm changes the link by, in dB.
const step = 3

// adapt is Semtech's algorithm: l with the data rate, power and repetitions
// that the last uplinks call for.
func (s *State) adapt(want *Desired, l Link) Link {
	a := want.ADR
	low, high := want.Region.ADRRange()
	high = min(high, a.MaxDR, s.maxDR)
	l.DR = min(max(l.DR, a.MinDR, low), max(high, low))
	dr, ok := want.Region.DataRate(s.Link.DR)
	if !ok || dr.Modulation != radio.LoRa || !s.history.full() {
		return l
	}
	l.NbTrans = min(max(nbTrans(l.NbTrans, s.history.lost()), a.MinNbTrans, 1), max(a.MaxNbTrans, 1))
	steps := int((Margin(dr, s.history.maxSNR()) - a.Margin) / step)
	if l.DR != s.Link.DR {
		return l // moved into bounds: measured anew from there
	}
	l.DR, l.TXPower = climb(steps, l.DR, max(high, l.DR), l.TXPower, min(a.MaxTXPower, s.maxTXPower))
	return l
}

// climb uses up spare steps, the data rate first and then the power. Missing
// steps are made up for with power only: it is for the node to lower its data
// rate when it is no longer heard.
func climb(steps int, dr, maxDR, power, maxPower uint8) (newDR, newPower uint8) {
	for ; steps > 0 && dr < maxDR; steps-- {
		dr++
	}
	for ; steps > 0 && power < maxPower; steps-- {
		power++
	}
	for ; steps < 0 && power > 0; steps++ {
		power--
	}
	return dr, min(power, maxPower)
}

// nbTrans is how often a frame is to be sent when of those sent current times
// the share lost, 0..1, never arrived. Source: the table of Semtech's
// algorithm.
func nbTrans(current uint8, lost float64) uint8 {
	table := [4][3]uint8{
		{1, 1, 2}, // less than 5 %
		{1, 2, 3}, // less than 10 %
		{2, 3, 3}, // less than 30 %
		{3, 3, 3},
	}
	row := 3
	for i, below := range []float64{0.05, 0.10, 0.30} {
		if lost < below {
			row = i
			break
		}
	}
	return table[row][min(max(current, 1), 3)-1]
}

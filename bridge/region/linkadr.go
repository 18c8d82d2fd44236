package region

import (
	"fmt"

	"github.com/brocaar/lorawan"
)

// Values of ChMaskCntl beyond the 16 channels it numbers.
const (
	allOn  = 6 // all (125 kHz) channels on
	allOff = 7 // US915, AU915: all 125 kHz channels off
)

// wideGroup is the group of 16 that holds the 500 kHz channels.
const wideGroup = 4

// maskStep is ChMaskCntl and ChMask of one LinkADRReq.
type maskStep struct {
	cntl uint8
	mask uint16
}

// LinkADR is the block of LinkADRReq that takes a node with the channels
// current to want, and to dr, power (TXPower index) and nbTrans: at least one
// command, as few as the ChMaskCntl values common to all versions allow. Nodes
// since 1.0.2 accept or refuse the block as a whole; it must not be torn
// apart. Channels the region does not have are ignored.
func (r *Region) LinkADR(current, want Mask, dr, power, nbTrans uint8) []lorawan.LinkADRReqPayload {
	steps := r.maskSteps(current, want)
	block := make([]lorawan.LinkADRReqPayload, len(steps))
	for i, s := range steps {
		// The last command's values count; 1.0.1 and earlier take each.
		block[i] = lorawan.LinkADRReqPayload{
			DataRate: dr, TXPower: power, ChMask: chMask(s.mask),
			Redundancy: lorawan.Redundancy{ChMaskCntl: s.cntl, NbRep: nbTrans},
		}
	}
	return block
}

func (r *Region) maskSteps(current, want Mask) []maskStep {
	have := span(0, len(r.channels))
	current, want = current.and(have), want.and(have)
	switch {
	case !r.fixed:
		return []maskStep{{0, want[0]}}
	case r.wide:
		return shortest(
			changes(current, want),
			append([]maskStep{{allOff, want[wideGroup]}}, except(want, wideGroup, 0)...),
			append([]maskStep{{allOn, want[wideGroup]}}, except(want, wideGroup, 0xFFFF)...),
		)
	default:
		return shortest(
			changes(current, want),
			append([]maskStep{{allOn, 0xFFFF}}, except(want, len(want), 0xFFFF)...),
		)
	}
}

// changes sets the groups of 16 that differ, or if none does, one again: data
// rate and power travel with it. That one has channels where possible, because
// nodes are wary of empty masks.
func changes(current, want Mask) []maskStep {
	var steps []maskStep
	again := maskStep{0, want[0]}
	for g := range want {
		if current[g] != want[g] {
			steps = append(steps, maskStep{uint8(g), want[g]})
		}
		if again.mask == 0 {
			again = maskStep{uint8(g), want[g]}
		}
	}
	if steps == nil {
		return []maskStep{again}
	}
	return steps
}

// except sets those of the first n groups that want has other than as.
func except(want Mask, n int, as uint16) []maskStep {
	var steps []maskStep
	for g, mask := range want[:n] {
		if mask != as {
			steps = append(steps, maskStep{uint8(g), mask})
		}
	}
	return steps
}

// shortest is the first of those with the fewest steps.
func shortest(ways ...[]maskStep) []maskStep {
	best := ways[0]
	for _, w := range ways[1:] {
		if len(w) < len(best) {
			best = w
		}
	}
	return best
}

// ApplyLinkADR is the channels of a node that had current and accepted block.
// An error means that no node of the region can have accepted it.
func (r *Region) ApplyLinkADR(current Mask, block []lorawan.LinkADRReqPayload) (Mask, error) {
	have := span(0, len(r.channels))
	m := current
	for _, c := range block {
		if err := r.applyMask(&m, have, c.Redundancy.ChMaskCntl, word(c.ChMask)); err != nil {
			return current, err
		}
	}
	if m.Count() == 0 {
		return current, fmt.Errorf("the LinkADRReq block leaves no channel")
	}
	return m, nil
}

func (r *Region) applyMask(m *Mask, have Mask, cntl uint8, mask uint16) error {
	group := cntl
	switch {
	case r.wide && (cntl == allOn || cntl == allOff):
		on := uint16(0)
		if cntl == allOn {
			on = 0xFFFF
		}
		for g := range m[:wideGroup] {
			m[g] = on
		}
		group = wideGroup
	case cntl == allOn:
		*m = have
		return nil
	case int(cntl) >= (len(r.channels)+15)/16:
		return fmt.Errorf("ChMaskCntl %d is reserved in %s", cntl, r.name)
	}
	if mask&^have[group] != 0 {
		return fmt.Errorf("ChMaskCntl %d, ChMask %04x: channels that %s does not have", cntl, mask, r.name)
	}
	m[group] = mask
	return nil
}

func chMask(word uint16) lorawan.ChMask {
	var m lorawan.ChMask
	for i := range m {
		m[i] = word&(1<<i) != 0
	}
	return m
}

func word(m lorawan.ChMask) uint16 {
	var w uint16
	for i, on := range m {
		if on {
			w |= 1 << i
		}
	}
	return w
}

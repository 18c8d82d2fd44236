package regional

import (
	"errors"
	"fmt"
	"slices"
)

// Channel is one uplink channel.
type Channel struct {
	Index     int
	Hz        uint32
	DownHz    uint32 // of RX1 if a DlChannelReq moved it, else 0
	Low, High uint8  // data rate indices
}

// Carries reports whether c may be used at data rate dr.
func (c Channel) Carries(dr uint8) bool { return dr >= c.Low && dr <= c.High }

// Channels are the channels of one node, by index. Those with Hz 0 are not
// defined.
type Channels struct {
	slots []Channel
	on    []bool
}

// newChannels makes the list of size channels of which the first are defined
// and enabled.
func newChannels(size int, defined []Channel) Channels {
	c := Channels{slots: make([]Channel, size), on: make([]bool, size)}
	for i := range c.slots {
		c.slots[i].Index = i
		if i < len(defined) {
			defined[i].Index = i
			c.slots[i], c.on[i] = defined[i], true
		}
	}
	return c
}

func (c Channels) clone() Channels {
	return Channels{slots: slices.Clone(c.slots), on: slices.Clone(c.on)}
}

// Enabled are the channels that may be used.
func (c Channels) Enabled() []Channel {
	var out []Channel
	for i, slot := range c.slots {
		if c.on[i] {
			out = append(out, slot)
		}
	}
	return out
}

// Usable are the enabled channels that carry data rate dr.
func (c Channels) Usable(dr uint8) []Channel {
	return slices.DeleteFunc(c.Enabled(), func(ch Channel) bool { return !ch.Carries(dr) })
}

// Define puts a channel at index i and enables it; Hz 0 removes it.
func (c Channels) Define(i int, ch Channel) Channels {
	out := c.clone()
	ch.Index = i
	out.slots[i], out.on[i] = ch, ch.Hz != 0
	return out
}

// Move moves the first receive window of channel i to hz.
func (c Channels) Move(i int, hz uint32) Channels {
	out := c.clone()
	out.slots[i].DownHz = hz
	return out
}

// Defined reports whether channel i exists and has a frequency.
func (c Channels) Defined(i int) bool { return i < len(c.slots) && c.slots[i].Hz != 0 }

// Len is how many channels a node can have.
func (c Channels) Len() int { return len(c.slots) }

// errRFU is a ChMaskCntl that the region has no meaning for.
var errRFU = errors.New("ChMaskCntl is RFU")

// set enables those of n channels from first on that mask says, and disables
// the others. A bit for a channel that is not defined is an error.
func (c Channels) set(first, n int, mask uint16) error {
	for i := range n {
		want := mask>>i&1 == 1
		if want && !c.Defined(first+i) {
			return fmt.Errorf("channel %d is not defined", first+i)
		}
		if first+i < len(c.on) {
			c.on[first+i] = want
		}
	}
	return nil
}

// all enables or disables n channels from first on, as far as they are
// defined.
func (c Channels) all(first, n int, on bool) {
	for i := first; i < first+n; i++ {
		c.on[i] = on && c.Defined(i)
	}
}

// Mask is c after one LinkADRReq. An error means that the node refuses it; a
// mask that leaves no channel is not one, since the next LinkADRReq of the
// block may enable some.
func (r Region) Mask(c Channels, cntl uint8, mask uint16) (Channels, error) {
	return r.mask(c.clone(), cntl, mask)
}

// mask16 is ChMaskCntl of the regions with 16 channels that a network
// defines.
func mask16(c Channels, cntl uint8, mask uint16) (Channels, error) {
	switch cntl {
	case 0:
		return c, c.set(0, 16, mask)
	case 6:
		c.all(0, 16, true)
		return c, nil
	}
	return c, errRFU
}

// The 72 channels of US915 and AU915: 64 of 125 kHz, then 8 of 500 kHz.
const (
	narrow = 64
	wide   = 8
)

// mask72 is ChMaskCntl of US915 and AU915.
func mask72(c Channels, cntl uint8, mask uint16) (Channels, error) {
	switch cntl {
	case 0, 1, 2, 3:
		return c, c.set(16*int(cntl), 16, mask)
	case 4:
		return c, c.set(narrow, wide, mask)
	case 5: // each bit is a bank of eight narrow channels and a wide one
		for bank := range wide {
			on := mask>>bank&1 == 1
			c.all(8*bank, 8, on)
			c.all(narrow+bank, 1, on)
		}
		return c, nil
	case 6, 7:
		c.all(0, narrow, cntl == 6)
		return c, c.set(narrow, wide, mask)
	}
	return c, errRFU
}

// mask96 is ChMaskCntl of CN470 with 96 channels.
func mask96(c Channels, cntl uint8, mask uint16) (Channels, error) {
	switch {
	case cntl <= 5:
		return c, c.set(16*int(cntl), 16, mask)
	case cntl == 6:
		c.all(0, 96, true)
		return c, nil
	}
	return c, errRFU
}

// Restore enables again what a node falls back to: every channel if they are
// fixed, else the region's own besides those of c.
func (r Region) Restore(c Channels) Channels {
	out := c.clone()
	for i := range out.on {
		out.on[i] = out.on[i] || out.Defined(i) && (r.fixed || i < r.own)
	}
	return out
}

// The types of CFList: the last of its 16 bytes.
const (
	cfListFrequencies = 0
	cfListMasks       = 1
	cfListChannels    = 5 // in a list of frequencies
)

// WithCFList are the channels of a node that has just joined and got cfList,
// which may be empty.
func (r Region) WithCFList(cfList []byte) (Channels, error) {
	if len(cfList) == 0 {
		return r.Channels(), nil
	}
	c, kind := r.Channels(), cfList[15]
	switch {
	case kind == cfListFrequencies && !r.fixed:
		return r.addFrequencies(c, cfList)
	case kind == cfListMasks && r.fixed:
		return r.takeMasks(c, cfList)
	}
	return c, fmt.Errorf("CFList of type %d is not for %s", kind, r)
}

// addFrequencies adds the up to five channels of a CFList of type 0 behind
// the region's own.
func (r Region) addFrequencies(c Channels, cfList []byte) (Channels, error) {
	for i := range cfListChannels {
		hz := r.Frequency(cfList[3*i:])
		if hz != 0 && !r.AllowsUplink(hz) {
			return c, fmt.Errorf("CFList: %d Hz is outside of %s", hz, r)
		}
		c = c.Define(r.own+i, Channel{Hz: hz, Low: 0, High: c.slots[0].High})
	}
	return c, nil
}

// takeMasks takes the channels that a CFList of type 1 enables.
func (r Region) takeMasks(c Channels, cfList []byte) (Channels, error) {
	for i := 0; 16*i < c.Len(); i++ {
		mask := uint16(cfList[2*i]) | uint16(cfList[2*i+1])<<8
		if err := c.set(16*i, min(16, c.Len()-16*i), mask); err != nil {
			return c, err
		}
	}
	if len(c.Enabled()) == 0 {
		return c, fmt.Errorf("CFList leaves no channel of %s", r)
	}
	return c, nil
}

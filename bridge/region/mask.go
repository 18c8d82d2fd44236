package region

import "math/bits"

// maxChannels is how many uplink channels a Mask can hold: CN470 has them all.
const maxChannels = 96

// Mask is a set of uplink channels by number: bit i of word g is channel
// 16g+i. The zero value is empty; masks compare with ==.
type Mask [maxChannels / 16]uint16

// Has reports whether channel i (0..95) is in m.
func (m Mask) Has(i int) bool {
	return i >= 0 && i < maxChannels && m[i/16]&(1<<(i%16)) != 0
}

// Set puts channel i (0..95) into m, or takes it out. Other numbers are
// ignored.
func (m *Mask) Set(i int, on bool) {
	if i < 0 || i >= maxChannels {
		return
	}
	if on {
		m[i/16] |= 1 << (i % 16)
	} else {
		m[i/16] &^= 1 << (i % 16)
	}
}

// Count is the number of channels in m.
func (m Mask) Count() int {
	n := 0
	for _, word := range m {
		n += bits.OnesCount16(word)
	}
	return n
}

// and is the channels that are in both.
func (m Mask) and(o Mask) Mask {
	for g := range m {
		m[g] &= o[g]
	}
	return m
}

// span is the channels from..to-1.
func span(from, to int) Mask {
	var m Mask
	for i := from; i < to; i++ {
		m.Set(i, true)
	}
	return m
}

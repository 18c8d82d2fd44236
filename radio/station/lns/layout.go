package lns

import (
	"cmp"
	"slices"

	"gatewayd/radio"
)

// What an SX1301, 1302 or 1303 can listen on at a time.
const (
	radios        = 2
	multiSFChains = 8 // 125 kHz, every spreading factor
)

// How far the middle of a channel may be from the radio's frequency, in Hz:
// LGW_RF_RX_BANDWIDTH of Semtech's HAL less the channel, halved.
const (
	reach125 = (925_000 - 125_000) / 2
	reach250 = (1_000_000 - 250_000) / 2
	reach500 = (1_100_000 - 500_000) / 2
)

// chain is a demodulator that listens.
type chain struct {
	channel Channel
	radio   int
	rate    radio.DataRate // of the chain for one LoRa data rate
}

// layout is which demodulator and radio listens on which channel.
type layout struct {
	centre [radios]span
	multi  []chain
	fast   *chain // LoRa at 250 or 500 kHz, one spreading factor
	fsk    *chain
	left   []Channel
}

// span is where a radio's frequency may lie, in Hz.
type span struct {
	low, high uint32
	used      bool
}

// admit narrows s so that a channel at frequency is within reach.
func (s *span) admit(frequency, reach uint32) bool {
	n := span{frequency - reach, frequency + reach, true}
	if s.used {
		n.low, n.high = max(s.low, n.low), min(s.high, n.high)
	}
	if n.low > n.high {
		return false
	}
	*s = n
	return true
}

// frequency is the middle, 0 if the radio is not in use.
func (s span) frequency() uint32 { return s.low + (s.high-s.low)/2 }

// lay puts the channels on radios the way stations since 2.0.4 do from
// upchannels, so that older ones, which go by what they are told, listen on
// the same: by frequency, first the 125 kHz channels, then FSK, then fast
// LoRa.
func (p *Plan) lay() layout {
	var l layout
	channels := slices.Clone(p.Channels)
	slices.SortStableFunc(channels, func(a, b Channel) int { return cmp.Compare(a.Frequency, b.Frequency) })
	served := map[Channel]bool{}
	for _, c := range channels {
		if p.carries125(c) && len(l.multi) < multiSFChains {
			if r, ok := l.place(c.Frequency, reach125); ok {
				l.multi = append(l.multi, chain{channel: c, radio: r})
				served[c] = true
			}
		}
	}
	for _, c := range channels {
		if _, ok := p.find(c, func(d DataRate) bool { return d.Modulation == radio.FSK }); ok && l.fsk == nil {
			if r, ok := l.place(c.Frequency, reach125); ok {
				l.fsk, served[c] = &chain{channel: c, radio: r}, true
			}
		}
	}
	for _, c := range channels {
		d, ok := p.find(c, func(d DataRate) bool { return d.Modulation == radio.LoRa && d.Bandwidth > 125_000 })
		if !ok || l.fast != nil {
			continue
		}
		if r, ok := l.place(c.Frequency, reach(d.Bandwidth)); ok {
			l.fast, served[c] = &chain{channel: c, radio: r, rate: d.DataRate}, true
		}
	}
	l.left = slices.DeleteFunc(channels, func(c Channel) bool { return served[c] })
	return l
}

func (p *Plan) carries125(c Channel) bool {
	_, ok := p.find(c, func(d DataRate) bool { return d.Modulation == radio.LoRa && d.Bandwidth == 125_000 })
	return ok
}

// find is the first data rate of c for which is holds.
func (p *Plan) find(c Channel, is func(DataRate) bool) (DataRate, bool) {
	for dr := c.MinDR; dr <= c.MaxDR; dr++ {
		if d := p.DataRates[dr]; d.known() && !d.DownlinkOnly && is(d) {
			return d, true
		}
	}
	return DataRate{}, false
}

func reach(bandwidth uint32) uint32 {
	if bandwidth == 250_000 {
		return reach250
	}
	return reach500
}

// place finds a radio for a channel.
func (l *layout) place(frequency, reach uint32) (int, bool) {
	for i := range l.centre {
		if l.centre[i].admit(frequency, reach) {
			return i, true
		}
	}
	return 0, false
}

// offset is how far c is from its radio's frequency, in Hz.
func (l *layout) offset(c chain) int {
	return int(c.channel.Frequency) - int(l.centre[c.radio].frequency())
}

package radiotest

import "gatewayd/radio"

// channel is one IF chain, seen either through the chip's registers or through
// the microcontroller's settings. The device receives only where both agree:
// the registers make it hear, the settings fill in the answer.
type channel struct {
	enabled   bool
	radio     uint8
	frequency uint32
	bandwidth byte
	sfs       uint32 // LoRa: set of spreading factors
	bitRate   uint32 // FSK
	pattern   uint64 // FSK: sync word, left-aligned
	public    bool   // LoRa: sync word of public networks
}

const (
	frequencySlack = 1000  // Hz between registers and settings, for PLL and IF steps
	fskHalfBand    = 25000 // Hz
)

// hears reports whether the channel demodulates p.
func (c channel) hears(p Packet) bool {
	if !c.enabled {
		return false
	}
	if p.DataRate.Modulation == radio.FSK {
		return c.bitRate != 0 && near(c.bitRate, p.DataRate.BitRate, c.bitRate/50) &&
			near(c.frequency, p.Frequency, fskHalfBand)
	}
	return c.sfs&sfBit(p.DataRate.SpreadingFactor) != 0 &&
		bandwidthCode(p.DataRate.Bandwidth) == c.bandwidth &&
		near(c.frequency, p.Frequency, p.DataRate.Bandwidth/4) &&
		c.public == !p.Private
}

// agrees reports whether two views of one chain mean the same channel.
func (c channel) agrees(d channel) bool {
	if !c.enabled || !d.enabled {
		return c.enabled == d.enabled
	}
	return c.radio == d.radio && c.sfs == d.sfs && c.pattern == d.pattern && c.public == d.public && c.bandwidth == d.bandwidth &&
		near(c.frequency, d.frequency, frequencySlack) && near(c.bitRate, d.bitRate, c.bitRate/50)
}

func near(a, b, slack uint32) bool { return max(a, b)-min(a, b) <= slack }

// channel is the chain as the microcontroller knows it.
func (s *settings) channel(n int) channel {
	conf := s.ifs[n]
	rf := s.rf[conf.radio&1]
	c := channel{
		enabled: conf.enable && rf.enable, radio: conf.radio, public: s.public,
		frequency: uint32(int64(rf.frequency) + int64(conf.offset)), bandwidth: conf.bandwidth,
	}
	if n == chainFSK {
		c.bitRate, c.pattern, c.public = conf.datarate, conf.pattern(), true
	} else {
		c.sfs = conf.datarate & allSF
	}
	return c
}

// channel is the chain as the registers have it; the radio types come from the
// settings, since no register tells them.
func (c *chip) channel(n int, s *settings) channel {
	v := channel{public: true}
	switch n {
	case chainStd:
		v.enabled = c.regs.get(fieldMBWSSFEnable) == 1
		v.radio = uint8(c.regs.get(fieldMBWSSFRadio))
		v.bandwidth = bandwidth125 - byte(min(2, c.regs.get(fieldMBWSSFBandwidth)))
		v.sfs = sfBit(uint8(c.regs.get(fieldMBWSSFSF)))
		v.public = c.regs.get(fieldMBWSSFSyncPeak1) == 3 && c.regs.get(fieldMBWSSFSyncPeak2) == 4
	case chainFSK:
		v.enabled = c.regs.get(fieldFSKEnable) == 1
		v.radio = uint8(c.regs.get(fieldFSKRadio))
		v.bandwidth = byte(c.regs.get(fieldFSKBandwidth))
		v.pattern = uint64(c.regs.get(fieldFSKPatternHigh))<<32 | uint64(c.regs.get(fieldFSKPatternLow))
		if ratio := c.regs.get(fieldFSKBitRateRatio); ratio > 0 {
			v.bitRate = 32000000 / ratio
		}
	default:
		v.sfs = c.regs.get(fieldCorrelator(n))
		v.enabled = c.regs.get(fieldConcentratorEnable) == 1 && v.sfs != 0
		v.radio = c.agc.radioSelect >> n & 1
		v.bandwidth = bandwidth125
		v.public = c.regs.get(fieldSyncPeak1) == 3 && c.regs.get(fieldSyncPeak2) == 4
	}
	rx := &c.radios[v.radio]
	v.enabled = v.enabled && rx.receiving()
	offset := int64(c.regs.getSigned(fieldIF(n))) * 15625 / 32
	v.frequency = uint32(int64(rx.frequency(s.rf[v.radio].radioType)) + offset)
	return v
}

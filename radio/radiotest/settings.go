package radiotest

import (
	"encoding/binary"
	"math"
)

const (
	radios    = 2
	chains    = 10
	chainStd  = 8
	chainFSK  = 9
	gainsMax  = 16
	gainSize  = 5
	boardSize = 4
	rfSize    = 20
	ifSize    = 32
	lutSize   = gainsMax*gainSize + 1
	txSize    = 286
)

// settings is the microcontroller's copy of the configuration, which it uses
// for receive, send and its own restart after each emission. The set methods
// take the data of a command and report whether the answer is OK.
// Source: lgw_*_setconf in loragw_hal.cpp of picoGW_mcu.
type settings struct {
	boardSet   bool
	public     bool
	rf         [radios]rfConf
	ifs        [chains]ifConf
	gains      []gain
	calibrated [gainsMax]bool // TX offsets taken over for that mixer gain
}

type rfConf struct {
	set, enable bool
	frequency   uint32
	rssiOffset  float32
	radioType   byte
	tx          bool
}

type ifConf struct {
	enable    bool
	radio     uint8
	offset    int32
	bandwidth byte
	datarate  uint32 // SF mask, one SF, or bit/s
	syncSize  uint8  // FSK
	syncWord  uint64 // FSK, right-aligned
}

type gain struct {
	dig, pa, dac, mix uint8
	power             int8
}

// powerOnSettings is the state after a reset: LoRaWAN public, two gains.
func powerOnSettings() settings {
	s := settings{public: true}
	s.gains = []gain{{0, 2, 3, 10, 14}, {0, 3, 3, 14, 27}}
	s.ifs[chainFSK].syncSize, s.ifs[chainFSK].syncWord = 3, 0xC194C1
	return s
}

func (s *settings) setBoard(b []byte) bool {
	b = padded(b, boardSize)
	s.boardSet, s.public = true, b[0] != 0
	return true
}

func (s *settings) setRF(chain byte, b []byte) bool {
	b = padded(b, rfSize)
	radioType := b[12]
	if chain >= radios || radioType != typeSX1255 && radioType != typeSX1257 {
		return false
	}
	le := binary.LittleEndian
	s.rf[chain] = rfConf{
		set: true, enable: b[0] != 0, frequency: le.Uint32(b[4:]),
		rssiOffset: math.Float32frombits(le.Uint32(b[8:])), radioType: radioType,
		tx: le.Uint32(b[16:]) != 0,
	}
	return true
}

func (s *settings) setIF(chain byte, b []byte) bool {
	if chain >= chains {
		return false
	}
	b = padded(b, ifSize)
	if b[0] == 0 {
		s.ifs[chain].enable, s.ifs[chain].offset = false, 0
		return true
	}
	le := binary.LittleEndian
	conf := ifConf{
		enable: true, radio: b[1], offset: int32(le.Uint32(b[4:])), bandwidth: b[8],
		datarate: le.Uint32(b[12:]), syncSize: b[16], syncWord: le.Uint64(b[24:]),
	}
	if conf.radio >= radios || !conf.fits() || !conf.complete(chain) {
		return false
	}
	if chain == chainFSK && conf.syncWord == 0 {
		conf.syncSize, conf.syncWord = s.ifs[chain].syncSize, s.ifs[chain].syncWord
	}
	s.ifs[chain] = conf
	return true
}

// pattern is the FSK sync word as the registers hold it, left-aligned.
func (c ifConf) pattern() uint64 { return c.syncWord << (8 * (8 - min(8, uint(c.syncSize)))) }

// fits checks that the channel lies within the radio's passband.
func (c ifConf) fits() bool {
	half, pass := int64(62500), int64(462500)
	if c.bandwidth >= 1 && c.bandwidth <= 7 {
		half = int64(bandwidthHz[c.bandwidth] / 2)
	}
	switch c.bandwidth {
	case bandwidth250:
		pass = 500000
	case bandwidth500:
		pass = 550000
	}
	return int64(c.offset)+half <= pass && int64(c.offset)-half >= -pass
}

// complete fills in the defaults of zero fields and checks the rest.
func (c *ifConf) complete(chain byte) bool {
	bandwidth, datarate := bandwidth125, allSF
	switch chain {
	case chainStd:
		bandwidth, datarate = bandwidth250, sfBit(9)
	case chainFSK:
		bandwidth, datarate = bandwidth250, 64000
	}
	if c.bandwidth == 0 {
		c.bandwidth = bandwidth
	}
	if c.datarate == 0 {
		c.datarate = datarate
	}
	switch chain {
	case chainStd:
		return loraBandwidth(c.bandwidth) && oneSF(c.datarate) != 0
	case chainFSK:
		return c.bandwidth <= 7 && fskBitRate(c.datarate)
	default:
		return c.bandwidth == bandwidth125 && c.datarate&^allSF == 0
	}
}

func (s *settings) setGains(b []byte) bool {
	b = padded(b, lutSize)
	size := int(b[lutSize-1])
	if size < 1 || size > gainsMax {
		return false
	}
	gains := make([]gain, size)
	for i := range gains {
		e := b[i*gainSize:]
		g := gain{dig: e[0], pa: e[1], dac: e[2], mix: e[3], power: int8(e[4])}
		if g.dig > 3 || g.dac != 3 || g.mix > 15 || g.pa > 3 {
			return false
		}
		gains[i] = g
	}
	s.gains = gains
	return true
}

// gain is the entry used for a power: the highest that does not exceed it,
// else the first.
func (s *settings) gain(power int8) gain {
	for i := len(s.gains) - 1; i > 0; i-- {
		if s.gains[i].power <= power {
			return s.gains[i]
		}
	}
	return s.gains[0]
}

// radioSelect has bit i set if multi-SF chain i listens on radio B.
func (s *settings) radioSelect() byte {
	var v byte
	for i := range chainStd {
		v |= s.ifs[i].radio << i
	}
	return v
}

package picocell

// RadioType is the kind of radio front end behind the SX1308.
type RadioType uint8

// The radio types, with the device's own numbers.
const (
	SX1255 RadioType = 1 // 400..510 MHz
	SX1257 RadioType = 2 // 862..1020 MHz
)

// Radio is one of the two radio front ends. A disabled one keeps its place in
// the tables and is left in standby.
type Radio struct {
	Enable     bool
	Frequency  uint32 // centre, Hz; the chains' IF is relative to it
	Type       RadioType
	RSSIOffset float32 // dB, added to what the chip measures
	TxEnable   bool
	// TxMin and TxMax bound the carrier frequencies (Hz, inclusive) that
	// Transmit lets through. Ignored unless TxEnable.
	TxMin, TxMax uint32
}

// SFMask is a set of LoRa spreading factors in the device's coding: bit n is
// SF(n+6), so SF7 is 0x02 and SF12 is 0x40.
type SFMask uint8

// AllSF is SF7 to SF12.
const AllSF SFMask = 0x7E

// SF is the set of just sf, 7..12. Other values give the empty set.
func SF(sf uint8) SFMask {
	if sf < 7 || sf > 12 {
		return 0
	}
	return 1 << (sf - 6)
}

// Chain is one demodulator. Which fields count depends on its place in Board.
type Chain struct {
	Enable           bool
	Radio            uint8  // 0 or 1
	IF               int32  // Hz from the radio's centre
	Bandwidth        uint32 // Hz
	SpreadingFactors SFMask // LoRa: any for Chains, exactly one for Std
	BitRate          uint32 // FSK: bit/s
	SyncWord         uint64 // FSK: right-aligned; 0 is the default C194C1
	SyncWordSize     uint8  // FSK: bytes, 1..8; with SyncWord 0 it is 3
}

// TxGain is one entry of the transmit gain table: how to set the board's
// amplifiers for Power. The values come from the board's maker.
type TxGain struct {
	Power   int8  // dBm, conducted
	PA      uint8 // 0..3
	Mix     uint8 // 0..15
	Digital uint8 // 0..3
	DAC     uint8 // 3
}

// Board is everything that the concentrator must be told before it receives.
type Board struct {
	LoRaWANPublic bool  // sync word 0x34 rather than 0x12
	ClockSource   uint8 // the radio that gives the 32 MHz clock; 1 on a PicoCell
	Radios        [2]Radio
	Chains        [8]Chain // LoRa 125 kHz, several spreading factors at once
	Std           Chain    // LoRa, one spreading factor, 125/250/500 kHz
	FSK           Chain
	TxGains       []TxGain // 1..16, ascending by Power
}

// The if_chain numbers of Std and FSK; those of Chains are their indices.
const (
	chainStd = 8
	chainFSK = 9
	chains   = 10
)

// chain returns the chain with that if_chain number.
func (b *Board) chain(i int) Chain {
	switch i {
	case chainStd:
		return b.Std
	case chainFSK:
		return b.FSK
	default:
		return b.Chains[i]
	}
}

// Frequencies returns the carrier (Hz) that each chain listens on, indexed as
// Uplink.Channel is: 0..7 for Chains, 8 for Std, 9 for FSK. 0 means that the
// chain is off.
func (b Board) Frequencies() [10]uint32 {
	var f [chains]uint32
	for i := range f {
		if c := b.chain(i); c.Enable && c.Radio < 2 {
			f[i] = uint32(int64(b.Radios[c.Radio].Frequency) + int64(c.IF))
		}
	}
	return f
}

// txRadio returns the radio that may send on frequency.
func (b *Board) txRadio(frequency uint32) (uint8, bool) {
	for i, r := range b.Radios {
		if r.TxEnable && r.TxMin <= frequency && frequency <= r.TxMax {
			return uint8(i), true
		}
	}
	return 0, false
}

// canTransmit reports whether any radio may send.
func (b *Board) canTransmit() bool { return b.Radios[0].TxEnable || b.Radios[1].TxEnable }

package module

import (
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// settings are the radio's, whatever the firmware calls them.
type settings struct {
	frequency uint32
	sf        uint8
	bandwidth uint32 // Hz
	crc       bool
	inverted  bool
	public    bool
	power     int8
	preamble  uint16
	receiving bool
}

// hears says why p is not heard, if it is not.
func (s *settings) hears(p radiotest.Packet) error {
	off := int64(p.Frequency) - int64(s.frequency)
	switch {
	case !s.receiving:
		return radiotest.ErrNotReceiving
	case p.DataRate != radio.LoRaDataRate(s.sf, s.bandwidth), max(off, -off) > int64(s.bandwidth)/4,
		s.public == p.Private, s.inverted, s.crc != (p.CRC != radiotest.CRCNone), s.preamble != 8:
		return radiotest.ErrNoChannel
	}
	return nil
}

// emission is payload sent with these settings.
func (s *settings) emission(payload []byte) *radiotest.Emission {
	rate := radio.LoRaDataRate(s.sf, s.bandwidth)
	return &radiotest.Emission{
		Frequency: s.frequency, DataRate: rate, CodingRate: "4/5", Power: s.power, RequestedPower: s.power,
		InvertIQ: s.inverted, CRC: s.crc, Preamble: s.preamble, Payload: payload,
		Airtime: rate.LoRaAirtime(len(payload), int(s.preamble), s.crc),
	}
}

// reply is what a command leads to.
type reply struct {
	lines  []string
	reboot bool                // then the boot lines
	sent   *radiotest.Emission // the radio sends, and then:
	done   string
}

func say(lines ...string) reply { return reply{lines: lines} }

// firmware is a module without its port: commands in, lines out.
type firmware interface {
	// boot starts it anew and returns what it says.
	boot() []string
	command(text string) reply
	// heard reports a packet that matches the settings.
	heard(p radiotest.Packet) []string
}

// Kind selects a firmware.
type Kind string

// The kinds.
const (
	RN2483    Kind = "rn2483"     // firmware 1.0.5
	RN2483Old Kind = "rn2483-old" // firmware 1.0.3: no radio rxstop, no radio get rssi
	RUI3      Kind = "rui3"       // RAK3172 with RUI_4.0.6, in LoRaWAN mode as it comes
	RAK811    Kind = "rak811"     // firmware 3.0.0.14
	LoRaE5    Kind = "lora-e5"    // firmware 4.0.11
)

// newFirmware returns the firmware and its radio; nil if the kind is unknown.
func newFirmware(k Kind) (firmware, *settings) {
	s := &settings{}
	switch k {
	case RN2483:
		return &rn2483{radio: s, version: "1.0.5 Oct 31 2018 15:06:52", stops: true}, s
	case RN2483Old:
		return &rn2483{radio: s, version: "1.0.3 Mar 22 2017 06:00:42"}, s
	case RUI3:
		return newRUI3(s), s
	case RAK811:
		return &rak811{radio: s}, s
	case LoRaE5:
		return &loraE5{radio: s}, s
	default:
		return nil, s
	}
}

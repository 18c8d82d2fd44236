package radiotest

import "gatewayd/radio"

// The codes of loragw_hal.h.
const (
	modulationLoRa byte = 0x10
	modulationFSK  byte = 0x20

	bandwidth500 byte = 1
	bandwidth250 byte = 2
	bandwidth125 byte = 3

	allSF uint32 = 0x7E // SF7..SF12

	statCRCOK  byte = 0x10
	statCRCBad byte = 0x11
	statNoCRC  byte = 0x01
)

// bandwidthHz are the bandwidths by code, 1..7.
var bandwidthHz = [8]uint32{0, 500000, 250000, 125000, 62500, 31200, 15600, 7800}

// codingRates are the notations by code, 1..4.
var codingRates = [5]string{"", "4/5", "4/6", "4/7", "4/8"}

// codingRate returns the code of a notation; 4/5 for what it does not know.
func codingRate(s string) uint8 {
	for code, name := range codingRates {
		if code > 0 && name == s {
			return uint8(code)
		}
	}
	return 1
}

// bandwidthCode returns the code of a bandwidth in Hz, 0 if there is none.
func bandwidthCode(hz uint32) byte {
	for code, b := range bandwidthHz {
		if code > 0 && b == hz {
			return byte(code)
		}
	}
	return 0
}

// sfBit is the data rate code of a spreading factor: SF7 is 0x02. It is 0 for
// what the chip does not demodulate.
func sfBit(sf uint8) uint32 {
	if sf < 7 || sf > 12 {
		return 0
	}
	return 1 << (sf - 6)
}

// oneSF returns the spreading factor of a code that names exactly one, else 0.
func oneSF(code uint32) uint8 {
	for sf := uint8(7); sf <= 12; sf++ {
		if code == sfBit(sf) {
			return sf
		}
	}
	return 0
}

func loraBandwidth(code byte) bool { return code >= bandwidth500 && code <= bandwidth125 }

func fskBitRate(bps uint32) bool { return bps >= 500 && bps <= 250000 }

// loraDataRate is the domain's value of a spreading factor and bandwidth code.
func loraDataRate(sf uint8, bandwidth byte) radio.DataRate {
	return radio.LoRaDataRate(sf, bandwidthHz[bandwidth&7])
}

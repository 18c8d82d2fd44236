package radiotest

import (
	"errors"
	"time"

	"gatewayd/radio"
)

// CRCStatus is what the demodulator says of a packet's payload CRC.
type CRCStatus uint8

// The CRC states.
const (
	CRCGood CRCStatus = iota
	CRCBad
	CRCNone // the packet carries no CRC
)

// Why a packet was not heard.
var (
	// ErrDeaf: the concentrator was sending, or armed to send, during some part
	// of the packet.
	ErrDeaf = errors.New("the concentrator is deaf while it sends")
	// ErrNotReceiving: the concentrator is unplugged, or its bring-up is not
	// complete.
	ErrNotReceiving = errors.New("the receiver is not running")
	// ErrNoChannel: no enabled channel has this frequency, data rate and sync
	// word.
	ErrNoChannel = errors.New("no channel is configured for the packet")
	// ErrFIFOFull: the receive FIFO (16 packets or 1024 bytes, 16 bytes of them
	// overhead per packet) has no room.
	ErrFIFOFull = errors.New("the receive FIFO is full")
)

// Packet is one transmission that reaches the concentrator's antenna.
type Packet struct {
	Frequency  uint32 // Hz
	DataRate   radio.DataRate
	CodingRate string  // "4/5".."4/8"; "" is 4/5 for LoRa; ignored for FSK
	RSSI       float32 // dBm; the device resolves 1 dB
	SNR        float32 // dB; the device resolves 0.25 dB; ignored for FSK
	Payload    []byte  // 1..255 bytes
	// Count is the device's counter at the end of the packet; 0 is now.
	Count   uint32
	CRC     CRCStatus
	CRC16   uint16 // the CRC as received, reported verbatim
	Private bool   // sent with the sync word of private networks, 0x12
}

// airtime of the packet with the preamble that nodes use.
func (p Packet) airtime() time.Duration {
	return airtime{
		dataRate: p.DataRate, codingRate: codingRate(p.CodingRate), size: len(p.Payload),
		preamble: 8, crc: p.CRC != CRCNone,
	}.duration()
}

// Emission is one frame that the concentrator sends.
type Emission struct {
	Count          uint32 // counter at the start of the preamble
	Frequency      uint32 // Hz, as requested; on air within 61 Hz of it
	DataRate       radio.DataRate
	CodingRate     string // "4/5".."4/8"; "" for FSK
	Power          int8   // dBm of the gain table entry used
	RequestedPower int8   // dBm
	RFChain        uint8
	InvertIQ       bool
	CRC            bool // the frame carries a payload CRC
	Preamble       uint16
	Payload        []byte
	Airtime        time.Duration
	// Ahead is how long before Count the command arrived. The concentrator was
	// deaf for Ahead + Airtime.
	Ahead time.Duration
}

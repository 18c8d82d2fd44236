package picocell

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"gatewayd/radio"
)

// firmwareVersion is the MCU firmware this driver speaks to, as `l` wants it.
const firmwareVersion = 0x010A0006

// defaultSyncWord is what the device uses for FSK sync word 0.
const (
	defaultSyncWord     = 0xC194C1
	defaultSyncWordSize = 3
)

func helloCommand() command {
	return command{id: cmdHello, data: binary.BigEndian.AppendUint32(nil, firmwareVersion)}
}

// parseHello returns the unique id, the natural gateway EUI.
func parseHello(data []byte) (radio.EUI64, error) {
	if len(data) != len(radio.EUI64{}) {
		return radio.EUI64{}, fmt.Errorf("unique id has %d bytes, not 8", len(data))
	}
	return radio.EUI64(data), nil
}

func counterCommand() command { return command{id: cmdCounter} }

// parseCounter returns the microsecond counter.
func parseCounter(data []byte) (uint32, error) {
	if len(data) != 4 {
		return 0, fmt.Errorf("counter has %d bytes, not 4", len(data))
	}
	return binary.BigEndian.Uint32(data), nil
}

func receiveCommand(maxPackets uint8) command {
	return command{id: cmdReceive, data: []byte{maxPackets}}
}

func commitCalibrationCommand(start, n uint8) command {
	return command{id: cmdCommitCal, data: []byte{start, n}}
}

// boardCommand tells the MCU about the network and the clock.
func boardCommand(b *Board) command {
	return command{id: cmdBoard, data: []byte{flag(b.LoRaWANPublic), b.ClockSource, 0, 0}}
}

// radioCommand tells the MCU about radio n.
func radioCommand(n uint8, r Radio) command {
	d := make([]byte, 20)
	d[0] = flag(r.Enable)
	binary.LittleEndian.PutUint32(d[4:], r.Frequency)
	binary.LittleEndian.PutUint32(d[8:], math.Float32bits(r.RSSIOffset))
	d[12] = byte(r.Type)
	d[16] = flag(r.TxEnable)
	return command{id: cmdRadio, addr: n, data: d}
}

// chainCommand tells the MCU about if_chain n, which must be enabled.
func chainCommand(n uint8, c Chain) command {
	d := make([]byte, 32)
	d[0] = 1
	d[1] = c.Radio
	binary.LittleEndian.PutUint32(d[4:], uint32(c.IF))
	d[8], _ = bandwidthCode(c.Bandwidth)
	rate := uint32(c.SpreadingFactors)
	if n == chainFSK {
		rate = c.BitRate
		if c.SyncWord != 0 {
			d[16] = c.SyncWordSize
			binary.LittleEndian.PutUint64(d[24:], c.SyncWord)
		}
	}
	binary.LittleEndian.PutUint32(d[12:], rate)
	return command{id: cmdChain, addr: n, data: d}
}

// syncWord is the FSK sync word in use and its size in bytes.
func (c Chain) syncWord() (word uint64, size uint8) {
	if c.SyncWord == 0 {
		return defaultSyncWord, defaultSyncWordSize
	}
	return c.SyncWord, c.SyncWordSize
}

// gainsCommand gives the MCU the transmit gain table.
func gainsCommand(gains []TxGain) command {
	const entry = 5
	d := make([]byte, maxGains*entry+1)
	for i, g := range gains {
		copy(d[i*entry:], []byte{g.Digital, g.PA, g.DAC, g.Mix, byte(g.Power)})
	}
	d[maxGains*entry] = byte(len(gains))
	return command{id: cmdGains, data: d}
}

// transmission is one emission in the device's terms.
type transmission struct {
	frequency  uint32
	count      uint32 // start of the preamble
	rfChain    uint8
	power      int8 // conducted, an entry of the gain table
	modulation uint8
	bandwidth  uint8
	rate       uint32 // LoRa: an SFMask; FSK: bit/s
	deviation  uint8  // FSK, kHz
	preamble   uint16 // LoRa: symbols; FSK: bytes
	crc        bool
	payload    []byte
}

const (
	sendSize        = 286
	modeTimestamped = 1
	codeRate45      = 1
)

var errPayloadSize = errors.New("payload is not of 1 to 255 bytes")

// sendCommand encodes t: timestamped, polarity inverted, explicit header,
// coding rate 4/5, as LoRaWAN downlinks are.
func sendCommand(t transmission) (command, error) {
	if len(t.payload) < 1 || len(t.payload) > 255 {
		return command{}, errPayloadSize
	}
	d := make([]byte, sendSize)
	binary.LittleEndian.PutUint32(d[0:], t.frequency)
	d[4] = modeTimestamped
	binary.LittleEndian.PutUint32(d[8:], t.count)
	d[12] = t.rfChain
	d[13] = byte(t.power)
	d[14] = t.modulation
	d[15] = t.bandwidth
	binary.LittleEndian.PutUint32(d[16:], t.rate)
	d[20] = codeRate45
	d[21] = 1 // invert polarity
	d[22] = t.deviation
	binary.LittleEndian.PutUint16(d[24:], t.preamble)
	d[26] = flag(!t.crc)
	binary.LittleEndian.PutUint16(d[28:], uint16(len(t.payload)))
	copy(d[30:], t.payload)
	return command{id: cmdSend, data: d}, nil
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

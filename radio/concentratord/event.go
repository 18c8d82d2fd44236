package concentratord

import (
	"bytes"
	"errors"

	"gatewayd/radio"
)

// maxContext is the longest context kept. Concentratord's has 4 bytes.
const maxContext = 64

// crcStatus is gw.CRCStatus.
type crcStatus uint64

const (
	crcNone crcStatus = 0
	crcBad  crcStatus = 1
	crcGood crcStatus = 2
)

// heard is a gw.UplinkFrame: an Uplink without its time.
type heard struct {
	uplink  radio.Uplink
	status  crcStatus
	context []byte
}

// report is a gw.GatewayStats.
type report struct {
	received, crcOK, downlinks, emitted uint32
}

// event is what Concentratord publishes: one of both, or neither if it is of
// a kind that does not concern us.
type event struct {
	uplink *heard
	report *report
}

var (
	errVersion3  = errors.New("messages are of Concentratord 3: update it to version 4")
	errFrames    = errors.New("event has neither one frame nor two")
	errPayload   = errors.New("phy_payload is missing or longer than 255 bytes")
	errFrequency = errors.New("no frequency")
	errDataRate  = errors.New("modulation is none that is known")
	errContext   = errors.New("context is missing or too long")
)

// parseEvent reads the frames of an event, in either dialect.
func parseEvent(frames [][]byte) (event, error) {
	switch len(frames) {
	case 1:
		return parseGwEvent(frames[0])
	case 2:
		return parseNamedEvent(string(frames[0]), frames[1])
	default:
		return event{}, errFrames
	}
}

// parseGwEvent reads a gw.Event.
func parseGwEvent(b []byte) (event, error) {
	var e event
	err := fields(b, func(f field) error {
		var err error
		switch {
		case f.isMessage(1):
			e.uplink, err = parseUplink(f.bytes)
		case f.isMessage(2):
			e.report, err = parseReport(f.bytes)
		}
		return err
	})
	return e, err
}

// parseNamedEvent reads an event from before 4.5.
func parseNamedEvent(name string, b []byte) (event, error) {
	var e event
	var err error
	switch name {
	case "up":
		e.uplink, err = parseUplink(b)
	case "stats":
		e.report, err = parseReport(b)
	}
	return e, err
}

// parseUplink reads a gw.UplinkFrame.
func parseUplink(b []byte) (*heard, error) {
	var h heard
	known, old := false, false
	err := fields(b, func(f field) error {
		switch {
		case f.isMessage(1):
			h.uplink.Payload = bytes.Clone(f.bytes)
		case f.isMessage(2), f.isMessage(3):
			old = true
		case f.isMessage(4):
			known = true
			return h.txInfo(f.bytes)
		case f.isMessage(5):
			return h.rxInfo(f.bytes)
		}
		return nil
	})
	switch n := len(h.uplink.Payload); {
	case err != nil:
		return nil, err
	case old && !known:
		return nil, errVersion3
	case n < 1 || n > radio.MaxPHYPayload:
		return nil, errPayload
	case h.uplink.Frequency == 0:
		return nil, errFrequency
	case h.uplink.DataRate == radio.DataRate{}:
		return nil, errDataRate
	case len(h.context) == 0 || len(h.context) > maxContext:
		return nil, errContext
	}
	return &h, nil
}

// txInfo reads a gw.UplinkTxInfo.
func (h *heard) txInfo(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.isInt(1):
			h.uplink.Frequency = uint32(f.value)
		case f.isMessage(2):
			return h.modulation(f.bytes)
		}
		return nil
	})
}

// modulation reads a gw.Modulation.
func (h *heard) modulation(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.isMessage(3):
			return h.lora(f.bytes)
		case f.isMessage(4):
			return h.fsk(f.bytes)
		case f.isMessage(5):
			return h.lrfhss(f.bytes)
		}
		return nil
	})
}

func (h *heard) lora(b []byte) error {
	var bandwidth, sf uint64
	err := fields(b, func(f field) error {
		switch {
		case f.isInt(1):
			bandwidth = f.value
		case f.isInt(2):
			sf = f.value
		case f.isInt(5):
			h.uplink.CodingRate = codeRate(f.value)
		}
		return nil
	})
	if err == nil && (sf < 5 || sf > 12 || bandwidth < 1000 || bandwidth > 10_000_000) {
		err = errDataRate
	}
	h.uplink.DataRate = radio.LoRaDataRate(uint8(sf), uint32(bandwidth))
	return err
}

func (h *heard) fsk(b []byte) error {
	return fields(b, func(f field) error {
		if f.isInt(2) && f.value > 0 && f.value <= 1_000_000 {
			h.uplink.DataRate = radio.FSKDataRate(uint32(f.value))
		}
		return nil
	})
}

func (h *heard) lrfhss(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.isInt(1) && f.value >= 1000 && f.value < 10_000_000:
			h.uplink.DataRate = radio.LRFHSSDataRate(uint32(f.value) / 1000 * 1000)
		case f.isInt(4):
			h.uplink.CodingRate = codeRate(f.value)
		}
		return nil
	})
}

// codeRate is the name of a gw.CodeRate; empty if it has none.
func codeRate(v uint64) string {
	names := [...]string{"", "4/5", "4/6", "4/7", "4/8", "3/8", "2/6", "1/4", "1/6", "5/6"}
	if v >= uint64(len(names)) {
		return ""
	}
	return names[v]
}

// rxInfo reads a gw.UplinkRxInfo.
func (h *heard) rxInfo(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.isInt(6):
			h.uplink.RSSI = float32(int32(f.value))
		case f.number == 7:
			if snr, ok := f.float(); ok {
				h.uplink.SNR = snr
			}
		case f.isInt(8):
			h.uplink.Channel = uint8(min(f.value, 255))
		case f.isInt(9):
			h.uplink.RFChain = uint8(min(f.value, 255))
		case f.isMessage(13):
			h.context = bytes.Clone(f.bytes)
		case f.isInt(16):
			h.status = crcStatus(f.value)
		}
		return nil
	})
}

// parseReport reads a gw.GatewayStats.
func parseReport(b []byte) (*report, error) {
	var r report
	err := fields(b, func(f field) error {
		switch {
		case f.isInt(5):
			r.received = uint32(f.value)
		case f.isInt(6):
			r.crcOK = uint32(f.value)
		case f.isInt(7):
			r.downlinks = uint32(f.value)
		case f.isInt(8):
			r.emitted = uint32(f.value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &r, nil
}

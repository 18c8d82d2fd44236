package concentratord

import (
	"encoding/hex"
	"errors"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// dialect is how commands are framed.
type dialect uint8

const (
	gwCommand dialect = iota + 1 // one frame, a gw.Command: since 4.5
	named                        // two frames, a name and a message: before
)

// String is the versions that speak it.
func (d dialect) String() string {
	switch d {
	case gwCommand:
		return "4.5 or later"
	case named:
		return "4.0 to 4.4"
	default:
		return "unknown"
	}
}

// askGatewayID asks for the gateway EUI.
func (d dialect) askGatewayID() [][]byte {
	if d == named {
		return [][]byte{[]byte("gateway_id"), nil}
	}
	var c builder
	c.message(3, nil)
	return [][]byte{c}
}

// send asks for a downlink, which is a gw.DownlinkFrame.
func (d dialect) send(frame []byte) [][]byte {
	if d == named {
		return [][]byte{[]byte("down"), frame}
	}
	var c builder
	c.message(1, frame)
	return [][]byte{c}
}

// errGatewayID is an answer to askGatewayID that is none.
var errGatewayID = errors.New("the answer to get_gateway_id is no gateway id")

// gatewayID reads the answer to askGatewayID: 8 bytes, or a
// gw.GetGatewayIdResponse.
func (d dialect) gatewayID(answer []byte) (radio.EUI64, error) {
	if d == named {
		if len(answer) != len(radio.EUI64{}) {
			return radio.EUI64{}, errGatewayID
		}
		return radio.EUI64(answer), nil
	}
	var eui radio.EUI64
	err := fields(answer, func(f field) error {
		if !f.isMessage(1) {
			return nil
		}
		b, err := hex.DecodeString(string(f.bytes))
		if err != nil || len(b) != len(eui) {
			return errGatewayID
		}
		eui = radio.EUI64(b)
		return nil
	})
	if err == nil && eui.IsZero() {
		err = errGatewayID
	}
	return eui, err
}

// order is a downlink with its time as Concentratord wants it.
type order struct {
	radio.Downlink
	context []byte        // of the uplink it answers
	delay   time.Duration // from that
}

// codeRate45 is gw.CodeRate CR_4_5.
const codeRate45 = 1

// frame is the gw.DownlinkFrame of o.
func (o order) frame(gateway radio.EUI64) []byte {
	var tx, item, b builder
	tx.integer(1, uint64(o.Frequency))
	tx.integer(2, uint64(o.Power)) // a negative int32 is sign-extended
	tx.message(3, o.modulation())
	tx.message(6, o.timing())
	if len(o.context) > 0 {
		tx.message(7, o.context)
	}
	item.message(1, o.Payload)
	item.message(3, tx)
	b.integer(3, uint64(uint32(o.ID)))
	b.message(5, item)
	b.message(7, []byte(hex.EncodeToString(gateway[:])))
	return b
}

// modulation is the gw.Modulation of o.
func (o order) modulation() []byte {
	var m, b builder
	if o.DataRate.Modulation == radio.FSK {
		m.integer(1, forwarded.FSKDeviation)
		m.integer(2, uint64(o.DataRate.BitRate))
		b.message(4, m)
		return b
	}
	m.integer(1, uint64(o.DataRate.Bandwidth))
	m.integer(2, uint64(o.DataRate.SpreadingFactor))
	m.flag(4) // polarization_inversion
	m.integer(5, codeRate45)
	m.integer(6, forwarded.LoRaPreamble)
	m.flag(7) // no_crc
	b.message(3, m)
	return b
}

// timing is the gw.Timing of o.
func (o order) timing() []byte {
	var d, delay, b builder
	if o.Immediate {
		b.message(1, nil)
		return b
	}
	d.integer(1, uint64(o.delay/time.Second))
	d.integer(2, uint64(o.delay%time.Second))
	delay.message(1, d)
	b.message(2, delay)
	return b
}

// parseAck reads the gw.DownlinkTxAck for the downlink of that id, and returns
// its *radio.TxError; nil if it is on the schedule.
func parseAck(b []byte, id uint64) error {
	if len(b) == 0 {
		return forwarded.Refuse(radio.TxHardware, "Concentratord could not make sense of it: see its log")
	}
	var got uint32
	want := uint32(id)
	status, items := uint64(0), 0
	err := fields(b, func(f field) error {
		switch {
		case f.isInt(2):
			got = uint32(f.value)
		case f.isMessage(5):
			items++
			return fields(f.bytes, func(f field) error {
				if f.isInt(1) {
					status = f.value
				}
				return nil
			})
		}
		return nil
	})
	switch {
	case err != nil:
		return forwarded.Refuse(radio.TxHardware, "acknowledgement: %v", err)
	case got != want || items != 1:
		return forwarded.Refuse(radio.TxHardware, "acknowledgement is for downlink %d with %d items, want %d with one", got, items, want)
	}
	return refusal(status)
}

// refusal is the *radio.TxError of a gw.TxAckStatus.
func refusal(status uint64) error {
	statuses := []struct {
		name   string
		reason radio.TxReason
	}{
		{"IGNORED", radio.TxHardware},
		{"OK", ""},
		{"TOO_LATE", radio.TxTooLate},
		{"TOO_EARLY", radio.TxTooEarly},
		{"COLLISION_PACKET", radio.TxCollision},
		{"COLLISION_BEACON", radio.TxCollision},
		{"TX_FREQ", radio.TxFrequency},
		{"TX_POWER", radio.TxPower},
		{"GPS_UNLOCKED", radio.TxHardware},
		{"QUEUE_FULL", radio.TxQueueFull},
		{"INTERNAL_ERROR", radio.TxHardware},
		{"DUTY_CYCLE_OVERFLOW", radio.TxHardware},
	}
	if status >= uint64(len(statuses)) {
		return forwarded.Refuse(radio.TxHardware, "Concentratord says status %d", status)
	}
	s := statuses[status]
	if s.reason == "" {
		return nil
	}
	return forwarded.Refuse(s.reason, "Concentratord says %s", s.name)
}

package bridge

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"gatewayd/radio"
)

// recordVersion begins a record. Those before were JSON, which begins with a
// brace.
const recordVersion = 3

// Fields of a record, in protobuf's wire format; a missing one is zero. What
// every uplink has is as short as can be: with its session it fits into one
// sector of the log.
const (
	fieldKind       = 1 + iota
	fieldID         // text
	fieldDevEUI     // fixed64
	fieldDevAddr    // fixed32
	fieldAt         // fixed64, ns since 1970
	fieldFlags      // varint, see below
	fieldBootID     // text
	fieldSinceBoot  // varint, zigzag, ns
	fieldFCnt       // varint
	fieldFPort      // varint; missing: none
	fieldPayload    // bytes
	fieldDataRate   // text
	fieldFrequency  // varint, Hz
	fieldCodingRate // text
	fieldReceiver   // message, repeated, the best first
	fieldRare       // JSON
	fieldDR         // varint, index of the data rate; missing: none
)

// Fields of a receiver.
const (
	fieldConcentrator = 1 + iota // text
	fieldGateway                 // fixed64
	fieldRSSI                    // fixed32, IEEE 754
	fieldSNR                     // fixed32, IEEE 754
	fieldChannel                 // varint
)

// Flags of a record.
const (
	flagTrusted = 1 << iota
	flagConfirmed
	flagEncrypted
	flagADR
)

// marshal never fails.
func (r record) marshal() []byte {
	b := make([]byte, 1, 192+len(r.Payload))
	b[0] = recordVersion
	b = appendText(b, fieldKind, string(r.Kind))
	b = appendText(b, fieldID, r.ID)
	if r.DevEUI != nil {
		b = protowire.AppendTag(b, fieldDevEUI, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, binary.BigEndian.Uint64(r.DevEUI[:]))
	}
	b = protowire.AppendTag(b, fieldDevAddr, protowire.Fixed32Type)
	b = protowire.AppendFixed32(b, binary.BigEndian.Uint32(r.DevAddr[:]))
	b = protowire.AppendTag(b, fieldAt, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, uint64(r.At))
	flags := flag(r.Trusted, flagTrusted) | flag(r.Confirmed, flagConfirmed) | flag(r.Encrypted, flagEncrypted) | flag(r.ADR, flagADR)
	b = appendNumber(b, fieldFlags, uint64(flags))
	b = appendText(b, fieldBootID, r.BootID)
	b = appendNumber(b, fieldSinceBoot, protowire.EncodeZigZag(r.SinceBoot))
	b = appendNumber(b, fieldFCnt, uint64(r.FCnt))
	if r.FPort != nil {
		b = protowire.AppendTag(b, fieldFPort, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(*r.FPort))
	}
	b = appendText(b, fieldPayload, string(r.Payload))
	b = appendText(b, fieldDataRate, r.DataRate)
	if r.DR != nil {
		b = protowire.AppendTag(b, fieldDR, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(*r.DR))
	}
	b = appendNumber(b, fieldFrequency, uint64(r.Frequency))
	b = appendText(b, fieldCodingRate, r.Coding)
	for _, x := range r.Receivers {
		b = protowire.AppendTag(b, fieldReceiver, protowire.BytesType)
		b = protowire.AppendBytes(b, x.marshal())
	}
	// A field of rare that JSON cannot hold does not exist.
	if other, err := json.Marshal(r.rare); err == nil && len(other) > len("{}") {
		b = appendText(b, fieldRare, string(other))
	}
	return b
}

func (x receipt) marshal() []byte {
	b := appendText(make([]byte, 0, 48), fieldConcentrator, x.Concentrator)
	b = protowire.AppendTag(b, fieldGateway, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, binary.BigEndian.Uint64(x.Gateway[:]))
	b = protowire.AppendTag(b, fieldRSSI, protowire.Fixed32Type)
	b = protowire.AppendFixed32(b, math.Float32bits(x.RSSI))
	b = protowire.AppendTag(b, fieldSNR, protowire.Fixed32Type)
	b = protowire.AppendFixed32(b, math.Float32bits(x.SNR))
	return appendNumber(b, fieldChannel, uint64(x.Channel))
}

func appendText(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendNumber(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

// wireField is one field: a number or bytes, as its type says.
type wireField struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

var errWire = errors.New("unreadable")

// eachField calls do for every field of b. Groups are refused.
func eachField(b []byte, do func(wireField) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errWire
		}
		b = b[n:]
		f := wireField{number: number}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			return errWire
		}
		if n < 0 {
			return errWire
		}
		b = b[n:]
		if err := do(f); err != nil {
			return fmt.Errorf("field %d: %w", number, err)
		}
	}
	return nil
}

// parseRecord reads what marshal has written behind the version. Fields that it
// does not know belong to a later one, and are left alone.
func parseRecord(b []byte) (r record, err error) {
	err = eachField(b, r.take)
	return r, err
}

// take sets what f holds.
func (r *record) take(f wireField) error {
	switch int(f.number) { // not every number that there may be is a field
	case fieldKind:
		r.Kind = kind(f.bytes)
	case fieldID:
		r.ID = string(f.bytes)
	case fieldDevEUI:
		r.DevEUI = new(radio.EUI64)
		binary.BigEndian.PutUint64(r.DevEUI[:], f.value)
	case fieldDevAddr:
		binary.BigEndian.PutUint32(r.DevAddr[:], uint32(f.value))
	case fieldAt:
		r.At = int64(f.value)
	case fieldFlags:
		r.Trusted, r.Confirmed = f.value&flagTrusted != 0, f.value&flagConfirmed != 0
		r.Encrypted, r.ADR = f.value&flagEncrypted != 0, f.value&flagADR != 0
	case fieldBootID:
		r.BootID = string(f.bytes)
	case fieldSinceBoot:
		r.SinceBoot = protowire.DecodeZigZag(f.value)
	case fieldFCnt:
		r.FCnt = uint32(f.value)
	case fieldFPort:
		port := uint8(f.value)
		r.FPort = &port
	case fieldPayload:
		r.Payload = append([]byte(nil), f.bytes...)
	case fieldDataRate:
		r.DataRate = string(f.bytes)
	case fieldDR:
		dr := uint8(f.value)
		r.DR = &dr
	case fieldFrequency:
		r.Frequency = uint32(f.value)
	case fieldCodingRate:
		r.Coding = string(f.bytes)
	case fieldReceiver:
		var x receipt
		err := eachField(f.bytes, x.take)
		r.Receivers = append(r.Receivers, x)
		return err
	case fieldRare:
		return json.Unmarshal(f.bytes, &r.rare)
	}
	return nil
}

// take sets what f holds.
func (x *receipt) take(f wireField) error {
	switch int(f.number) { // not every number that there may be is a field
	case fieldConcentrator:
		x.Concentrator = string(f.bytes)
	case fieldGateway:
		binary.BigEndian.PutUint64(x.Gateway[:], f.value)
	case fieldRSSI:
		x.RSSI = decibels(f.value)
	case fieldSNR:
		x.SNR = decibels(f.value)
	case fieldChannel:
		x.Channel = uint8(f.value)
	}
	return nil
}

// decibels is 0 for what is no number: JSON has none such, and it would cost
// the message.
func decibels(bits uint64) float32 {
	v := math.Float32frombits(uint32(bits))
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return 0
	}
	return v
}

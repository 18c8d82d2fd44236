package semtechudp

import (
	"encoding/binary"
	"errors"

	"gatewayd/radio"
)

// kind of a datagram.
type kind byte

const (
	pushData kind = 0x00
	pushAck  kind = 0x01
	pullData kind = 0x02
	pullResp kind = 0x03
	pullAck  kind = 0x04
	txAck    kind = 0x05
)

const (
	headerSize = 12    // of what gateways send: 4 bytes and the EUI
	replySize  = 4     // of PUSH_ACK and PULL_ACK
	maxSize    = 65507 // of a UDP datagram
)

var (
	errShort   = errors.New("want at least 12 bytes")
	errVersion = errors.New("protocol version is not 1 or 2")
	errKind    = errors.New("not a datagram that gateways send")
)

// header begins each datagram of a gateway.
type header struct {
	version byte
	token   uint16
	kind    kind
	gateway radio.EUI64
}

// parseHeader splits a datagram of a gateway.
func parseHeader(b []byte) (header, []byte, error) {
	if len(b) < headerSize {
		return header{}, nil, errShort
	}
	h := header{version: b[0], token: binary.BigEndian.Uint16(b[1:]), kind: kind(b[3]), gateway: radio.EUI64(b[4:12])}
	if h.version != 1 && h.version != 2 {
		return h, nil, errVersion
	}
	switch h.kind {
	case pushData, pullData, txAck:
		return h, b[headerSize:], nil
	default:
		return h, nil, errKind
	}
}

// ack is the answer to h.
func (h header) ack() []byte {
	k := pushAck
	if h.kind == pullData {
		k = pullAck
	}
	return appendHead(make([]byte, 0, replySize), h.version, h.token, k)
}

// appendHead begins a datagram of the server.
func appendHead(b []byte, version byte, token uint16, k kind) []byte {
	return append(binary.BigEndian.AppendUint16(append(b, version), token), byte(k))
}

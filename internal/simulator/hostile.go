package simulator

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"gatewayd/internal/simulator/lorawan"
)

// HostileFrame is a PHYPayload that no gateway may take for an uplink of the
// node it was made with.
type HostileFrame struct {
	Name       string // "bad_mic", "replay", "unknown_dev_addr", ...
	PHYPayload []byte
}

// Hostile lists one frame of each kind, made from the genuine uplink phy,
// which the gateway must have accepted already. Choices come from src. Kinds
// that need the node's keys are not among them: see Node.WrongMajor.
func Hostile(phy []byte, src rand.Source) []HostileFrame {
	rng := rand.New(src)
	return []HostileFrame{
		{"bad_mic", BadMIC(phy)},
		{"replay", bytes.Clone(phy)},
		{"unknown_dev_addr", UnknownDevAddr(phy, rng)},
		{"truncated", Truncated(phy, rng)},
		{"random", Random(rng)},
		{"proprietary", Proprietary(rng)},
		{"foreign_downlink", ForeignDownlink(rng)},
		{"unknown_join", UnknownJoin(rng)},
	}
}

// BadMIC is phy with one bit of its MIC wrong.
func BadMIC(phy []byte) []byte {
	b := bytes.Clone(phy)
	if len(b) > 0 {
		b[len(b)-1] ^= 0x01
	}
	return b
}

// UnknownDevAddr is the data uplink phy from another address, one in the
// NwkID range of private networks with the lowest bits random.
func UnknownDevAddr(phy []byte, rng *rand.Rand) []byte {
	b := bytes.Clone(phy)
	if len(b) >= 1+lorawan.FHDRSize {
		own := binary.LittleEndian.Uint32(b[1:])
		other := rng.Uint32N(1 << 25)
		if other == own {
			other ^= 1
		}
		binary.LittleEndian.PutUint32(b[1:], other)
	}
	return b
}

// Truncated is phy without at least its last byte.
func Truncated(phy []byte, rng *rand.Rand) []byte {
	if len(phy) < 2 {
		return []byte{0x40}
	}
	return bytes.Clone(phy[:1+rng.IntN(len(phy)-1)])
}

// Random is 1 to 255 random bytes.
func Random(rng *rand.Rand) []byte {
	b := make([]byte, 1+rng.IntN(lorawan.MaxPHY))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// Proprietary is a frame of message type 7, which LoRaWAN leaves to others.
func Proprietary(rng *rand.Rand) []byte {
	return append([]byte{lorawan.Proprietary.MHDR()}, Random(rng)[:1]...)
}

// ForeignDownlink is a well-formed data downlink of another network, as a
// second gateway in range emits it.
func ForeignDownlink(rng *rand.Rand) []byte {
	f := lorawan.Data{
		MType: lorawan.UnconfirmedDown, DevAddr: DevAddr(rng.Uint32()), FCnt: uint16(rng.Uint32()),
		HasPort: true, FPort: 1, Payload: []byte{byte(rng.Uint32()), byte(rng.Uint32())},
	}
	return binary.LittleEndian.AppendUint32(f.Bytes(), rng.Uint32())
}

// UnknownJoin is a well-formed join request of a node nobody knows.
func UnknownJoin(rng *rand.Rand) []byte {
	b := []byte{lorawan.JoinRequest.MHDR()}
	for range 2 {
		b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(rng.Uint32()))
	return binary.LittleEndian.AppendUint32(b, rng.Uint32())
}

// WrongMajor is the node's next uplink with major version 1 in the MHDR and a
// MIC that matches it. The node's counter does not move.
func (n *Node) WrongMajor() ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	if s == nil {
		return nil, ErrNotJoined
	}
	phy := s.seal(lorawan.Data{MType: lorawan.UnconfirmedUp, HasPort: true, FPort: 1, Payload: []byte("major")}, s.fCntUp, lorawan.Transmission{})
	msg := slices.Clone(phy[:len(phy)-lorawan.MICSize])
	msg[0] |= 0x01
	mic := s.uplinkMIC(s.fCntUp, lorawan.Transmission{}, msg)
	return append(msg, mic[:]...), nil
}

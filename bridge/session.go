package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
)

// session is one security context of a node. A value: copied, never shared.
type session struct {
	id      uint32 // random; part of every message id
	devAddr lorawan.DevAddr
	nwkSKey secret.AES128
	appSKey secret.AES128

	heard    bool        // an uplink has been accepted; fCntUp is its counter
	fCntUp   uint32      // of the last accepted uplink
	mic      lorawan.MIC // of the same: a retransmission is the same frame
	fCntDown uint32      // next to use
}

// state is all that survives a restart of one node.
type state struct {
	// active is the session that the node is known to use, if any.
	active    session
	hasActive bool
	// joining was handed out in a join accept and becomes active with the
	// first uplink that uses it, because a join accept may not arrive.
	joining    session
	hasJoining bool
	joinNonce  uint32 // last used
}

const stateVersion = 1

var errState = errors.New("unreadable session record")

// marshal encodes s: version, flags, join nonce, then each session present.
func (s state) marshal() []byte {
	b := []byte{stateVersion, flag(s.hasActive, 1) | flag(s.hasJoining, 2)}
	b = binary.BigEndian.AppendUint32(b, s.joinNonce)
	if s.hasActive {
		b = s.active.append(b)
	}
	if s.hasJoining {
		b = s.joining.append(b)
	}
	return b
}

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

const sessionSize = 4 + 4 + 16 + 16 + 1 + 4 + 4 + 4

func (s session) append(b []byte) []byte {
	nwk, app := s.nwkSKey.Reveal(), s.appSKey.Reveal()
	b = binary.BigEndian.AppendUint32(b, s.id)
	b = append(b, s.devAddr[:]...)
	b = append(b, nwk[:]...)
	b = append(b, app[:]...)
	b = append(b, flag(s.heard, 1))
	b = binary.BigEndian.AppendUint32(b, s.fCntUp)
	b = binary.BigEndian.AppendUint32(b, s.fCntDown)
	return append(b, s.mic[:]...)
}

// unmarshalState decodes what marshal wrote.
func unmarshalState(b []byte) (s state, err error) {
	if len(b) < 6 || b[1] > 3 {
		return s, errState
	}
	if b[0] != stateVersion {
		return s, fmt.Errorf("%w: version %d, written by a newer gatewayd", errState, b[0])
	}
	s.hasActive, s.hasJoining = b[1]&1 != 0, b[1]&2 != 0
	s.joinNonce = binary.BigEndian.Uint32(b[2:])
	b = b[6:]
	for _, p := range []struct {
		has bool
		to  *session
	}{{s.hasActive, &s.active}, {s.hasJoining, &s.joining}} {
		if !p.has {
			continue
		}
		if len(b) < sessionSize {
			return state{}, errState
		}
		*p.to, b = takeSession(b), b[sessionSize:]
	}
	if len(b) != 0 {
		return state{}, errState
	}
	return s, nil
}

func takeSession(b []byte) session {
	return session{
		id:       binary.BigEndian.Uint32(b),
		devAddr:  lorawan.DevAddr(b[4:8]),
		nwkSKey:  secret.NewAES128([16]byte(b[8:24])),
		appSKey:  secret.NewAES128([16]byte(b[24:40])),
		heard:    b[40] != 0,
		fCntUp:   binary.BigEndian.Uint32(b[41:]),
		fCntDown: binary.BigEndian.Uint32(b[45:]),
		mic:      lorawan.MIC(b[49:53]),
	}
}

package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
	"gatewayd/internal/secret"
)

// stateVersion is that of the records marshal writes.
const stateVersion = 2

var errState = errors.New("unreadable session record")

// Flags of a state record.
const (
	hasActive = 1 << iota
	hasJoining
)

// marshal encodes s without its queue: version, flags, nonces, then each
// session present.
func (s state) marshal() []byte {
	b := []byte{stateVersion, flag(s.hasActive, hasActive) | flag(s.hasJoining, hasJoining)}
	b = binary.BigEndian.AppendUint32(b, s.joinNonce)
	b = binary.BigEndian.AppendUint32(b, uint32(s.devNonce))
	b = binary.BigEndian.AppendUint32(b, uint32(s.rjCount1))
	b = binary.BigEndian.AppendUint16(b, s.nonceEpoch)
	b = append(b, byte(len(s.recent)))
	for _, h := range s.recent {
		b = binary.BigEndian.AppendUint64(b, h)
	}
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

// Flags of a session within a record.
const (
	sessionHeard = 1 << iota
	sessionV11
	sessionRejoined
)

// append encodes s: fixed fields, then the MAC state with its length. A session
// of the first releases that has not been loaded for a node has none.
func (s session) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, s.id)
	b = append(b, s.devAddr[:]...)
	b = append(b, flag(s.heard, sessionHeard)|flag(s.v11, sessionV11)|flag(s.rejoined, sessionRejoined))
	for _, k := range s.keyList() {
		raw := k.Reveal()
		b = append(b, raw[:]...)
	}
	for _, v := range []uint32{s.fCntUp, s.nFCntDown, s.aFCntDown} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = append(b, s.confCount)
	for _, c := range s.confs[:s.confCount] {
		b = binary.BigEndian.AppendUint16(b, c)
	}
	b = append(b, s.mic[:]...)
	b = binary.BigEndian.AppendUint16(b, s.rjCount0)
	b = append(append(b, byte(len(s.region))), s.region...)
	var params []byte
	if s.mac != (mac.State{}) {
		params, _ = s.mac.AppendBinary(nil) // never fails
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(params)))
	return append(b, params...)
}

// keyList are the keys in the order they are written; LoRaWAN 1.0 has two.
func (s session) keyList() []secret.AES128 {
	if !s.v11 {
		return []secret.AES128{s.keys.FNwkSInt, s.keys.App}
	}
	return []secret.AES128{s.keys.FNwkSInt, s.keys.SNwkSInt, s.keys.NwkSEnc, s.keys.App}
}

// unmarshalState decodes what marshal wrote.
func unmarshalState(b []byte) (state, error) {
	if len(b) == 0 {
		return state{}, errState
	}
	r := reader{b: b[1:]}
	s := newState()
	switch b[0] {
	case 1:
		r.stateV1(&s)
	case stateVersion:
		r.state(&s)
	default:
		return state{}, fmt.Errorf("%w: version %d, written by a newer gatewayd", errState, b[0])
	}
	if r.bad || len(r.b) != 0 {
		return state{}, errState
	}
	return s, nil
}

// reader takes fields off the front of b; bad once there was not enough.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if len(r.b) < n {
		r.bad = true
		return make([]byte, n)
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() byte           { return r.take(1)[0] }
func (r *reader) u16() uint16        { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32        { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64        { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) key() secret.AES128 { return keyOf([16]byte(r.take(16))) }

// keyOf is the key with these bytes; zeros stand for none.
func keyOf(raw [16]byte) secret.AES128 {
	if raw == [16]byte{} {
		return secret.AES128{}
	}
	return secret.NewAES128(raw)
}

func (r *reader) state(s *state) {
	flags := r.u8()
	s.joinNonce, s.devNonce, s.rjCount1, s.nonceEpoch = r.u32(), int32(r.u32()), int32(r.u32()), r.u16()
	for range r.u8() {
		s.recent = append(s.recent, r.u64())
	}
	if s.hasActive = flags&hasActive != 0; s.hasActive {
		s.active = r.session()
	}
	if s.hasJoining = flags&hasJoining != 0; s.hasJoining {
		s.joining = r.session()
	}
	r.bad = r.bad || flags&^(hasActive|hasJoining) != 0
}

func (r *reader) session() session {
	s := session{id: r.u32(), devAddr: lorawan.DevAddr(r.take(4))}
	flags := r.u8()
	s.heard, s.v11, s.rejoined = flags&sessionHeard != 0, flags&sessionV11 != 0, flags&sessionRejoined != 0
	if s.v11 {
		s.keys = crypt.Session{FNwkSInt: r.key(), SNwkSInt: r.key(), NwkSEnc: r.key(), App: r.key()}
	} else {
		s.keys = keys10(r.key(), r.key())
	}
	s.fCntUp, s.nFCntDown, s.aFCntDown = r.u32(), r.u32(), r.u32()
	if s.confCount = r.u8(); s.confCount > maxConfs {
		r.bad, s.confCount = true, 0
	}
	for i := range s.confCount {
		s.confs[i] = r.u16()
	}
	s.mic = lorawan.MIC(r.take(4))
	s.rjCount0 = r.u16()
	s.region = string(r.take(int(r.u8())))
	params := r.take(int(r.u16()))
	if s.region == "" && len(params) == 0 {
		return s
	}
	var err error
	s.mac, err = mac.Parse(params)
	r.bad = r.bad || err != nil
	return s
}

// keys10 are the keys of a LoRaWAN 1.0 session.
func keys10(nwk, app secret.AES128) crypt.Session {
	return crypt.Session{FNwkSInt: nwk, SNwkSInt: nwk, NwkSEnc: nwk, App: app}
}

// stateV1 reads the record of the first releases: LoRaWAN 1.0 without MAC
// state, which stays the zero value and is made anew when the node is loaded.
func (r *reader) stateV1(s *state) {
	flags := r.u8()
	s.joinNonce = r.u32()
	if s.hasActive = flags&hasActive != 0; s.hasActive {
		s.active = r.sessionV1()
	}
	if s.hasJoining = flags&hasJoining != 0; s.hasJoining {
		s.joining = r.sessionV1()
	}
	r.bad = r.bad || flags&^(hasActive|hasJoining) != 0
}

func (r *reader) sessionV1() session {
	s := session{id: r.u32(), devAddr: lorawan.DevAddr(r.take(4))}
	s.keys = keys10(r.key(), r.key())
	s.heard = r.u8() != 0
	s.fCntUp, s.nFCntDown = r.u32(), r.u32()
	s.mic = lorawan.MIC(r.take(4))
	return s
}

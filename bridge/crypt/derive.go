package crypt

import (
	"encoding/binary"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// Session are the keys of one session. In LoRaWAN 1.0 the three network keys
// are one, the NwkSKey.
type Session struct {
	FNwkSInt, SNwkSInt, NwkSEnc, App secret.AES128
}

// Labels of the derivations (LoRaWAN 1.0.4, section 6.2.6; 1.1, 6.2.5).
const (
	labelFNwkSInt = 0x01
	labelApp      = 0x02
	labelSNwkSInt = 0x03
	labelNwkSEnc  = 0x04
	labelJSEnc    = 0x05
	labelJSInt    = 0x06
)

// Join is what a join or rejoin put into the derivation.
type Join struct {
	JoinNonce uint32 // 24 bits
	NetID     lorawan.NetID
	JoinEUI   radio.EUI64
	DevNonce  uint16 // the RJcount after a rejoin
}

// Session10 derives the keys of a LoRaWAN 1.0 session.
func Session10(appKey secret.AES128, j Join) Session {
	k := NewKey(appKey)
	nwk := k.derive(j.block10(labelFNwkSInt))
	return Session{nwk, nwk, nwk, k.derive(j.block10(labelApp))}
}

// Session11 derives the keys of a LoRaWAN 1.1 session.
func Session11(nwkKey, appKey secret.AES128, j Join) Session {
	nwk := NewKey(nwkKey)
	return Session{
		FNwkSInt: nwk.derive(j.block11(labelFNwkSInt)),
		SNwkSInt: nwk.derive(j.block11(labelSNwkSInt)),
		NwkSEnc:  nwk.derive(j.block11(labelNwkSEnc)),
		App:      NewKey(appKey).derive(j.block11(labelApp)),
	}
}

// JSIntKey signs rejoin requests of type 1 and the join accepts of LoRaWAN
// 1.1.
func JSIntKey(nwkKey secret.AES128, devEUI radio.EUI64) secret.AES128 {
	return NewKey(nwkKey).derive(euiBlock(labelJSInt, devEUI))
}

// JSEncKey encrypts the join accepts that answer rejoin requests.
func JSEncKey(nwkKey secret.AES128, devEUI radio.EUI64) secret.AES128 {
	return NewKey(nwkKey).derive(euiBlock(labelJSEnc, devEUI))
}

func (k *Key) derive(block [size]byte) secret.AES128 { return secret.NewAES128(k.encrypt(block)) }

// block10 is label | JoinNonce | NetID | DevNonce | zeros.
func (j Join) block10(label byte) (b [size]byte) {
	j.head(&b, label)
	b[4], b[5], b[6] = j.NetID[2], j.NetID[1], j.NetID[0]
	binary.LittleEndian.PutUint16(b[7:], j.DevNonce)
	return b
}

// block11 is label | JoinNonce | JoinEUI | DevNonce | zeros.
func (j Join) block11(label byte) (b [size]byte) {
	j.head(&b, label)
	putEUI(b[4:], j.JoinEUI)
	binary.LittleEndian.PutUint16(b[12:], j.DevNonce)
	return b
}

func (j Join) head(b *[size]byte, label byte) {
	b[0], b[1], b[2], b[3] = label, byte(j.JoinNonce), byte(j.JoinNonce>>8), byte(j.JoinNonce>>16)
}

func euiBlock(label byte, eui radio.EUI64) (b [size]byte) {
	b[0] = label
	putEUI(b[1:], eui)
	return b
}

// putEUI writes eui as it is on the air, least significant byte first.
func putEUI(b []byte, eui radio.EUI64) {
	for i, v := range eui {
		b[len(eui)-1-i] = v
	}
}

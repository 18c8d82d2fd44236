package lorawan

import (
	"crypto/aes"
	"encoding/binary"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// Keys are the session keys of a device. Under 1.0 the three network keys
// are one, NwkSKey.
type Keys struct {
	FNwkSInt, SNwkSInt, NwkSEnc, AppS secret.AES128
}

// Keys10 are the session keys of 1.0.
func Keys10(nwkSKey, appSKey secret.AES128) Keys {
	return Keys{FNwkSInt: nwkSKey, SNwkSInt: nwkSKey, NwkSEnc: nwkSKey, AppS: appSKey}
}

// The first byte of the block a key is derived from.
const (
	labelNwkS     = 0x01 // NwkSKey, FNwkSIntKey
	labelAppS     = 0x02
	labelSNwkSInt = 0x03
	labelNwkSEnc  = 0x04
	labelJSEnc    = 0x05
	labelJSInt    = 0x06
)

// derive encrypts label and fields, zero-padded to a block, under key.
func derive(key secret.AES128, label byte, fields ...[]byte) secret.AES128 {
	var b [aes.BlockSize]byte
	b[0] = label
	n := 1
	for _, f := range fields {
		n += copy(b[n:], f)
	}
	newCipher(key).Encrypt(b[:], b[:])
	return secret.NewAES128(b)
}

// DeriveKeys10 are the session keys of a join under 1.0, and under 1.1 with
// a network that does not speak it, when root is NwkKey: section 6.2.5 of
// 1.0.3, section 6.1.2 of 1.1.
func DeriveKeys10(root secret.AES128, joinNonce, netID uint32, devNonce uint16) Keys {
	fields := [][]byte{le24(joinNonce), le24(netID), le16(devNonce)}
	return Keys10(derive(root, labelNwkS, fields...), derive(root, labelAppS, fields...))
}

// DeriveKeys11 are the session keys of a join under 1.1. After a rejoin
// devNonce is RJcount: section 6.1.2.
func DeriveKeys11(nwkKey, appKey secret.AES128, joinNonce uint32, joinEUI radio.EUI64, devNonce uint16) Keys {
	fields := [][]byte{le24(joinNonce), reversed(joinEUI), le16(devNonce)}
	return Keys{
		FNwkSInt: derive(nwkKey, labelNwkS, fields...),
		SNwkSInt: derive(nwkKey, labelSNwkSInt, fields...),
		NwkSEnc:  derive(nwkKey, labelNwkSEnc, fields...),
		AppS:     derive(appKey, labelAppS, fields...),
	}
}

// JSIntKey makes the MIC of join accepts of 1.1 and of rejoin requests of
// type 1: section 6.1.1.3.
func JSIntKey(nwkKey secret.AES128, devEUI radio.EUI64) secret.AES128 {
	return derive(nwkKey, labelJSInt, reversed(devEUI))
}

// JSEncKey encrypts join accepts that answer rejoin requests: section
// 6.1.1.3.
func JSEncKey(nwkKey secret.AES128, devEUI radio.EUI64) secret.AES128 {
	return derive(nwkKey, labelJSEnc, reversed(devEUI))
}

// MulticastKeys are the session keys of the multicast group that has mcKey
// and addr: TS005, section 4.
func MulticastKeys(mcKey secret.AES128, addr DevAddr) (mcNwkSKey, mcAppSKey secret.AES128) {
	a := binary.LittleEndian.AppendUint32(nil, uint32(addr))
	return derive(mcKey, 0x02, a), derive(mcKey, 0x01, a)
}

func le16(n uint16) []byte { return []byte{byte(n), byte(n >> 8)} }

func le24(n uint32) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16)} }

// uint24 reads a little-endian 24-bit integer.
func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

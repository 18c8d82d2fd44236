package simulator

import (
	"crypto/aes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// sealJoinRequest is a whole join request: section 6.2.4.
func sealJoinRequest(appKey secret.AES128, joinEUI, devEUI radio.EUI64, devNonce uint16) []byte {
	b := []byte{byte(joinRequest)<<mTypeShift | majorR1}
	b = append(b, reversed(joinEUI)...)
	b = append(b, reversed(devEUI)...)
	b = binary.LittleEndian.AppendUint16(b, devNonce)
	mac := cmac(appKey, b)
	return append(b, mac[:micSize]...)
}

// reversed is e in the order of the air, least significant byte first.
func reversed(e radio.EUI64) []byte {
	slices.Reverse(e[:])
	return e[:]
}

// accept is a decrypted join accept: section 6.2.5.
type accept struct {
	joinNonce uint32 // 24 bits; AppNonce before 1.0.4
	netID     uint32 // 24 bits
	devAddr   DevAddr
	rx1Offset uint8 // RX1DROffset
	rx2       uint8 // data rate index of RX2
	rxDelay   time.Duration
	cfList    []byte // 16 bytes, or none
}

// The two lengths of a join accept: without and with CFList.
const (
	acceptSize       = 17
	acceptSizeCFList = 33
)

// errAcceptMIC is a join accept that is for another node, or wrong.
var errAcceptMIC = errors.New("join accept: MIC does not match this AppKey")

// openJoinAccept decrypts and checks a join accept as a node does. The
// network used AES decryption to encrypt, so the node needs only encryption.
func openJoinAccept(appKey secret.AES128, phy []byte) (accept, error) {
	if t, err := parseMHDR(phy); err != nil {
		return accept{}, err
	} else if t != joinAccept {
		return accept{}, errors.New("not a join accept")
	}
	if len(phy) != acceptSize && len(phy) != acceptSizeCFList {
		return accept{}, fmt.Errorf("join accept of %d bytes: want %d, or %d with CFList", len(phy), acceptSize, acceptSizeCFList)
	}
	plain := slices.Clone(phy)
	cipher := newCipher(appKey)
	for b := plain[1:]; len(b) > 0; b = b[aes.BlockSize:] {
		cipher.Encrypt(b, b)
	}
	msg, mic := plain[:len(plain)-micSize], plain[len(plain)-micSize:]
	if mac := cmac(appKey, msg); [micSize]byte(mac[:micSize]) != [micSize]byte(mic) {
		return accept{}, errAcceptMIC
	}
	return readAccept(msg[1:]), nil
}

// readAccept reads the fields of a join accept: 12 bytes, or 28 with CFList.
func readAccept(b []byte) accept {
	a := accept{
		joinNonce: uint24(b),
		netID:     uint24(b[3:]),
		devAddr:   DevAddr(binary.LittleEndian.Uint32(b[6:])),
		rx1Offset: b[10] >> 4 & 0x07,
		rx2:       b[10] & 0x0F,
		rxDelay:   time.Duration(b[11]&0x0F) * time.Second,
		cfList:    b[12:],
	}
	if a.rxDelay == 0 {
		a.rxDelay = time.Second // Del 0 and 1 both mean one second
	}
	return a
}

// uint24 reads a little-endian 24-bit integer.
func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// The first byte of the block a session key is derived from.
const (
	nwkSKeyLabel = 0x01
	appSKeyLabel = 0x02
)

// sessionKey derives NwkSKey or AppSKey: section 6.2.5.
func sessionKey(appKey secret.AES128, label byte, joinNonce, netID uint32, devNonce uint16) secret.AES128 {
	b := [aes.BlockSize]byte{
		label,
		byte(joinNonce), byte(joinNonce >> 8), byte(joinNonce >> 16),
		byte(netID), byte(netID >> 8), byte(netID >> 16),
		byte(devNonce), byte(devNonce >> 8),
	}
	newCipher(appKey).Encrypt(b[:], b[:])
	return secret.NewAES128(b)
}

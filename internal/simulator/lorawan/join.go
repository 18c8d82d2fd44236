package lorawan

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

// JoinType is JoinReqType: what a join accept answers. Section 6.2.3.
type JoinType byte

// The kinds of request.
const (
	Rejoin0 JoinType = 0    // to learn where a roaming device is, or to reset its context
	Rejoin1 JoinType = 1    // a join on top of normal traffic
	Rejoin2 JoinType = 2    // to rekey, radio parameters unchanged
	Join    JoinType = 0xFF // a join request
)

// String is "join" or "rejoin type n".
func (t JoinType) String() string {
	if t == Join {
		return "join"
	}
	return fmt.Sprintf("rejoin type %d", byte(t))
}

// SealJoinRequest is a whole join request. key is AppKey, NwkKey under 1.1:
// section 6.2.2.
func SealJoinRequest(key secret.AES128, joinEUI, devEUI radio.EUI64, devNonce uint16) []byte {
	b := []byte{JoinRequest.MHDR()}
	b = append(b, reversed(joinEUI)...)
	b = append(b, reversed(devEUI)...)
	return sign(key, append(b, le16(devNonce)...))
}

// SealRejoin02 is a whole rejoin request of type 0 or 2: section 6.2.4.1.
func SealRejoin02(sNwkSIntKey secret.AES128, t JoinType, netID uint32, devEUI radio.EUI64, rjCount0 uint16) []byte {
	b := append([]byte{RejoinRequest.MHDR(), byte(t)}, le24(netID)...)
	b = append(b, reversed(devEUI)...)
	return sign(sNwkSIntKey, append(b, le16(rjCount0)...))
}

// SealRejoin1 is a whole rejoin request of type 1: section 6.2.4.2.
func SealRejoin1(jsIntKey secret.AES128, joinEUI, devEUI radio.EUI64, rjCount1 uint16) []byte {
	b := append([]byte{RejoinRequest.MHDR(), byte(Rejoin1)}, reversed(joinEUI)...)
	b = append(b, reversed(devEUI)...)
	return sign(jsIntKey, append(b, le16(rjCount1)...))
}

// sign appends the first bytes of msg's CMAC.
func sign(key secret.AES128, msg []byte) []byte {
	mac := CMAC(key, msg)
	return append(msg, mac[:MICSize]...)
}

// reversed is e in the order of the air, least significant byte first.
func reversed(e radio.EUI64) []byte {
	slices.Reverse(e[:])
	return e[:]
}

// Accept is a decrypted join accept: section 6.2.3.
type Accept struct {
	JoinNonce uint32 // 24 bits; AppNonce before 1.0.4
	NetID     uint32 // 24 bits
	DevAddr   DevAddr
	OptNeg    bool  // the network speaks 1.1; RFU before
	RX1Offset uint8 // RX1DROffset
	RX2Rate   uint8 // data rate index
	RXDelay   time.Duration
	CFList    []byte // 16 bytes, or none

	message []byte // MHDR to CFList, decrypted
	mic     [MICSize]byte
}

// The two lengths of a join accept: without and with CFList.
const (
	acceptSize       = 17
	acceptSizeCFList = 33
)

// DecryptAccept reads a join accept as a device does. The network used AES
// decryption to encrypt, so the device needs only encryption. The key is
// AppKey, NwkKey or JSEncKey. The MIC is not checked: see VerifiedBy10 and
// VerifiedBy11.
func DecryptAccept(key secret.AES128, phy []byte) (Accept, error) {
	if t, err := ParseMHDR(phy); err != nil {
		return Accept{}, err
	} else if t != JoinAccept {
		return Accept{}, errors.New("not a join accept")
	}
	if len(phy) != acceptSize && len(phy) != acceptSizeCFList {
		return Accept{}, fmt.Errorf("join accept of %d bytes: want %d, or %d with CFList", len(phy), acceptSize, acceptSizeCFList)
	}
	plain := slices.Clone(phy)
	cipher := newCipher(key)
	for b := plain[1:]; len(b) > 0; b = b[aes.BlockSize:] {
		cipher.Encrypt(b, b)
	}
	return ReadAccept(plain), nil
}

// ReadAccept reads a join accept in clear, MHDR to MIC: 17 bytes, or 33 with
// CFList.
func ReadAccept(plain []byte) Accept {
	msg, b := plain[:len(plain)-MICSize], plain[1:]
	a := Accept{
		JoinNonce: uint24(b),
		NetID:     uint24(b[3:]),
		DevAddr:   DevAddr(binary.LittleEndian.Uint32(b[6:])),
		OptNeg:    b[10]&0x80 != 0,
		RX1Offset: b[10] >> 4 & 0x07,
		RX2Rate:   b[10] & 0x0F,
		RXDelay:   RXDelay(b[11]),
		CFList:    msg[13:],
		message:   msg,
		mic:       [MICSize]byte(plain[len(msg):]),
	}
	return a
}

// RXDelay is the delay that the Del field of RxDelay and RXTimingSetupReq
// stands for: 0 and 1 both mean one second.
func RXDelay(del byte) time.Duration {
	return time.Duration(max(1, del&0x0F)) * time.Second
}

// VerifiedBy10 reports whether the MIC of 1.0 is right under key: AppKey, or
// NwkKey of a 1.1 device if OptNeg is not set.
func (a Accept) VerifiedBy10(key secret.AES128) bool {
	mac := CMAC(key, a.message)
	return a.mic == [MICSize]byte(mac[:MICSize])
}

// VerifiedBy11 reports whether the MIC of 1.1 is right for an answer to the
// request of that type and nonce: DevNonce of a join, RJcount of a rejoin.
func (a Accept) VerifiedBy11(jsIntKey secret.AES128, t JoinType, joinEUI radio.EUI64, devNonce uint16) bool {
	return a.mic == acceptMIC11(jsIntKey, t, joinEUI, devNonce, a.message)
}

func acceptMIC11(jsIntKey secret.AES128, t JoinType, joinEUI radio.EUI64, devNonce uint16, msg []byte) [MICSize]byte {
	b := append([]byte{byte(t)}, reversed(joinEUI)...)
	b = append(append(b, le16(devNonce)...), msg...)
	mac := CMAC(jsIntKey, b)
	return [MICSize]byte(mac[:MICSize])
}

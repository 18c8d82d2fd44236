package lorawan

import (
	"crypto/aes"
	"encoding/binary"

	"gatewayd/internal/secret"
)

// block fills what the A_i, B0 and B1 blocks have in common: sections 4.3.3
// and 4.4.
func block(first byte, dir Direction, addr DevAddr, fCnt uint32, last byte) [aes.BlockSize]byte {
	var b [aes.BlockSize]byte
	b[0] = first
	b[5] = byte(dir)
	binary.LittleEndian.PutUint32(b[6:], uint32(addr))
	binary.LittleEndian.PutUint32(b[10:], fCnt)
	b[15] = last
	return b
}

// micBlock is the first byte of B0 and B1.
const micBlock = 0x49

// MIC is the MIC of msg, a data message from MHDR to FRMPayload, with the
// 32-bit frame counter, as 1.0 has it in both directions: section 4.4 of
// 1.0.3. confFCnt enters downlinks of 1.1 that acknowledge; it is 0 in all
// others.
func MIC(key secret.AES128, dir Direction, addr DevAddr, fCnt uint32, confFCnt uint16, msg []byte) [MICSize]byte {
	b0 := block(micBlock, dir, addr, fCnt, byte(len(msg)))
	binary.LittleEndian.PutUint16(b0[1:], confFCnt)
	mac := CMAC(key, append(b0[:], msg...))
	return [MICSize]byte(mac[:MICSize])
}

// Transmission is what the MIC of an uplink of 1.1 says about how it was
// sent.
type Transmission struct {
	ConfFCnt uint16 // of the downlink acknowledged; 0 if ACK is not set
	DataRate uint8  // index
	Channel  uint8  // index
}

// UplinkMIC is the MIC of an uplink of 1.1: section 4.4.1. Its halves are
// under keys of two networks, so that either can check it.
func UplinkMIC(keys Keys, addr DevAddr, fCnt uint32, tx Transmission, msg []byte) [MICSize]byte {
	b1 := block(micBlock, Up, addr, fCnt, byte(len(msg)))
	binary.LittleEndian.PutUint16(b1[1:], tx.ConfFCnt)
	b1[3], b1[4] = tx.DataRate, tx.Channel
	s := CMAC(keys.SNwkSInt, append(b1[:], msg...))
	f := MIC(keys.FNwkSInt, Up, addr, fCnt, 0, msg)
	return [MICSize]byte{s[0], s[1], f[0], f[1]}
}

// Crypt encrypts or decrypts FRMPayload - the operation is its own inverse -
// with the 32-bit frame counter: section 4.3.3.
func Crypt(key secret.AES128, dir Direction, addr DevAddr, fCnt uint32, in []byte) []byte {
	cipher := newCipher(key)
	out := make([]byte, len(in))
	var s [aes.BlockSize]byte
	for i := range in {
		if i%aes.BlockSize == 0 {
			a := block(0x01, dir, addr, fCnt, byte(i/aes.BlockSize+1))
			cipher.Encrypt(s[:], a[:])
		}
		out[i] = in[i] ^ s[i%aes.BlockSize]
	}
	return out
}

// Counter says which frame counter a frame of 1.1 uses, as the block that
// encrypts FOpts carries it.
type Counter byte

// The counters.
const (
	NetworkCounter     Counter = 1 // FCntUp and NFCntDown
	ApplicationCounter Counter = 2 // AFCntDown
)

// CounterOf is the counter that f uses under 1.1: section 4.3.1.5.
func CounterOf(f Data) Counter {
	if f.Direction() == Down && f.HasPort && f.FPort > 0 {
		return ApplicationCounter
	}
	return NetworkCounter
}

// CryptFOpts encrypts or decrypts the up to 15 bytes of FOpts of a frame of
// 1.1: section 4.3.1.6 as the errata of January 2018 have it.
func CryptFOpts(nwkSEncKey secret.AES128, dir Direction, addr DevAddr, c Counter, fCnt uint32, in []byte) []byte {
	a := block(0x01, dir, addr, fCnt, 0x01)
	a[4] = byte(c)
	newCipher(nwkSEncKey).Encrypt(a[:], a[:])
	out := make([]byte, len(in))
	for i := range min(len(in), len(a)) {
		out[i] = in[i] ^ a[i]
	}
	return out
}

package simulator

import (
	"crypto/aes"
	"encoding/binary"

	"gatewayd/internal/secret"
)

// block fills what the A_i and B0 blocks have in common: sections 4.3.3 and
// 4.4.
func block(first byte, dir direction, addr DevAddr, fCnt uint32, last byte) [aes.BlockSize]byte {
	var b [aes.BlockSize]byte
	b[0] = first
	b[5] = byte(dir)
	binary.LittleEndian.PutUint32(b[6:], uint32(addr))
	binary.LittleEndian.PutUint32(b[10:], fCnt)
	b[15] = last
	return b
}

// dataMIC is the MIC of msg, a data message from MHDR to FRMPayload, with the
// 32-bit frame counter: section 4.4.
func dataMIC(nwkSKey secret.AES128, dir direction, addr DevAddr, fCnt uint32, msg []byte) [micSize]byte {
	b0 := block(0x49, dir, addr, fCnt, byte(len(msg)))
	mac := cmac(nwkSKey, append(b0[:], msg...))
	return [micSize]byte(mac[:micSize])
}

// cryptPayload encrypts or decrypts FRMPayload - the operation is its own
// inverse - with the 32-bit frame counter: section 4.3.3.
func cryptPayload(key secret.AES128, dir direction, addr DevAddr, fCnt uint32, in []byte) []byte {
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

// seal encrypts payload into f and appends the MIC. fCnt is the whole frame
// counter; f carries its low 16 bits.
func (s *session) seal(f dataFrame, fCnt uint32, payload []byte) []byte {
	f.devAddr, f.fCnt = s.devAddr, uint16(fCnt)
	f.payload = cryptPayload(s.payloadKey(f.fPort), f.direction(), s.devAddr, fCnt, payload)
	msg := f.bytes()
	mic := dataMIC(s.nwkSKey, f.direction(), s.devAddr, fCnt, msg)
	return append(msg, mic[:]...)
}

// verify reports whether phy carries the right MIC for frame counter fCnt.
func (s *session) verify(f dataFrame, fCnt uint32, phy []byte) bool {
	msg, mic := phy[:len(phy)-micSize], phy[len(phy)-micSize:]
	return dataMIC(s.nwkSKey, f.direction(), s.devAddr, fCnt, msg) == [micSize]byte(mic)
}

// payloadKey is the key of FRMPayload: NwkSKey for MAC commands on port 0.
func (s *session) payloadKey(fPort byte) secret.AES128 {
	if fPort == 0 {
		return s.nwkSKey
	}
	return s.appSKey
}

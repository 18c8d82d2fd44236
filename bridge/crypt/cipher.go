package crypt

import (
	"crypto/subtle"
	"encoding/binary"

	"github.com/brocaar/lorawan"
)

// Payload encrypts or decrypts an FRMPayload in place (LoRaWAN 1.0.4, section
// 4.3.3).
func Payload(key *Key, dir Direction, addr lorawan.DevAddr, fCnt uint32, data []byte) {
	a := [size]byte{0x01}
	a[5] = byte(dir)
	putAddr(a[6:], addr)
	binary.LittleEndian.PutUint32(a[10:], fCnt)
	for i := byte(1); len(data) > 0; i++ {
		a[15] = i
		s := key.encrypt(a)
		data = data[subtle.XORBytes(data, data, s[:]):]
	}
}

// FOpts encrypts or decrypts at most 15 bytes of FOpts in place (LoRaWAN 1.1,
// section 4.3.1.2, with the erratum of 2018). application says that fCnt is
// an AFCntDown: the frame is a downlink with an FPort above 0.
func FOpts(key *Key, dir Direction, application bool, addr lorawan.DevAddr, fCnt uint32, data []byte) {
	a := [size]byte{0x01}
	a[4] = 0x01
	if application {
		a[4] = 0x02
	}
	a[5] = byte(dir)
	putAddr(a[6:], addr)
	binary.LittleEndian.PutUint32(a[10:], fCnt)
	a[15] = 0x01
	s := key.encrypt(a)
	subtle.XORBytes(data, data, s[:])
}

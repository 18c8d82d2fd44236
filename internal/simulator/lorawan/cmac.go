package lorawan

import (
	"crypto/aes"
	"crypto/cipher"

	"gatewayd/internal/secret"
)

// newCipher is AES-128 with key.
func newCipher(key secret.AES128) cipher.Block {
	k := key.Reveal()
	// The only error of aes.NewCipher is a wrong key length, and the type
	// of k rules that out.
	block, _ := aes.NewCipher(k[:])
	return block
}

// CMAC is AES-CMAC of msg under key: RFC 4493, section 2.4.
func CMAC(key secret.AES128, msg []byte) [aes.BlockSize]byte {
	block := newCipher(key)
	whole, last := split(msg)
	last = closeBlock(block, last)

	var mac [aes.BlockSize]byte
	for ; len(whole) > 0; whole = whole[aes.BlockSize:] {
		xor(&mac, whole)
		block.Encrypt(mac[:], mac[:])
	}
	xor(&mac, last)
	block.Encrypt(mac[:], mac[:])
	return mac
}

// split cuts msg before its last block, which may be short, and is empty only
// if msg is.
func split(msg []byte) (whole, last []byte) {
	n := 0
	if len(msg) > 0 {
		n = (len(msg) - 1) / aes.BlockSize * aes.BlockSize
	}
	return msg[:n], msg[n:]
}

// closeBlock pads the last block if it is short, and masks it with the subkey
// for that case.
func closeBlock(block cipher.Block, last []byte) []byte {
	var k, out [aes.BlockSize]byte
	block.Encrypt(k[:], k[:])
	k = double(k)
	copy(out[:], last)
	if len(last) < aes.BlockSize {
		k = double(k)
		out[len(last)] = 0x80
	}
	xor(&out, k[:])
	return out[:]
}

// double multiplies b by x in GF(2^128): RFC 4493, section 2.3.
func double(b [aes.BlockSize]byte) [aes.BlockSize]byte {
	var out [aes.BlockSize]byte
	carry := byte(0)
	for i := aes.BlockSize - 1; i >= 0; i-- {
		out[i] = b[i]<<1 | carry
		carry = b[i] >> 7
	}
	out[aes.BlockSize-1] ^= carry * 0x87
	return out
}

// xor adds the first block of src to dst.
func xor(dst *[aes.BlockSize]byte, src []byte) {
	for i := range dst {
		dst[i] ^= src[i]
	}
}

package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"

	"gatewayd/internal/secret"
)

const size = aes.BlockSize

// Key is an AES-128 key with its schedule and the sub-keys of its CMAC. Not
// safe for concurrent use: the buffers are part of it, so that no call
// allocates.
type Key struct {
	block  cipher.Block
	k1, k2 [size]byte // sub-keys of RFC 4493, section 2.3

	in, out [size]byte
}

// NewKey expands k.
func NewKey(k secret.AES128) *Key {
	raw := k.Reveal()
	block, err := aes.NewCipher(raw[:])
	if err != nil { // only for a key that is not 16, 24 or 32 bytes long
		return nil
	}
	key := &Key{block: block}
	key.block.Encrypt(key.out[:], key.in[:])
	key.k1 = double(key.out)
	key.k2 = double(key.k1)
	return key
}

// double multiplies by x in GF(2^128).
func double(b [size]byte) (d [size]byte) {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	carry := hi >> 63
	binary.BigEndian.PutUint64(d[:8], hi<<1|lo>>63)
	binary.BigEndian.PutUint64(d[8:], lo<<1^carry*0x87)
	return d
}

// encrypt returns the encryption of one block.
func (k *Key) encrypt(in [size]byte) [size]byte {
	k.in = in
	k.block.Encrypt(k.out[:], k.in[:])
	return k.out
}

// cmac is the AES-CMAC (RFC 4493) of prefix, which is empty or one block,
// followed by msg.
func (k *Key) cmac(prefix *[size]byte, msg []byte) [size]byte {
	k.out = [size]byte{}
	if prefix != nil {
		if len(msg) == 0 {
			return k.last(prefix[:])
		}
		k.absorb(prefix[:])
	}
	for len(msg) > size {
		k.absorb(msg[:size])
		msg = msg[size:]
	}
	return k.last(msg)
}

func (k *Key) absorb(block []byte) {
	subtle.XORBytes(k.in[:], k.out[:], block)
	k.block.Encrypt(k.out[:], k.in[:])
}

func (k *Key) last(tail []byte) [size]byte {
	sub := &k.k1
	block := [size]byte{}
	if copy(block[:], tail) < size {
		block[len(tail)] = 0x80
		sub = &k.k2
	}
	for i := range block {
		k.in[i] = k.out[i] ^ block[i] ^ sub[i]
	}
	k.block.Encrypt(k.out[:], k.in[:])
	return k.out
}

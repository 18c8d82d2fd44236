package store

import (
	"bytes"
	"encoding/binary"
)

// key is node 00 suffix. Node names never hold a NUL.
func key(node string, suffix []byte) []byte {
	k := make([]byte, 0, len(node)+1+len(suffix))
	k = append(k, node...)
	k = append(k, 0)
	return append(k, suffix...)
}

func outboxKey(node string, seq uint64) []byte {
	return key(node, binary.BigEndian.AppendUint64(nil, seq))
}

func nonceKey(node string, devNonce uint16) []byte {
	return key(node, binary.BigEndian.AppendUint16(nil, devNonce))
}

// splitKey undoes outboxKey.
func splitKey(k []byte) (node string, seq uint64, ok bool) {
	i := bytes.IndexByte(k, 0)
	if i < 0 || len(k) != i+9 {
		return "", 0, false
	}
	return string(k[:i]), binary.BigEndian.Uint64(k[i+1:]), true
}

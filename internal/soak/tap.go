package soak

import (
	"slices"
	"sync"

	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder"
)

// tapped is how many frames a tap remembers.
const tapped = 2000

// tap is a gateway's antenna, and somebody who records what passes it.
type tap struct {
	*forwarder.Forwarder

	mu     sync.Mutex
	frames [][]byte // the newest, oldest first
}

// Hear is simulator.Air's.
func (t *tap) Hear(p radiotest.Packet) error {
	t.mu.Lock()
	if len(t.frames) == tapped {
		t.frames = slices.Delete(t.frames, 0, tapped/2)
	}
	t.frames = append(t.frames, slices.Clone(p.Payload))
	t.mu.Unlock()
	return t.Forwarder.Hear(p)
}

// recorded are the frames that have passed.
func (t *tap) recorded() [][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.frames)
}

package bridge

import (
	"bytes"
	"slices"

	"go.uber.org/zap"
)

// What is held in memory while the store cannot be written: about an hour of a
// busy site.
const (
	maxHeld      = 10_000  // frames
	maxHeldBytes = 4 << 20 // of PHYPayload
)

// held are frames that could not be made durable. Nothing acknowledges them;
// they are taken up again, in order and before any that came later, when the
// store works again. Owned by Bridge.Run.
type held struct {
	frames []reception
	bytes  int
}

// add keeps r. It reports false if there is no room. A frame that a node
// repeats for want of an acknowledgement is kept once.
func (h *held) add(r reception) bool {
	if slices.ContainsFunc(h.frames, func(k reception) bool { return bytes.Equal(k.Payload, r.Payload) }) {
		return true
	}
	if len(h.frames) >= maxHeld || h.bytes+len(r.Payload) > maxHeldBytes {
		return false
	}
	r.held = true
	h.frames = append(h.frames, r)
	h.bytes += len(r.Payload)
	return true
}

// take returns the n oldest, which leave.
func (h *held) take(n int) []reception {
	n = min(n, len(h.frames))
	taken := h.frames[:n:n]
	h.frames = h.frames[n:]
	for _, r := range taken {
		h.bytes -= len(r.Payload)
	}
	return taken
}

// back puts frames in front again.
func (h *held) back(frames []reception) {
	h.frames = append(slices.Clone(frames), h.frames...)
	for _, r := range frames {
		h.bytes += len(r.Payload)
	}
}

// hold keeps frames whose commit failed.
func (b *Bridge) hold(frames []reception) {
	lost := 0
	for _, r := range frames {
		if !b.held.add(r) {
			lost++
		}
	}
	b.counters.held.Store(uint64(len(b.held.frames)))
	b.drops.lost(StoreFailed, lost)
}

// decide is uplink, unless frames that came before are still held: then r is
// held behind them if it would be accepted.
func (b *Bridge) decide(bt *batch, r reception) {
	if len(b.held.frames) == 0 {
		b.uplink(bt, r)
		return
	}
	if len(bt.dirty) > 0 { // the batch has changed nodes for another reason
		b.hold([]reception{r})
		return
	}
	trial := &batch{}
	b.uplink(trial, r)
	for _, n := range trial.dirty {
		n.next = nil
	}
	b.hold(trial.frames)
	b.drops.lost(StoreFailed, trial.joined)
}

// resume takes up what is held, as long as the store takes it.
func (b *Bridge) resume() {
	if len(b.held.frames) == 0 {
		return
	}
	for len(b.held.frames) > 0 {
		bt := &batch{}
		for _, r := range b.held.take(maxBatch) {
			b.uplink(bt, r)
		}
		taken := bt.frames
		bt.frames = nil
		b.settleBatch(bt, nil)
		if b.storeBad != nil {
			b.held.back(taken)
			break
		}
	}
	b.counters.held.Store(uint64(len(b.held.frames)))
	if len(b.held.frames) == 0 {
		b.log.Info("the frames held in memory are on disk", zap.Uint64("accepted", b.counters.accepted.Load()))
	}
}

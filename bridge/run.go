package bridge

import (
	"context"
	"slices"
	"time"

	"gatewayd/radio"
)

// maxBatch bounds how much of what waits shares one commit, so that the first
// of it is not kept from its window by the last. With an SD card that takes
// 100 ms to commit it is also what bounds the frames per second.
const maxBatch = 256

// flushEvery is how long what the hub has acknowledged may stay on disk when
// nothing comes along to take the deletion with it.
const flushEvery = 5 * time.Second

// Run decides on every frame of up and sends the answers, until up is closed
// or ctx ends. The results of transmissions come from tx.
func (b *Bridge) Run(ctx context.Context, up <-chan radio.Uplink, tx <-chan radio.TxResult) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	lastFlush := b.clock.Now()
	for {
		b.alive()
		wake.Reset(b.sleep())
		bt := &batch{}
		var asked []request
		select {
		case <-ctx.Done():
			b.lastWindows()
			return nil
		case u, ok := <-up:
			if !ok {
				b.lastWindows()
				return nil
			}
			b.heard(bt, u, up)
		case r := <-tx:
			b.results(bt, r, tx)
		case r := <-b.requests:
			asked = b.asked(bt, r)
		case r := <-b.reload:
			r.done <- b.apply(r.network)
		case <-wake.C:
		case <-second.C:
			b.resume() // first: its batches are its own
			b.tick(bt)
			if b.clock.Now().Sub(lastFlush) >= flushEvery {
				lastFlush = b.clock.Now()
				b.flush()
			}
		}
		b.overdue(bt)
		if b.settleBatch(bt, asked) {
			lastFlush = b.clock.Now() // the commit took the deletions along
		}
	}
}

// sleep is how long nothing is due.
func (b *Bridge) sleep() time.Duration {
	now, next := b.clock.Now(), b.dedup.next()
	if at := b.agenda.next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	if next.IsZero() {
		return time.Hour
	}
	return max(next.Sub(now), 0)
}

// heard takes first and what waits behind it, without waiting itself.
func (b *Bridge) heard(bt *batch, first radio.Uplink, up <-chan radio.Uplink) {
	b.hear(bt, first)
	for range maxBatch - 1 {
		select {
		case u, ok := <-up:
			if !ok {
				return
			}
			b.hear(bt, u)
		default:
			return
		}
	}
}

func (b *Bridge) hear(bt *batch, u radio.Uplink) {
	if r, ready := b.dedup.add(u, b.clock.Now()); ready {
		b.decide(bt, r)
	}
}

// lastWindows deals with the frames that wait for more copies when no more
// can come.
func (b *Bridge) lastWindows() {
	bt := &batch{}
	for _, r := range b.dedup.due(b.dedup.latest()) {
		b.decide(bt, r)
	}
	b.settleBatch(bt, nil)
}

// overdue does what is due by now.
func (b *Bridge) overdue(bt *batch) {
	now := b.clock.Now()
	for _, r := range b.dedup.due(now) {
		b.decide(bt, r)
	}
	for _, device := range b.agenda.due(now) {
		if n := b.table.byID[device]; n != nil {
			b.attend(bt, n)
		}
	}
}

// results takes first and what waits behind it, without waiting itself.
func (b *Bridge) results(bt *batch, first radio.TxResult, tx <-chan radio.TxResult) {
	b.transmitted(bt, first)
	for range maxBatch - 1 {
		select {
		case r := <-tx:
			b.transmitted(bt, r)
		default:
			return
		}
	}
}

// tick tries again what the store refused, and gives up flights of which
// nothing is heard.
func (b *Bridge) tick(bt *batch) {
	unsettled, aground := b.unsettled, b.aground
	b.unsettled, b.aground = nil, nil
	for _, r := range unsettled {
		b.transmitted(bt, r)
	}
	for _, f := range aground {
		b.grounded(bt, f)
	}
	bt.grounded = append(bt.grounded, aground...)
	b.tellDrops(bt)
	b.noteClock()
	now := b.clock.Now()
	for id, f := range b.flights {
		if now.Sub(f.since) > flightTimeout && !slices.ContainsFunc(unsettled, func(r radio.TxResult) bool { return r.ID == id }) {
			b.transmitted(bt, radio.TxResult{ID: id, Err: &radio.TxError{Reason: radio.TxHardware, Detail: "the concentrator does not say what became of it"}})
		}
	}
}

// noteClock has every queue looked at when the clock begins to be believed:
// only now can be told what is too late.
func (b *Bridge) noteClock() {
	believed := b.trusted()
	if believed && !b.believed {
		for _, n := range b.table.byID {
			b.attendNow(n)
		}
	}
	b.believed = believed
}

// settleBatch commits bt, and only then answers. It reports whether there was
// a commit.
func (b *Bridge) settleBatch(bt *batch, asked []request) bool {
	var err error
	committed := !bt.empty()
	if committed {
		bt.store.Deferrable = bt.unawaited() && len(asked) == 0
		err = b.commit(bt)
		b.noteStore(err)
	}
	for _, r := range asked {
		r.answer(err)
	}
	if err != nil {
		b.hold(bt.frames)
		b.drops.lost(StoreFailed, bt.joined)
		b.unsettled = append(b.unsettled, bt.landed...)
		b.aground = append(b.aground, bt.grounded...)
		for _, n := range bt.dirty {
			b.agenda.add(b.clock.Now().Add(time.Second), n.node.DeviceID)
		}
		return false
	}
	for _, r := range bt.landed {
		b.land(r)
	}
	b.takeOff(bt.flights)
	return committed
}

// takeOff sends what is durable. Downlinks that nobody takes go back into
// their queues.
func (b *Bridge) takeOff(flights []flight) {
	again := &batch{}
	for _, f := range flights {
		if !b.launch(f) {
			b.grounded(again, f)
			again.grounded = append(again.grounded, f)
		}
	}
	if !again.empty() {
		b.settleBatch(again, nil)
	}
}

// flush deletes what the hub has acknowledged and what is too old.
func (b *Bridge) flush() {
	lost, err := b.store.Flush(b.clock.Now(), b.trusted())
	if err != nil { // none says nothing: there may have been nothing to write
		b.noteStore(err)
	}
	b.overflowed(lost)
}

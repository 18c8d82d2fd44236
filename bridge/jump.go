package bridge

import (
	"fmt"

	"go.uber.org/zap"

	"gatewayd/internal/store"
)

// How far counters are moved ahead when the store may be behind those on the
// air, because it was salvaged or restored: further than a node can have been
// answered since it was last known to be right, and little of what there is.
const (
	jumpFCntDown  = 4_000 // four times within MAX_FCNT_GAP
	jumpJoinNonce = 1_000
)

// jump moves the counters of every session in the store ahead, also of nodes
// that are not configured now. Uplinks need nothing: a frame that was accepted
// before is, at worst, accepted once more.
func (b *Bridge) jump() error {
	batch := store.Batch{Now: b.clock.Now(), NowTrusted: b.trusted(), Jumped: true}
	b.store.Each(sessionBucket, "", func(key string, value []byte) {
		st, err := unmarshalState(value)
		if err != nil {
			return // said when its node is loaded
		}
		st.joinNonce = min(st.joinNonce+jumpJoinNonce, maxJoinNonce)
		st.active.jump()
		st.joining.jump()
		batch.Put = append(batch.Put, store.Record{Bucket: sessionBucket, Key: key, Value: st.marshal()})
	})
	if _, err := b.store.Commit(batch); err != nil {
		return fmt.Errorf("move the counters of a salvaged store ahead: %w", err)
	}
	b.log.Warn("the store was salvaged or restored: downlink counters and JoinNonces were moved ahead, so that none is used twice",
		zap.Int("sessions", len(batch.Put)))
	return nil
}

func (s *session) jump() {
	s.nFCntDown = addSaturated(s.nFCntDown, jumpFCntDown)
	s.aFCntDown = addSaturated(s.aFCntDown, jumpFCntDown)
}

func addSaturated(a, b uint32) uint32 {
	if a+b < a {
		return ^uint32(0)
	}
	return a + b
}

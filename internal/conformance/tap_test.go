package conformance_test

import (
	"go.uber.org/zap"

	"gatewayd/radio"
)

// tap is a driver whose refusals are logged, for whoever has to find out why a
// scenario fails.
type tap struct {
	radio.Concentrator
	log *zap.Logger
}

// Transmit is radio.Concentrator's.
func (t tap) Transmit(d radio.Downlink) error {
	err := t.Concentrator.Transmit(d)
	t.log.Debug("transmit", zap.Stringer("concentrator", t), zap.Uint64("id", d.ID), zap.Error(err))
	return err
}

// results passes on what became of downlinks, until in is closed.
func results(in <-chan radio.TxResult, out chan<- radio.TxResult, log *zap.Logger) {
	for r := range in {
		log.Debug("result", zap.String("concentrator", r.Concentrator), zap.Uint64("id", r.ID), zap.Error(r.Err))
		out <- r
	}
}

package modem

import (
	"context"
	"time"

	"gatewayd/radio"
)

// half is the first of the two lines of a frame.
type half struct {
	event
	at time.Time
}

const (
	// maxHalf is how long a frame's second line may let wait: 255 bytes at
	// 9600 baud take half a second.
	maxHalf = 2 * time.Second

	// levelsLength is about how long a frame's first line is, where it got lost.
	levelsLength = 36
)

// hear deals with a line that answers no command.
func (s *session) hear(ctx context.Context, l line) error {
	e := s.module.parse(l.text)
	if e.kind != evLevels && e.kind != evFrame {
		s.dropHalf()
	}
	if e.kind != evLevels {
		// After a line that got garbled, too: it may have been a frame.
		s.stopped = s.stopped || s.module.oneShot || e.kind == evEnded
	}
	switch e.kind {
	case evBanner:
		return errBrownOut
	case evFrame:
		return s.frame(ctx, e, l.at)
	case evLevels:
		s.dropHalf()
		s.half = &half{e, l.at}
	case evBad:
		s.watchAt = s.now().Add(watchInterval)
		s.c.count.rxCRCBad.Add(1)
	case evEnded:
	case evOther, evMalformed:
		s.c.count.malformed.Add(1)
	}
	return nil
}

// dropHalf counts a first line whose second did not come.
func (s *session) dropHalf() {
	if s.half != nil {
		s.half = nil
		s.c.count.malformed.Add(1)
	}
}

// frame completes a frame with its levels and delivers it.
func (s *session) frame(ctx context.Context, e event, at time.Time) error {
	s.watchAt = s.now().Add(watchInterval)
	h := s.half
	s.half = nil
	switch {
	case s.module.levels == nil:
	case h == nil || at.Sub(h.at) > maxHalf:
		at = at.Add(-s.module.lineTime(levelsLength))
	case h.size != len(e.payload): // bytes were lost on the wire
		s.c.count.malformed.Add(1)
		return nil
	default:
		e.levels, at = h.levels, h.at
	}
	for _, st := range s.module.ask {
		g, err := s.inquire(ctx, st)
		if err != nil {
			return err
		}
		if l, ok := parseLevels(g); ok {
			e.levels.rssi += l.rssi
			e.levels.snr += l.snr
		}
	}
	s.deliver(e, at)
	return nil
}

// deliver passes a frame on, or counts it as dropped.
func (s *session) deliver(e event, at time.Time) {
	ticks := s.c.ticksAt(at)
	s.c.count.rxOK.Add(1)
	select {
	case s.up <- radio.Uplink{
		Concentrator: s.c.o.Name,
		Gateway:      s.gateway,
		Payload:      e.payload,
		Ticks:        ticks,
		Received:     s.c.timeAt(ticks),
		Frequency:    s.c.listen.frequency,
		DataRate:     s.c.listen.rate,
		CodingRate:   "4/5",
		RSSI:         e.levels.rssi,
		SNR:          e.levels.snr,
	}:
	default:
		s.c.count.rxDrop.Add(1)
	}
}

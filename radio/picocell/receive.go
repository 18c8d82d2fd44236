package picocell

import (
	"bytes"
	"context"
	"time"

	"gatewayd/radio"
)

// poll fetches what the device has heard.
func (s *session) poll(ctx context.Context) error {
	start := s.now()
	s.pollAt = start.Add(s.c.o.PollInterval)
	data, err := s.command(ctx, receiveCommand(maxPackets))
	if err != nil {
		return err
	}
	now := s.now()
	packets, err := parsePackets(data)
	if err != nil {
		// The framing was right, so there is nothing to get back in step.
		s.c.count.malformed.Add(1)
	}
	for _, p := range packets {
		s.deliver(p, now)
	}
	if len(packets) == maxPackets {
		s.pollAt = now // there may be more
	}
	return nil
}

// deliver passes a packet on if its CRC is right.
func (s *session) deliver(p packet, now time.Time) {
	s.c.watch.heard(now)
	s.c.count.seen(now)
	switch p.status {
	case crcOK:
	case crcBad:
		s.c.count.rxCRCBad.Add(1)
		return
	case crcNo:
		s.c.count.rxNoCRC.Add(1)
		return
	default:
		s.c.count.malformed.Add(1)
		return
	}
	u, ok := s.uplink(p, now)
	if !ok {
		s.c.count.malformed.Add(1)
		return
	}
	s.c.count.rxOK.Add(1)
	select {
	case s.up <- u:
	default:
		s.c.count.rxDrop.Add(1)
	}
}

// uplink translates a packet; ok is false if it makes no sense.
func (s *session) uplink(p packet, now time.Time) (u radio.Uplink, ok bool) {
	dr, ok := p.dataRate()
	if !ok || len(p.payload) == 0 {
		return u, false
	}
	ticks, ok := s.line.place(p.count, now)
	if !ok {
		return u, false
	}
	received := s.line.timeAt(ticks)
	if received.After(now) { // by the inaccuracy of the anchor
		received = now
	}
	rssi, snr := p.level()
	return radio.Uplink{
		Concentrator: s.c.o.Name,
		Gateway:      s.gateway,
		Payload:      bytes.Clone(p.payload),
		Ticks:        ticks,
		Received:     received,
		Frequency:    p.frequency,
		DataRate:     dr,
		CodingRate:   codingRate(p.codeRate),
		RSSI:         rssi,
		SNR:          snr,
		Channel:      p.ifChain,
		RFChain:      p.rfChain,
	}, true
}

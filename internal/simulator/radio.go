package simulator

import (
	"bytes"
	"context"
	"errors"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// burst is one transmission as the radio needs it.
type burst struct {
	phy  []byte
	hz   uint32
	rate radio.DataRate
	loss float32 // dB less than full power
}

// airtime of the burst.
func (b burst) airtime() time.Duration {
	if b.rate.Modulation == radio.FSK {
		const overhead = 5 + 3 + 1 + 2 // preamble, sync word, length, CRC
		return time.Duration(len(b.phy)+overhead) * 8 * time.Second / time.Duration(b.rate.BitRate)
	}
	return b.rate.LoRaAirtime(len(b.phy), preambleSymbols, true)
}

// transmit sends b and returns once it has left the antenna, with u in the
// history; u's windows count from there. hear is why no concentrator took it.
func (n *Node) transmit(ctx context.Context, b burst, u *uplink) (hear, err error) {
	if err := n.emit(ctx, b); err != nil {
		return nil, err
	}
	n.mu.Lock()
	u.ends, u.airtime = n.counts(), b.airtime()
	u.answered = make(chan struct{})
	n.history.add(u)
	n.mu.Unlock()
	return n.offer(b, u.ends), nil
}

// emit waits while b leaves the antenna, and before for the duty cycle.
func (n *Node) emit(ctx context.Context, b burst) error {
	n.mu.Lock()
	wait := n.quiet.Sub(n.now())
	n.mu.Unlock()
	if wait > 0 {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	if err := sleep(ctx, b.airtime()); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != nil && n.session.radio.maxDuty > 0 {
		// T_off = T_on * (2^MaxDutyCycle - 1): section 5.4.
		n.quiet = n.now().Add(b.airtime() * (1<<n.session.radio.maxDuty - 1))
	}
	return nil
}

// counts are the counters of all sites now.
func (n *Node) counts() []uint32 {
	out := make([]uint32, len(n.sites))
	for i, s := range n.sites {
		if s.Air != nil {
			out[i] = s.Air.Count()
		}
	}
	return out
}

// errOutOfReach is a node that no site can hear.
var errOutOfReach = errors.New("no concentrator in reach")

// offer lets b reach every antenna. It is heard if any hears it; else the
// error is the first one's.
func (n *Node) offer(b burst, ends []uint32) error {
	var why error
	taken := false
	for i, s := range n.sites {
		if s.Air == nil {
			continue
		}
		err := s.Air.Hear(radiotest.Packet{
			Frequency: b.hz, DataRate: b.rate, CodingRate: n.cfg.Region.CodingRate(),
			RSSI: n.cfg.RSSI - b.loss + s.RSSI, SNR: n.cfg.SNR - b.loss + s.SNR,
			Payload: bytes.Clone(b.phy), Count: ends[i],
		})
		taken = taken || err == nil
		if why == nil {
			why = err
		}
	}
	switch {
	case taken:
		return nil
	case why == nil:
		return errOutOfReach
	}
	return why
}

// hostSlack is how much later than on a real air an emission may be reported
// to a node that waits for it.
const hostSlack = 250 * time.Millisecond

// listen waits until u was answered or both its windows have passed; a node
// that expects an answer also waits for one that began in RX2 to end.
func (n *Node) listen(ctx context.Context, u *uplink, expect bool) error {
	rx2 := u.windows[1]
	wait := rx2.delay + n.cfg.Tolerance + hostSlack
	if expect {
		wait += rx2.rate.LoRaAirtime(maxRX2Size, preambleSymbols, false)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-u.answered:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// maxRX2Size is the longest PHYPayload that EU868 allows at SF12, the usual
// data rate of RX2: RP002.
const maxRX2Size = 64

// errSize is a frame that no LoRa packet can carry.
var errSize = errors.New("PHYPayload empty or longer than 255 bytes")

// Inject puts phy on the air as it is, on a channel and at the data rate of
// the node's join requests, and returns once it has left. It opens no receive
// window. The error may be the concentrator's reason not to hear it.
func (n *Node) Inject(ctx context.Context, phy []byte) error {
	if len(phy) == 0 || len(phy) > lorawan.MaxPHY {
		return errSize
	}
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.release()
	b := n.aim(n.cfg.DataRate)
	b.phy = phy
	if err := n.emit(ctx, b); err != nil {
		return err
	}
	return n.offer(b, n.counts())
}

// aim is a burst at data rate dr on a channel of the region.
func (n *Node) aim(dr uint8) burst {
	n.mu.Lock()
	defer n.mu.Unlock()
	rate, _ := n.cfg.Region.Rate(dr)
	return burst{hz: n.pick(n.cfg.Region.Channels().Usable(dr)).Hz, rate: rate}
}

package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotJoined means that an OTAA node has no session yet.
var ErrNotJoined = errors.New("node has not joined")

// Message is what one data uplink carries.
type Message struct {
	// FPort of Payload; 0 is for MAC commands. With FPort 0 and no Payload
	// the frame has neither.
	FPort     uint8
	Payload   []byte // FRMPayload, not encrypted
	FOpts     []byte // MAC commands, at most 15 bytes
	ADR       bool
	Confirmed bool
}

// Send sends m as one uplink and returns when its receive windows have passed
// or an answer came. A confirmed one is repeated with the same FCnt on
// another channel until it is acknowledged, at most Config.Transmissions
// times; Sent.Acked says how it ended.
func (n *Node) Send(ctx context.Context, m Message) (Sent, error) {
	if err := n.take(ctx); err != nil {
		return Sent{}, err
	}
	defer n.release()
	frame, s, err := n.seal(m)
	if err != nil {
		return Sent{}, fmt.Errorf("node %q: %w", n, err)
	}
	err = n.deliver(ctx, frame, s)
	return n.rec.copyOf(frame), err
}

// deliver transmits frame under session s as often as it takes.
func (n *Node) deliver(ctx context.Context, frame *Sent, s *session) error {
	for i := 1; ; i++ {
		c := n.pick(s.channels)
		u := &uplink{
			windows: n.cfg.Region.windows(c, n.cfg.DataRate, s.rx1Offset, s.rx2, s.rxDelay),
			frame:   frame,
		}
		hear, err := n.transmit(ctx, frame.PHYPayload, c, u)
		if err != nil {
			return err
		}
		n.rec.transmitted(frame, c.hz, u.end, n.now(), hear)
		if err := n.listen(ctx, u, frame.Confirmed); err != nil {
			return err
		}
		if !frame.Confirmed || n.rec.copyOf(frame).Acked || i >= n.cfg.Transmissions {
			return nil
		}
		// ACK_TIMEOUT is random so that nodes that collided do not again.
		if err := sleep(ctx, n.between(0, 2*time.Second)); err != nil {
			return err
		}
	}
}

// seal turns m into the next uplink of the session and counts it.
func (n *Node) seal(m Message) (*Sent, *session, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	if s == nil {
		return nil, nil, ErrNotJoined
	}
	if err := n.checkSize(m); err != nil {
		return nil, nil, err
	}
	fCnt := s.fCntUp
	s.fCntUp++
	frame := &Sent{
		Node: n.cfg.Name, DevEUI: n.cfg.DevEUI, DevAddr: s.devAddr,
		FCnt: fCnt, FPort: m.FPort, Payload: bytes.Clone(m.Payload), Confirmed: m.Confirmed,
		PHYPayload: s.seal(m.frame(s.ack), fCnt, m.Payload),
		DataRate:   n.rate(),
	}
	s.ack = false
	return frame, s, nil
}

// frame is m without addresses, counter and encryption. ack acknowledges the
// last downlink.
func (m Message) frame(ack bool) dataFrame {
	f := dataFrame{mType: unconfirmedUp, fOpts: m.FOpts, fPort: m.FPort}
	f.hasPort = m.FPort != 0 || len(m.Payload) > 0
	if m.Confirmed {
		f.mType = confirmedUp
	}
	if m.ADR {
		f.fCtrl |= fCtrlADR
	}
	if ack {
		f.fCtrl |= fCtrlACK
	}
	return f
}

// checkSize reports what does not fit a frame at the node's data rate.
func (n *Node) checkSize(m Message) error {
	if len(m.FOpts) > maxFOpts {
		return fmt.Errorf("%d bytes of FOpts: at most %d fit", len(m.FOpts), maxFOpts)
	}
	if fit := n.cfg.Region.rates[n.cfg.DataRate].maxPayload - len(m.FOpts); len(m.Payload) > fit {
		return fmt.Errorf("%d bytes of payload: at most %d fit at %s", len(m.Payload), fit, n.rate())
	}
	return nil
}

package bridge

import (
	"errors"

	"go.uber.org/zap"

	"gatewayd/radio"
)

// Transmitter is what the bridge needs of a concentrator.
type Transmitter interface {
	// Transmit is radio.Concentrator's.
	Transmit(radio.Downlink) error
}

// Gateway is one concentrator as the bridge knows it.
type Gateway struct {
	Transmitter Transmitter
	Region      *Region
}

// sending is an answer on its way. Owned by Bridge.Run.
type sending struct {
	node    string
	gateway Gateway
	rx2     *radio.Downlink // what is left to try, nil after RX2
}

// send puts an answer on the schedule of the concentrator that heard the
// uplink: in RX1, or in RX2 if that is refused.
func (b *Bridge) send(a answer) {
	gw, ok := b.gateways[a.up.Concentrator]
	if !ok {
		return
	}
	rx1, rx2 := gw.Region.windows(a.up.Frequency, a.up.DataRate, a.join)
	second := downlink(a, rx2)
	s := sending{node: a.node.node.Name, gateway: gw, rx2: &second}
	if rx1.frequency == 0 {
		b.sendRX2(s, &radio.TxError{Reason: radio.TxFrequency, Detail: "no RX1 for this uplink"})
		return
	}
	b.try(s, downlink(a, rx1))
}

func downlink(a answer, w window) radio.Downlink {
	return radio.Downlink{
		Payload: a.payload, At: a.up.Ticks.Add(w.delay),
		Frequency: w.frequency, DataRate: w.dataRate, Power: w.power,
	}
}

// try transmits d; s says what to do if that fails.
func (b *Bridge) try(s sending, d radio.Downlink) {
	b.lastID++
	d.ID = b.lastID
	if err := s.gateway.Transmitter.Transmit(d); err != nil {
		b.sendRX2(s, err)
		return
	}
	b.sendings[d.ID] = s
}

// sendRX2 tries the second window after err in the first, or gives up.
func (b *Bridge) sendRX2(s sending, err error) {
	if s.rx2 == nil || s.rx2.Frequency == 0 {
		b.counters.unsent.Add(1)
		level := zap.WarnLevel
		if te, ok := errors.AsType[*radio.TxError](err); ok && te.Reason == radio.TxNotRunning {
			level = zap.DebugLevel // the concentrator has said that it is down, or the daemon stops
		}
		b.log.Log(level, "answer not sent: the node will repeat its uplink", zap.String("node", s.node), zap.Error(err))
		return
	}
	d := *s.rx2
	s.rx2 = nil
	b.try(s, d)
}

// transmitted takes the concentrator's word on a downlink.
func (b *Bridge) transmitted(r radio.TxResult) {
	s, ok := b.sendings[r.ID]
	if !ok {
		return
	}
	delete(b.sendings, r.ID)
	if r.Err != nil {
		b.sendRX2(s, r.Err)
		return
	}
	b.counters.sent.Add(1)
}

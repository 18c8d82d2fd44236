package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"gatewayd/internal/simulator/lorawan"
)

// ErrNotJoined means that an OTAA node has no session, or had to give it up.
var ErrNotJoined = errors.New("node has not joined")

// Message is what one data uplink carries.
type Message struct {
	// FPort of Payload; 0 is for MAC commands. With FPort 0 and no Payload
	// the frame has neither.
	FPort     uint8
	Payload   []byte // FRMPayload, not encrypted
	FOpts     []byte // MAC commands besides the node's own, at most 15 bytes
	ADR       bool
	Confirmed bool
}

// Send sends m as one uplink and returns when its receive windows have passed
// or an answer came. An unconfirmed one is repeated with the same FCnt NbTrans
// times, until a downlink arrives. A confirmed one is repeated until it is
// acknowledged, at most Config.Transmissions times; Sent.Acked says how it
// ended. MAC commands that do not fit beside m go ahead in an uplink of their
// own.
func (n *Node) Send(ctx context.Context, m Message) (Sent, error) {
	if err := n.take(ctx); err != nil {
		return Sent{}, err
	}
	defer n.release()
	ahead, err := n.prepareCommands(m)
	if err == nil && ahead != nil {
		err = n.deliver(ctx, ahead)
	}
	if err != nil {
		return Sent{}, n.named(err)
	}
	o, err := n.prepare(m)
	if err != nil {
		return Sent{}, n.named(err)
	}
	err = n.deliver(ctx, o)
	return n.rec.copyOf(o.sent), err
}

// named says whose err is.
func (n *Node) named(err error) error { return fmt.Errorf("node %q: %w", n, err) }

// outgoing is one frame on its way: one FCnt.
type outgoing struct {
	sent *Sent
	s    *session
	f    lorawan.Data // in clear
	conf uint16       // ConfFCnt of 1.1
}

// deliver transmits o as often as it takes.
func (n *Node) deliver(ctx context.Context, o *outgoing) error {
	for i := 1; ; i++ {
		b, u := n.load(o)
		hear, err := n.transmit(ctx, b, u)
		if err != nil {
			return err
		}
		n.rec.transmitted(o.sent, b, u.ends[0], n.now(), hear)
		if err := n.listen(ctx, u, o.sent.Confirmed); err != nil {
			return err
		}
		if n.done(o, u, i) {
			return nil
		}
		// ACK_TIMEOUT is random so that nodes that collided do not again.
		if err := sleep(ctx, n.between(0, 2*time.Second)); err != nil {
			return err
		}
	}
}

// load chooses channel and windows for the next transmission of o, and seals
// it: under 1.1 the MIC depends on the channel.
func (n *Node) load(o *outgoing) (burst, *uplink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	radio := &o.s.radio
	channels := radio.channels.Usable(radio.dataRate)
	if len(channels) == 0 { // a NewChannelReq took the last one away
		radio.channels, radio.dataRate = n.cfg.Region.Channels(), n.cfg.DataRate
		channels = radio.channels.Usable(radio.dataRate)
	}
	c := n.pick(channels)
	rate, _ := n.cfg.Region.Rate(radio.dataRate)
	tx := lorawan.Transmission{ConfFCnt: o.conf, DataRate: radio.dataRate, Channel: uint8(c.Index)}
	b := burst{phy: o.s.seal(o.f, o.sent.FCnt, tx), hz: c.Hz, rate: rate, loss: 2 * float32(radio.txPower)}
	return b, &uplink{windows: radio.windows(n.cfg.Region, c, radio.dataRate, radio.rxDelay), frame: o.sent}
}

// done reports whether o needs no transmission after the i-th, u.
func (n *Node) done(o *outgoing, u *uplink, i int) bool {
	acked := n.rec.copyOf(o.sent).Acked
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != o.s {
		return true // a rejoin has ended the session
	}
	nbTrans := int(o.s.radio.nbTrans)
	if o.sent.Confirmed {
		return acked || i >= max(n.cfg.Transmissions, nbTrans)
	}
	return u.heard || i >= nbTrans
}

// prepareCommands turns the MAC commands that wait into an uplink of their
// own if they do not fit beside m; nil if they do.
func (n *Node) prepareCommands(m Message) (*outgoing, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	if s == nil {
		return nil, ErrNotJoined
	}
	if len(lorawan.EncodeCommands(n.waiting(s))) <= n.room(s, m) || n.checkSize(s, m) != nil {
		return nil, nil
	}
	commands := n.commands(s, n.maxPayload(s))
	f := lorawan.Data{MType: lorawan.UnconfirmedUp, HasPort: true, FPort: 0, Payload: lorawan.EncodeCommands(commands)}
	return n.count(s, f, commands, m.ADR)
}

// prepare turns m into the next uplink of the session, with as many of the MAC
// commands that wait as fit, and counts it.
func (n *Node) prepare(m Message) (*outgoing, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	if s == nil {
		return nil, ErrNotJoined
	}
	if err := n.checkSize(s, m); err != nil {
		return nil, err
	}
	commands := n.commands(s, n.room(s, m))
	f := lorawan.Data{MType: lorawan.UnconfirmedUp, FPort: m.FPort, HasPort: m.FPort != 0 || len(m.Payload) > 0}
	if m.Confirmed {
		f.MType = lorawan.ConfirmedUp
	}
	mac := append(lorawan.EncodeCommands(commands), m.FOpts...)
	if f.HasPort && f.FPort == 0 { // MAC commands are in one place only
		mac = append(mac, m.Payload...)
		f.Payload = mac
	} else {
		f.FOpts, f.Payload = mac, bytes.Clone(m.Payload)
	}
	all, _ := lorawan.ParseCommands(lorawan.Up, mac)
	return n.count(s, f, all, m.ADR)
}

// count gives f the next counter, and the bits that the session's state asks
// for.
func (n *Node) count(s *session, f lorawan.Data, commands []lorawan.Command, adr bool) (*outgoing, error) {
	if n.greetedInVain(s) {
		n.session = nil
		return nil, ErrNotJoined
	}
	o := &outgoing{s: s}
	if s.adr = adr || n.cfg.ADR; s.adr {
		f.FCtrl |= lorawan.FCtrlADR | n.fallBack(s)
	}
	if s.ack {
		f.FCtrl |= lorawan.FCtrlACK
		o.conf = s.ackFCnt
	}
	fCnt := s.fCntUp
	s.fCntUp++
	if f.MType == lorawan.ConfirmedUp {
		s.confirmed = uint16(fCnt)
	}
	s.mac.asked(commands)
	s.rejoin.counted()
	o.f = f
	o.sent = &Sent{
		Node: n.cfg.Name, DevEUI: n.cfg.DevEUI, DevAddr: s.devAddr,
		FCnt: fCnt, FPort: f.FPort, Payload: f.Payload, Confirmed: f.MType == lorawan.ConfirmedUp,
		ACK: s.ack, ADRAckReq: f.FCtrl&lorawan.FCtrlADRACKReq != 0, Commands: commands,
	}
	s.ack, s.urgent = false, false
	n.poke()
	return o, nil
}

// maxPayload is how many bytes of FOpts and FRMPayload fit the node's next
// uplink.
func (n *Node) maxPayload(s *session) int {
	return n.cfg.Region.MaxPayload(s.radio.dataRate, s.radio.dwellUp)
}

// room is how many bytes of MAC commands fit beside m.
func (n *Node) room(s *session, m Message) int {
	room := n.maxPayload(s) - len(m.Payload) - len(m.FOpts)
	if m.FPort == 0 && len(m.Payload) > 0 {
		return room
	}
	return min(room, lorawan.MaxFOpts-len(m.FOpts))
}

// checkSize reports what does not fit a frame at the node's data rate.
func (n *Node) checkSize(s *session, m Message) error {
	if len(m.FOpts) > lorawan.MaxFOpts {
		return fmt.Errorf("%d bytes of FOpts: at most %d fit", len(m.FOpts), lorawan.MaxFOpts)
	}
	if fit := n.maxPayload(s) - len(m.FOpts); len(m.Payload) > fit {
		return fmt.Errorf("%d bytes of payload: at most %d fit at %s", len(m.Payload), fit, rateName(n.cfg.Region, s.radio.dataRate))
	}
	return nil
}

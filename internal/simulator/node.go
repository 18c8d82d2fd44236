package simulator

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// Node is one class A end device. Its methods are safe for concurrent use;
// one transmission and its receive windows at a time, as a radio has it.
type Node struct {
	cfg Config
	air Air
	rec *record
	now func() time.Time

	turn chan struct{} // holds a token while somebody transmits or listens

	mu         sync.Mutex // guards what follows, and the uplinks in history
	rng        *rand.Rand
	session    *session // nil until activated
	history    history
	joinNonces map[uint32]bool
	devNonce   uint16
}

// newNode returns a node; cfg is valid and has its defaults.
func newNode(cfg Config, air Air, rec *record, now func() time.Time, rng *rand.Rand) *Node {
	n := &Node{
		cfg: cfg, air: air, rec: rec, now: now, rng: rng,
		turn:       make(chan struct{}, 1),
		joinNonces: make(map[uint32]bool),
		devNonce:   uint16(rng.Uint32()),
	}
	if !cfg.otaa() {
		n.session = &session{
			devAddr: cfg.DevAddr, nwkSKey: cfg.NwkSKey, appSKey: cfg.AppSKey,
			fCntUp: cfg.FCntUp, fCntDown: cfg.FCntDown,
			channels: cfg.Region.channels, rx2: cfg.Region.rx2, rxDelay: time.Second,
		}
	}
	return n
}

// String is the node's name.
func (n *Node) String() string { return n.cfg.Name }

// DevAddr is the address of the current session; false without one.
func (n *Node) DevAddr() (DevAddr, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return 0, false
	}
	return n.session.devAddr, true
}

// FCntUp is the counter of the next uplink; 0 without a session.
func (n *Node) FCntUp() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return 0
	}
	return n.session.fCntUp
}

// take waits for the node's radio; release gives it back.
func (n *Node) take(ctx context.Context) error {
	select {
	case n.turn <- struct{}{}:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *Node) release() { <-n.turn }

// between is a random duration from low to high.
func (n *Node) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return low + time.Duration(n.rng.Int64N(int64(high-low)))
}

// pick is a random channel of those that carry the node's data rate.
func (n *Node) pick(channels []channel) channel {
	fit := usable(channels, n.cfg.DataRate)
	n.mu.Lock()
	defer n.mu.Unlock()
	return fit[n.rng.IntN(len(fit))]
}

// transmit sends phy on c and returns once it has left the antenna, with u in
// the history; u's windows count from there. hear is why the concentrator did
// not take it.
func (n *Node) transmit(ctx context.Context, phy []byte, c channel, u *uplink) (hear, err error) {
	if err := n.emit(ctx, phy); err != nil {
		return nil, err
	}
	n.mu.Lock()
	u.end = n.air.Count()
	u.answered = make(chan struct{})
	n.history.add(u)
	n.mu.Unlock()
	return n.air.Hear(n.packet(phy, c, u.end)), nil
}

// emit waits while phy leaves the antenna.
func (n *Node) emit(ctx context.Context, phy []byte) error {
	return sleep(ctx, n.rate().LoRaAirtime(len(phy), preambleSymbols, true))
}

// rate is the data rate of the node's uplinks.
func (n *Node) rate() radio.DataRate { return n.cfg.Region.rates[n.cfg.DataRate].DataRate }

// packet is phy as the concentrator's antenna gets it.
func (n *Node) packet(phy []byte, c channel, end uint32) radiotest.Packet {
	return radiotest.Packet{
		Frequency:  c.hz,
		DataRate:   n.rate(),
		CodingRate: codingRate,
		RSSI:       n.cfg.RSSI,
		SNR:        n.cfg.SNR,
		Payload:    bytes.Clone(phy),
		Count:      end,
	}
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
// the node, and returns once it has left. It opens no receive window. The
// error may be the concentrator's reason not to hear it.
func (n *Node) Inject(ctx context.Context, phy []byte) error {
	if len(phy) == 0 || len(phy) > maxPHY {
		return errSize
	}
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.release()
	c := n.pick(n.cfg.Region.channels)
	if err := n.emit(ctx, phy); err != nil {
		return err
	}
	return n.air.Hear(n.packet(phy, c, n.air.Count()))
}

// sleep waits for d, or for ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

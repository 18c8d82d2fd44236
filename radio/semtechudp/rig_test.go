package semtechudp

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
)

// letter is a datagram with the address at the other end.
type letter struct {
	b    []byte
	addr netip.AddrPort
}

// mailbox is a socket in memory.
type mailbox struct {
	in, out chan letter
	closed  chan struct{}
}

func newMailbox() *mailbox {
	return &mailbox{in: make(chan letter, 64), out: make(chan letter, 1024), closed: make(chan struct{})}
}

func (m *mailbox) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case l := <-m.in:
		return copy(b, l.b), l.addr, nil
	case <-m.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (m *mailbox) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	m.out <- letter{append([]byte(nil), b...), to}
	return len(b), nil
}

func (m *mailbox) Close() error { close(m.closed); return nil }

// rig is a Concentrator at work on a mailbox, within a synctest bubble.
type rig struct {
	t     *testing.T
	c     *Concentrator
	box   *mailbox
	up    chan radio.Uplink
	tx    chan radio.TxResult
	stop  context.CancelFunc
	ended chan error
	logs  *observer.ObservedLogs
}

func start(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	o := Options{Name: "roof", Log: zap.New(core)}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, c: c, box: newMailbox(), up: make(chan radio.Uplink, 16), tx: make(chan radio.TxResult, 64),
		ended: make(chan error, 1), logs: logs,
	}
	c.bind = func(context.Context, string) (socket, error) { return r.box, nil }
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.ended <- c.Run(ctx, r.up, r.tx) }()
	synctest.Wait()
	t.Cleanup(stop)
	return r
}

// peer is a gateway of the tests, at an address.
type peer struct {
	*rig
	version byte
	eui     radio.EUI64
	addr    netip.AddrPort
	powered time.Time
	first   uint32 // counter at powered
}

func (r *rig) peer(n byte) *peer {
	return &peer{
		rig: r, version: 2, eui: radio.EUI64{0xaa, 0, 0, 0, 0, 0, 0, n},
		addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 40000), powered: time.Now(),
	}
}

func (p *peer) count() uint32 { return p.first + uint32(time.Since(p.powered)/time.Microsecond) }

// send sends a datagram and waits until it is dealt with.
func (p *peer) send(k kind, token uint16, body string) {
	p.t.Helper()
	b := binary.BigEndian.AppendUint16([]byte{p.version}, token)
	b = append(append(append(b, byte(k)), p.eui[:]...), body...)
	p.box.in <- letter{b, p.addr}
	synctest.Wait()
}

// drain returns what was sent to the peer since the last time.
func (p *peer) drain() [][]byte {
	var got [][]byte
	for {
		select {
		case l := <-p.box.out:
			if l.addr != p.addr {
				p.t.Errorf("sent %q to %s, not to %s", l.b, l.addr, p.addr)
			}
			got = append(got, l.b)
		default:
			return got
		}
	}
}

// pull opens the way for downlinks.
func (p *peer) pull() {
	p.t.Helper()
	p.send(pullData, 7, "")
	if got := p.drain(); len(got) != 1 || !bytes.Equal(got[0], []byte{p.version, 0, 7, 4}) {
		p.t.Fatalf("PULL_ACK %x", got)
	}
}

// push sends a frame with that time stamp and returns the uplink.
func (p *peer) push(count uint32) radio.Uplink {
	p.t.Helper()
	p.send(pushData, 9, fmt.Sprintf(`{"rxpk":[{"tmst":%d,"freq":868.1,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","rssi":-50,"lsnr":8,"data":"QAEC"}]}`, count))
	if got := p.drain(); len(got) != 1 || !bytes.Equal(got[0], []byte{p.version, 0, 9, 1}) {
		p.t.Fatalf("PUSH_ACK %x", got)
	}
	select {
	case u := <-p.up:
		return u
	default:
		p.t.Fatal("no uplink")
		return radio.Uplink{}
	}
}

// hear sends a frame that ends now.
func (p *peer) hear() radio.Uplink {
	p.t.Helper()
	return p.push(p.count())
}

// answer is a downlink that long after u.
func answer(u radio.Uplink, id uint64, delay time.Duration) radio.Downlink {
	return radio.Downlink{
		ID: id, Gateway: u.Gateway, At: u.Ticks.Add(delay), Payload: []byte{0x60, 1, 2, 3}, Frequency: 868_100_000,
		DataRate: radio.LoRaDataRate(7, 125_000), Power: 14,
	}
}

// transmit sends d and returns the token and tmst of its PULL_RESP.
func (p *peer) transmit(d radio.Downlink) (token uint16, tmst uint32) {
	p.t.Helper()
	if err := p.c.Transmit(d); err != nil {
		p.t.Fatal(err)
	}
	return p.pullResp()
}

func (p *peer) pullResp() (token uint16, tmst uint32) {
	p.t.Helper()
	got := p.drain()
	if len(got) != 1 || got[0][0] != p.version || got[0][3] != 3 {
		p.t.Fatalf("PULL_RESP %q", got)
	}
	var body struct {
		P struct {
			Tmst uint32 `json:"tmst"`
		} `json:"txpk"`
	}
	if err := json.Unmarshal(got[0][4:], &body); err != nil {
		p.t.Fatal(err)
	}
	return binary.BigEndian.Uint16(got[0][1:]), body.P.Tmst
}

// result is the next one, which must be here by now.
func (r *rig) result() radio.TxResult {
	r.t.Helper()
	synctest.Wait()
	select {
	case res := <-r.tx:
		return res
	default:
		r.t.Fatal("no result")
		return radio.TxResult{}
	}
}

// silence checks that no result is here.
func (r *rig) silence() {
	r.t.Helper()
	synctest.Wait()
	select {
	case res := <-r.tx:
		r.t.Fatalf("unexpected result %+v", res)
	default:
	}
}

func reason(err error) radio.TxReason {
	if te, ok := errors.AsType[*radio.TxError](err); ok {
		return te.Reason
	}
	return ""
}

// gateway is the statistics of the n-th gateway.
func (r *rig) gateway(n int) GatewayStats {
	r.t.Helper()
	s := r.c.Stats()
	if len(s.Gateways) <= n {
		r.t.Fatalf("%d gateways", len(s.Gateways))
	}
	return s.Gateways[n]
}

// bubble runs f in a synctest bubble.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

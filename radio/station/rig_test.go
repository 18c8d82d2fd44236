package station

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

// plan868 is EU868 with its three default channels, fast LoRa and FSK.
func plan868() lns.Plan {
	p := lns.Plan{Region: "EU868", Lowest: 863_000_000, Highest: 870_000_000, MaxEIRP: 27}
	for i := range 6 {
		p.DataRates[i].DataRate = radio.LoRaDataRate(uint8(12-i), 125_000)
	}
	p.DataRates[6].DataRate = radio.LoRaDataRate(7, 250_000)
	p.DataRates[7].DataRate = radio.FSKDataRate(50_000)
	p.Channels = []lns.Channel{
		{Frequency: 868_100_000, MaxDR: 5},
		{Frequency: 868_300_000, MaxDR: 6},
		{Frequency: 868_500_000, MaxDR: 5},
		{Frequency: 868_800_000, MinDR: 7, MaxDR: 7},
	}
	return p
}

// wall is a listener on which nobody ever comes.
type wall struct{ closed chan struct{} }

func (w *wall) Accept() (net.Conn, error) { <-w.closed; return nil, net.ErrClosed }
func (w *wall) Close() error {
	select {
	case <-w.closed:
	default:
		close(w.closed)
	}
	return nil
}
func (w *wall) Addr() net.Addr { return &net.TCPAddr{} }

// rig is a Concentrator at work within a synctest bubble, without a network:
// its stations hand their messages in.
type rig struct {
	t     *testing.T
	c     *Concentrator
	up    chan radio.Uplink
	tx    chan radio.TxResult
	stop  context.CancelFunc
	ended chan error
	logs  *observer.ObservedLogs
}

func start(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	o := Options{Name: "roof", Plan: plan868(), Log: zap.New(core)}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, c: c, up: make(chan radio.Uplink, 16), tx: make(chan radio.TxResult, 64), ended: make(chan error, 1), logs: logs,
	}
	c.bind = func(context.Context, string) (net.Listener, error) { return &wall{make(chan struct{})}, nil }
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.ended <- c.Run(ctx, r.up, r.tx) }()
	synctest.Wait()
	t.Cleanup(stop)
	return r
}

// peer is a station of the tests; it is its own way there.
type peer struct {
	*rig
	eui     radio.EUI64
	out     [][]byte // what was sent to it
	closed  bool
	full    bool // its connection is stuck
	session int64
	powered time.Time
	first   int64 // microseconds of xtime at powered
}

func (p *peer) send(b []byte) bool {
	if !p.full {
		p.out = append(p.out, b)
	}
	return !p.full
}

func (p *peer) cut() { p.closed = true }

// peer is a station that has connected and is configured.
func (r *rig) peer(n byte) *peer {
	r.t.Helper()
	p := &peer{rig: r, eui: radio.EUI64{0xaa, 0, 0, 0, 0, 0, 0, n}, session: 0x4d, powered: time.Now(), first: 5_000_000}
	p.connect()
	p.say(`{"msgtype":"version","station":"2.0.6(linux/std)","model":"linux","protocol":2}`)
	if got := p.drain(); len(got) != 1 || got[0]["msgtype"] != "router_config" {
		r.t.Fatalf("got %v", got)
	}
	return p
}

func (p *peer) connect() {
	p.t.Helper()
	results, ok := p.c.arrive(p.eui, p, "192.0.2.1:4000")
	if !ok {
		p.t.Fatal("turned away")
	}
	report(p.tx, results)
}

// say sends a message.
func (p *peer) say(format string, args ...any) {
	report(p.tx, p.c.take(p.eui, p, fmt.Appendf(nil, format, args...), p.up))
}

// drain returns what was sent to the peer since the last time.
func (p *peer) drain() []map[string]any {
	p.t.Helper()
	var got []map[string]any
	for _, b := range p.out {
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			p.t.Fatal(err)
		}
		got = append(got, m)
	}
	p.out = nil
	return got
}

// xtime is the peer's time now.
func (p *peer) xtime() int64 {
	return p.session<<48 + p.first + time.Since(p.powered).Microseconds()
}

// hear forwards a frame that ended at xtime.
func (p *peer) hear(xtime int64) radio.Uplink {
	p.t.Helper()
	p.say(`{"msgtype":"propdf","FRMPayload":"E001","DR":5,"Freq":868100000,"upinfo":{"rctx":%d,"xtime":%d,"rssi":-50,"snr":8}}`, p.session>>8, xtime)
	select {
	case u := <-p.up:
		return u
	default:
		p.t.Fatal("no uplink")
		return radio.Uplink{}
	}
}

// answer is a downlink that long after u.
func answer(u radio.Uplink, id uint64, delay time.Duration) radio.Downlink {
	return radio.Downlink{
		ID: id, Gateway: u.Gateway, At: u.Ticks.Add(delay), Payload: []byte{0x60, 1, 2, 3}, Frequency: 868_100_000,
		DataRate: radio.LoRaDataRate(7, 125_000), Power: 14,
	}
}

// order is a dnmsg.
type order struct {
	Class   int   `json:"dC"`
	DIID    int64 `json:"diid"`
	PDU     string
	RxDelay int64
	RX1DR   *int
	RX1Freq *uint32
	RX2DR   *int
	RX2Freq *uint32
	XTime   int64 `json:"xtime"`
	RCtx    int64 `json:"rctx"`
}

// at is when the station is to send.
func (o order) at() int64 { return o.XTime + o.RxDelay*1_000_000 }

// transmit sends d and returns its dnmsg.
func (p *peer) transmit(d radio.Downlink) order {
	p.t.Helper()
	if err := p.c.Transmit(d); err != nil {
		p.t.Fatal(err)
	}
	if len(p.out) != 1 {
		p.t.Fatalf("%d messages", len(p.out))
	}
	var o order
	if err := json.Unmarshal(p.out[0], &o); err != nil {
		p.t.Fatal(err)
	}
	p.out = nil
	return o
}

// confirm says that a downlink is on air.
func (p *peer) confirm(o order) {
	p.say(`{"msgtype":"dntxed","diid":%d,"DevEui":"01-01-01-01-01-01-01-01"}`, o.DIID)
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

// pass lets that much time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
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

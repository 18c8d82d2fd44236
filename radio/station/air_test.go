package station_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	fake "gatewayd/radio/radiotest/station"
	"gatewayd/radio/station"
	"gatewayd/radio/station/lns"
)

const patience = 10 * time.Second

// air is a listener on a real socket.
type air struct {
	c    *station.Concentrator
	addr string
	up   chan radio.Uplink
	tx   chan radio.TxResult
	logs *observer.ObservedLogs
	stop func() // waits until Run has returned
}

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func plan868() lns.Plan {
	p := lns.Plan{Region: "EU868", Lowest: 863_000_000, Highest: 870_000_000, MaxEIRP: 27}
	for i := range 6 {
		p.DataRates[i].DataRate = radio.LoRaDataRate(uint8(12-i), 125_000)
	}
	p.DataRates[6].DataRate = radio.LoRaDataRate(7, 250_000)
	p.DataRates[7].DataRate = radio.FSKDataRate(50_000)
	for _, hz := range []uint32{868_100_000, 868_300_000, 868_500_000} {
		p.Channels = append(p.Channels, lns.Channel{Frequency: hz, MaxDR: 5})
	}
	p.Channels = append(p.Channels, lns.Channel{Frequency: 868_800_000, MinDR: 7, MaxDR: 7})
	return p
}

func listen(t *testing.T, change func(*station.Options)) *air {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	o := station.Options{Name: "roof", Listen: freePort(t), Plan: plan868(), Log: zap.New(core)}
	if change != nil {
		change(&o)
	}
	c, err := station.New(o)
	if err != nil {
		t.Fatal(err)
	}
	a := &air{c: c, addr: o.Listen, up: make(chan radio.Uplink, 64), tx: make(chan radio.TxResult, 64), logs: logs}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, a.up, a.tx) }()
	stopped := false
	a.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(2 * time.Second):
			t.Error("does not stop")
		}
	}
	t.Cleanup(a.stop)
	eventually(t, "it listens", func() bool { return c.Stats().State == "listening" })
	return a
}

// gateway is a simulated gateway whose radio runs.
func (a *air) gateway(t *testing.T, o fake.Options) *fake.Station {
	t.Helper()
	s := a.power(t, o)
	wait(t, s.Ready())
	return s
}

func (a *air) power(t *testing.T, o fake.Options) *fake.Station {
	t.Helper()
	if o.Server == "" {
		o.Server = "ws://" + a.addr
	}
	o.Retry = 20 * time.Millisecond
	s, err := fake.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Close()
		for _, v := range s.Violations() {
			t.Errorf("gateway: %s", v)
		}
	})
	return s
}

func wait[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// eventually waits until holds does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); !holds(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func packet() radiotest.Packet {
	return radiotest.Packet{
		Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -57, SNR: 9.5,
		Payload: []byte("\x40\xf1\x7d\xbe\x49\x00\x02\x00\x01\x95\x43\x78\x76\x2b\x11\xff\x0d"),
	}
}

// hear lets s hear p, as soon as it does not send.
func (a *air) hear(t *testing.T, s *fake.Station, p radiotest.Packet) radio.Uplink {
	t.Helper()
	eventually(t, "the station hears", func() bool {
		err := s.Hear(p)
		if err != nil && !errors.Is(err, radiotest.ErrDeaf) {
			t.Fatal(err)
		}
		return err == nil
	})
	return wait(t, a.up)
}

func downlink(u radio.Uplink, id uint64, delay time.Duration) radio.Downlink {
	return radio.Downlink{
		ID: id, Gateway: u.Gateway, Payload: []byte("hello"), At: u.Ticks.Add(delay), Frequency: u.Frequency, DataRate: u.DataRate, Power: 16,
	}
}

// What was on air arrives byte for byte: join requests, data with and without
// options and ports, proprietary frames.
func TestUplinks(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{})
	for name, phy := range map[string]string{
		"join request":      "\x00\x77\x66\x55\x44\x33\x22\x11\x00\x77\x66\x55\x44\x33\x22\x11\xf0\xff\xff\x39\x3a\x1d\xb6",
		"unconfirmed":       "\x40\xf1\x7d\xbe\x49\x00\x02\x00\x01\x95\x43\x78\x76\x2b\x11\xff\x0d",
		"confirmed":         "\x80\xf1\x7d\xbe\xf9\x80\xff\xff\xe0\x95\x43\x78\x76\x2b\x11\xff\xfd",
		"options only":      "\x40\x01\x00\x00\x00\xa3\x02\x00\x03\x07\x02\x01\x02\x03\x04",
		"nothing":           "\x40\x01\x00\x00\x00\x00\x02\x00\x01\x02\x03\x04",
		"MAC commands":      "\x40\x01\x00\x00\x00\x00\x02\x00\x00\x55\x01\x02\x03\x04",
		"port, no payload":  "\x40\x01\x00\x00\x00\x00\x02\x00\x09\x01\x02\x03\x04",
		"proprietary":       "\xe0\x01",
		"rejoin, 23 bytes":  "\xc0\x77\x66\x55\x44\x33\x22\x11\x00\x77\x66\x55\x44\x33\x22\x11\xf0\xff\xff\x39\x3a\x1d\xb6",
		"longest":           "\x40\x01\x00\x00\x00\x00\x02\x00\x09" + string(bytes.Repeat([]byte{0xab}, 242)) + "\x01\x02\x03\x04",
		"options with data": "\x40\x01\x00\x00\x80\x8f\x02\x00123456789012345\x05abc\xff\xff\xff\xff",
	} {
		p := packet()
		p.Payload = []byte(phy)
		u := a.hear(t, s, p)
		if string(u.Payload) != phy {
			t.Errorf("%s: %x, want %x", name, u.Payload, phy)
		}
		if u.RSSI != -57 || u.SNR != 9.5 || u.Frequency != p.Frequency || u.DataRate != p.DataRate || u.Gateway != s.Gateway() || u.Concentrator != "roof" {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

func TestUplinkAndAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]fake.Options{
		"SX1301":     {StartCount: math.MaxUint32 - 300_000}, // 32 bits wrap soon
		"SX1302":     {Model: "corecell", Features: "rmtsh prod"},
		"antenna 1":  {RCtx: 1},
		"many hours": {StartCount: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := listen(t, nil)
			s := a.gateway(t, o)
			u := a.hear(t, s, packet())
			d := downlink(u, 42, time.Second)
			if err := a.c.Transmit(d); err != nil {
				t.Fatal(err)
			}
			e := wait(t, s.Emissions())
			if e.Count != u.Ticks.Count()+1_000_000 {
				t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-1_000_000))
			}
			if e.Frequency != d.Frequency || e.DataRate != d.DataRate || !e.InvertIQ || e.CRC || !bytes.Equal(e.Payload, d.Payload) {
				t.Errorf("emitted %+v", e)
			}
			if res := wait(t, a.tx); res != (radio.TxResult{Concentrator: "roof", ID: 42}) {
				t.Errorf("got %+v", res)
			}
		})
	}
}

// RX1 is dropped in silence; that is known early enough for RX2.
func TestDroppedThenRX2(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{})
	s.Refuse()
	u := a.hear(t, s, packet())
	if err := a.c.Transmit(downlink(u, 1, time.Second)); err != nil {
		t.Fatal(err)
	}
	if te, ok := errors.AsType[*radio.TxError](wait(t, a.tx).Err); !ok || te.Reason != radio.TxHardware {
		t.Errorf("got %v", te)
	}
	rx2 := downlink(u, 2, 2*time.Second)
	rx2.Frequency, rx2.DataRate = 869_525_000, radio.LoRaDataRate(12, 125_000)
	if err := a.c.Transmit(rx2); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, s.Emissions()); e.Count != u.Ticks.Count()+2_000_000 || e.DataRate != rx2.DataRate || e.Power != 27 {
		t.Errorf("emitted %+v, %d µs off", e, int32(e.Count-u.Ticks.Count()-2_000_000))
	}
	if res := wait(t, a.tx); res.ID != 2 || res.Err != nil {
		t.Errorf("got %+v", res)
	}
}

func TestClassC(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{})
	for id := range uint64(2) { // the second has to wait for the first
		d := radio.Downlink{ID: id, Payload: []byte("now"), Immediate: true, Frequency: 869_525_000, DataRate: radio.LoRaDataRate(9, 125_000)}
		if err := a.c.Transmit(d); err != nil {
			t.Fatal(err)
		}
	}
	for id := range uint64(2) {
		if e := wait(t, s.Emissions()); e.Frequency != 869_525_000 || string(e.Payload) != "now" {
			t.Errorf("emitted %+v", e)
		}
		if res := wait(t, a.tx); res.ID != id || res.Err != nil {
			t.Errorf("got %+v", res)
		}
	}
}

// A lost connection and a restart keep nothing from going on.
func TestGatewayComesAndGoes(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{StartCount: 3_000_000_000})
	before := a.hear(t, s, packet())
	for range 2 {
		if err := a.c.Transmit(downlink(before, 7, 5*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		if res := wait(t, a.tx); res.ID != 7 || res.Err == nil {
			t.Errorf("got %+v", res)
		}
		wait(t, s.Ready())
		u := a.hear(t, s, packet())
		if u.Ticks <= before.Ticks {
			t.Error("time went back")
		}
		if err := a.c.Transmit(downlink(u, 1, 300*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if e := wait(t, s.Emissions()); e.Count != u.Ticks.Count()+300_000 {
			t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-300_000))
		}
		if res := wait(t, a.tx); res.ID != 1 || res.Err != nil {
			t.Errorf("got %+v", res)
		}
		before = u
	}
	st := a.c.Stats().Gateways[0]
	if st.Connects != 3 || st.Restarts != 2 || st.Version != "2.0.6(linux/std)" || !st.Reachable {
		t.Errorf("got %+v", st)
	}
}

// Two stations on one listener: each is answered at its own time.
func TestTwoGateways(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	one := a.gateway(t, fake.Options{StartCount: 5_000_000})
	two := a.gateway(t, fake.Options{Gateway: radio.EUI64{2}, StartCount: 4_000_000_000})
	for _, s := range []*fake.Station{one, two} {
		u := a.hear(t, s, packet())
		if u.Gateway != s.Gateway() {
			t.Errorf("heard by %s", u.Gateway)
		}
		if err := a.c.Transmit(downlink(u, 1, 300*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if e := wait(t, s.Emissions()); e.Count != u.Ticks.Count()+300_000 {
			t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-300_000))
		}
		wait(t, a.tx)
	}
}

func TestTimeSync(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{})
	before := lns.GPSTime(time.Now())
	if err := s.TimeSync(); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, s.Synced()); got < before || got > lns.GPSTime(time.Now()) {
		t.Errorf("told %d at %d", got, before)
	}
}

// Frames in flight when the daemon stops have their one result each.
func TestStop(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{})
	u := a.hear(t, s, packet())
	for id := range uint64(3) {
		if err := a.c.Transmit(downlink(u, id, time.Duration(id+3)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	a.stop()
	if n := len(a.tx); n != 3 {
		t.Errorf("%d results", n)
	}
	if err := a.c.Transmit(downlink(u, 9, 3*time.Second)); err == nil {
		t.Error("accepted after the end")
	}
	if n := a.logs.FilterMessage("station is gone").Len(); n != 0 {
		t.Error("our own end is reported as the station's")
	}
	if st := a.c.Stats(); st.State != "stopped" || st.Gateways[0].Reachable {
		t.Errorf("got %+v", st)
	}
}

func clientTLS(t *testing.T, w world, names ...string) *tls.Config {
	t.Helper()
	config := &tls.Config{RootCAs: w.pool, MinVersion: tls.VersionTLS12}
	for _, name := range names {
		pair, err := tls.LoadX509KeyPair(w.file(name+".crt"), w.file(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = append(config.Certificates, pair)
	}
	return config
}

package semtechudp_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder"
	"gatewayd/radio/semtechudp"
)

const patience = 10 * time.Second

// air is a listener on a real socket.
type air struct {
	c    *semtechudp.Concentrator
	addr string
	up   chan radio.Uplink
	tx   chan radio.TxResult
	logs *observer.ObservedLogs
	said chan string // the same, as they come
}

// freePort is a UDP port that was free a moment ago, at an address from which
// nobody sends: one of the gateways might be given it.
func freePort(t *testing.T) string {
	t.Helper()
	p, err := net.ListenPacket("udp", "127.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	return p.LocalAddr().String()
}

func listen(t *testing.T, address string, allowed ...radio.EUI64) *air {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	said := make(chan string, 64)
	log := zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		said <- e.Message
		return nil
	}))
	c, err := semtechudp.New(semtechudp.Options{Name: "roof", Listen: address, AllowedGateways: allowed, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	a := &air{c: c, addr: address, up: make(chan radio.Uplink, 64), tx: make(chan radio.TxResult, 64), logs: logs, said: said}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, a.up, a.tx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(time.Second):
			t.Error("does not stop")
		}
	})
	return a
}

// gateway is a simulated gateway whose way for downlinks is open.
func (a *air) gateway(t *testing.T, o forwarder.Options) *forwarder.Forwarder {
	t.Helper()
	o.Server, o.KeepAlive = a.addr, 20*time.Millisecond
	f, err := forwarder.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = f.Close()
		for _, v := range f.Violations() {
			t.Errorf("gateway: %s", v)
		}
	})
	wait(t, f.Ready())
	return f
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

func packet() radiotest.Packet {
	return radiotest.Packet{
		Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -57, SNR: 9.5,
		Payload: []byte("\x40\xf1\x7d\xbe\x49\x00\x02\x00\x01\x95\x43\x78\x76\x2b\x11\xff\x0d"),
	}
}

func (a *air) hear(t *testing.T, f *forwarder.Forwarder) radio.Uplink {
	t.Helper()
	if err := f.Hear(packet()); err != nil {
		t.Fatal(err)
	}
	return wait(t, a.up)
}

func downlink(u radio.Uplink, id uint64, delay time.Duration) radio.Downlink {
	return radio.Downlink{
		ID: id, Gateway: u.Gateway, Payload: []byte("hello"), At: u.Ticks.Add(delay), Frequency: u.Frequency, DataRate: u.DataRate, Power: 16,
	}
}

func TestUplinkAndAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]forwarder.Options{
		"version 2":       {StartCount: math.MaxUint32 - 300_000}, // wraps soon
		"version 1":       {Version: 1},
		"without TX_ACK":  {Silent: true},
		"narrow in range": {Range: [2]uint32{868_000_000, 869_000_000}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := listen(t, freePort(t))
			f := a.gateway(t, o)
			u := a.hear(t, f)
			if u.RSSI != -57 || u.SNR != 9.5 || u.CodingRate != "4/5" || len(u.Payload) != 17 || u.Gateway != f.Gateway() {
				t.Errorf("got %+v", u)
			}
			d := downlink(u, 42, time.Second)
			if err := a.c.Transmit(d); err != nil {
				t.Fatal(err)
			}
			e := wait(t, f.Emissions())
			if e.Count != u.Ticks.Count()+1_000_000 {
				t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-1_000_000))
			}
			if e.Frequency != d.Frequency || e.DataRate != d.DataRate || e.Power != 16 || !e.InvertIQ || e.CRC || e.Preamble != 8 ||
				e.CodingRate != "4/5" || !bytes.Equal(e.Payload, d.Payload) {
				t.Errorf("emitted %+v", e)
			}
			if res := wait(t, a.tx); res != (radio.TxResult{Concentrator: "roof", ID: 42}) {
				t.Errorf("got %+v", res)
			}
		})
	}
}

func TestRefusedThenRX2(t *testing.T) {
	t.Parallel()
	a := listen(t, freePort(t))
	f := a.gateway(t, forwarder.Options{})
	f.Refuse("TX_FREQ")
	u := a.hear(t, f)
	if err := a.c.Transmit(downlink(u, 1, time.Second)); err != nil {
		t.Fatal(err)
	}
	if te, ok := errors.AsType[*radio.TxError](wait(t, a.tx).Err); !ok || te.Reason != radio.TxFrequency {
		t.Errorf("got %v", te)
	}
	if err := a.c.Transmit(downlink(u, 2, 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, f.Emissions()); e.Count != u.Ticks.Count()+2_000_000 {
		t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-2_000_000))
	}
}

// Neither a new port nor a restart keeps frames from coming and going.
func TestGatewayComesAndGoes(t *testing.T) {
	t.Parallel()
	a := listen(t, freePort(t))
	f := a.gateway(t, forwarder.Options{StartCount: 3_000_000_000})
	before := a.hear(t, f)
	for name, change := range map[string]func() error{"new port": f.Rebind, "restart": func() error { return f.Restart(5) }} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		wait(t, f.Ready())
		u := a.hear(t, f)
		if u.Ticks <= before.Ticks {
			t.Errorf("%s: time went back", name)
		}
		if err := a.c.Transmit(downlink(u, 1, 300*time.Millisecond)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e := wait(t, f.Emissions()); e.Count != u.Ticks.Count()+300_000 {
			t.Errorf("%s: emitted %d µs off", name, int32(e.Count-u.Ticks.Count()-300_000))
		}
		if res := wait(t, a.tx); res.Err != nil {
			t.Errorf("%s: %v", name, res.Err)
		}
		<-time.After(150 * time.Millisecond) // it is deaf to a packet that began while it sent
	}
}

// The port is somebody else's at first, and ours as soon as it is free.
func TestPortIsFreed(t *testing.T) {
	t.Parallel()
	other, err := net.ListenPacket("udp", "127.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := listen(t, other.LocalAddr().String())
	for wait(t, a.said) != "not listening; trying again" {
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	f := a.gateway(t, forwarder.Options{})
	a.hear(t, f)
	if a.logs.FilterMessageSnippet("trying again").Len() != 1 {
		t.Errorf("log: %v", a.logs.All())
	}
}

// Between bursts of junk as long as a socket keeps, each frame of a good
// gateway gets through.
func TestFlood(t *testing.T) {
	t.Parallel()
	good := radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}
	a := listen(t, freePort(t), good)
	f := a.gateway(t, forwarder.Options{Gateway: good})
	junk, err := net.Dial("udp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = junk.Close() }()
	bad := bytes.Repeat([]byte("x"), 600)
	copy(bad, "\x02\x00\x01\x00stranger{\"rxpk\":[")
	for range 100 {
		for i := range 50 {
			bad[4] = byte(i)
			if _, err := junk.Write(bad); err != nil {
				t.Fatal(err)
			}
		}
		a.hear(t, f)
	}
	s := a.c.Stats()
	if s.Refused == 0 || len(s.Gateways) != 1 || s.Gateways[0].RxOK != 100 {
		t.Errorf("got %+v", s)
	}
	if n := a.logs.Len(); n > 20 {
		t.Errorf("%d lines", n)
	}
}

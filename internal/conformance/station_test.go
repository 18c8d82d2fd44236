package conformance_test

import (
	"net"
	"testing"
	"time"

	"gatewayd/radio"
	peers "gatewayd/radio/radiotest/station"
	"gatewayd/radio/station"
	"gatewayd/radio/station/lns"
)

// stationPeer is a simulated Basics Station, whose time is 64 bits wide.
type stationPeer struct{ *peers.Station }

// Count is simulator.Air's.
func (p stationPeer) Count() uint32 { return uint32(p.XTime()) }

// basicsStation is a driver with a simulated Basics Station.
func basicsStation(t testing.TB, s setup) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	c, err := station.New(station.Options{Name: s.name, Listen: address, Plan: plan868()})
	if err != nil {
		t.Fatal(err)
	}
	o := peers.Options{Server: "ws://" + address, StartCount: usual, Retry: 50 * time.Millisecond}
	if s.wraps {
		o.StartCount = wrapSoon
	}
	p, err := peers.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	for range refusals(s.reach) {
		p.Refuse()
	}
	return &rig{peer: stationPeer{p}, driver: c, gateway: p.Gateway(), replug: p.Replug, restart: p.Restart}
}

// refusals is how many downlinks in a row a concentrator that reaches no
// further refuses, where its simulation goes by number and not by frequency.
func refusals(reach [2]uint32) int {
	switch reach {
	case onlyRX2():
		return 1
	case nowhere():
		return 100
	default:
		return 0
	}
}

// plan868 is EU868 as stations are told it.
func plan868() lns.Plan {
	p := lns.Plan{Region: "EU868", Lowest: 863_000_000, Highest: 870_000_000, MaxEIRP: 27}
	for i := range 6 {
		p.DataRates[i].DataRate = radio.LoRaDataRate(uint8(12-i), 125_000)
	}
	for _, hz := range []uint32{868_100_000, 868_300_000, 868_500_000} {
		p.Channels = append(p.Channels, lns.Channel{Frequency: hz, MaxDR: 5})
	}
	return p
}

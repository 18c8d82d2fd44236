package bridge_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// stopwatch is a Transmitter that notes how long after its uplink was read an
// answer was scheduled.
type stopwatch struct {
	mu   sync.Mutex
	read map[[4]byte]time.Time // by DevAddr, as on the air
	took []time.Duration
}

func (s *stopwatch) start(phy []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[[4]byte(phy[1:5])] = time.Now()
}

func (s *stopwatch) Transmit(d radio.Downlink) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, time.Since(s.read[[4]byte(d.Payload[1:5])]))
	return nil
}

// BenchmarkAnswer is how long after the last byte of a confirmed uplink its
// answer is on the concentrator's schedule, durable commit included: 1,000
// nodes, 200 uplinks a second. US915, because no duty cycle stands in the way.
func BenchmarkAnswer(b *testing.B) {
	const nodes, every = 1000, 5 * time.Millisecond
	s, err := store.Open(filepath.Join(b.TempDir(), "store"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	watch := &stopwatch{read: map[[4]byte]time.Time{}}
	network := bridge.Network{Region: regionOf(b, "US915"), Gateways: map[string]bridge.Transmitter{"c0": watch}}
	for i := range uint32(nodes) {
		n := inRegion(b, "US915", abp(fmt.Sprint("n", i), 0x26000000+i, byte(i)))
		n.MAC.ADR.Mode = mac.ADROff
		network.Nodes = append(network.Nodes, n)
	}
	br, err := bridge.New(bridge.Options{Store: s, Clock: bubbleClock{}, Log: zap.NewNop(), Network: network})
	if err != nil {
		b.Fatal(err)
	}
	up := make(chan radio.Uplink, 256)
	done := make(chan error, 1)
	go func() { done <- br.Run(context.Background(), up, nil) }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	sent := uint32(0)
	for b.Loop() {
		n := network.Nodes[sent%nodes]
		f := confirmed(n, 1+sent/nodes)
		f.payload = string(binary.BigEndian.AppendUint32(make([]byte, 8), sent))
		phy := f.bytes(b)
		sent++
		<-tick.C
		watch.start(phy)
		up <- radio.Uplink{
			Concentrator: "c0", Payload: phy, Ticks: radio.Ticks(sent) * 5000, Received: time.Now(),
			Frequency: 902_300_000 + 200_000*(sent%8), DataRate: radio.LoRaDataRate(7, 125_000), SNR: 9,
		}
	}
	close(up)
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	slices.Sort(watch.took)
	at := func(share float64) float64 {
		return float64(watch.took[int(share*float64(len(watch.took)-1))].Microseconds()) / 1000
	}
	if len(watch.took) == 0 {
		b.Fatal("nothing was answered")
	}
	b.ReportMetric(at(0.5), "ms/p50")
	b.ReportMetric(at(0.99), "ms/p99")
	b.ReportMetric(at(1), "ms/max")
	b.ReportMetric(100*float64(len(watch.took))/float64(sent), "%answered")
}

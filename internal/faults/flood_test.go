package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	brocaar "github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/internal/simulator"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// floodRate is bad frames per second.
const floodRate = 5000

// hostile makes n bad frames from genuine ones, which the bridge must have
// accepted and gone beyond: every kind there is, and half of them with the
// DevAddr of a node, which costs the bridge most.
func hostile(genuine [][]byte, n int) [][]byte {
	src := rand.NewPCG(8, 8)
	rng := rand.New(src)
	var frames [][]byte
	for len(frames) < n {
		phy := genuine[rng.IntN(len(genuine))]
		for _, f := range simulator.Hostile(phy, src) {
			forged := slices.Clone(phy)
			forged[1+rng.IntN(len(forged)-1)] ^= 1 << rng.IntN(8)
			frames = append(frames, f.PHYPayload, forged)
		}
	}
	return frames[:n]
}

// The flood leaves nothing behind: counters, a line a minute for each reason,
// and no memory. The nodes are served meanwhile.
func TestFlood(t *testing.T) { // not parallel: it looks at the memory of the process
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		world := make(chan error, 1)
		go func() { world <- s.world.Run(ctx) }()
		wait(ctx, time.Minute)
		genuine := s.air.recorded()
		genuine = genuine[:len(genuine)-2*nodes] // each node has gone beyond these
		frames := hostile(genuine, 4096)
		lines, before, heap := s.logs.Len(), s.bridge.Stats(), heapInUse()
		const lasts = 10 * time.Second
		s.flood(ctx, frames, lasts)
		if grown := heapInUse() - heap; grown > 4<<20 {
			t.Errorf("%d bytes more in use after the flood", grown)
		}
		after := s.bridge.Stats()
		if got, most := s.logs.Len()-lines, 2*len(bridge.Reasons()); got > most {
			t.Errorf("%d lines of log, want at most %d", got, most)
		}
		dropped := uint64(0)
		for r, n := range after.Dropped {
			dropped += n - before.Dropped[r]
		}
		if want := uint64(floodRate * lasts / time.Second); dropped < want {
			t.Errorf("%d frames counted as dropped, want at least %d", dropped, want)
		}
		if err := s.world.Drain(ctx); err != nil {
			t.Error(err)
		}
		wait(ctx, time.Minute)
		s.served()
		s.halt()
		cancel()
		if err := <-world; err != nil {
			t.Error(err)
		}
	})
}

// flood puts frames on the air for so long.
func (s *site) flood(ctx context.Context, frames [][]byte, lasts time.Duration) {
	s.t.Helper()
	injected := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		wait(ctx, time.Millisecond)
		for range floodRate / 1000 {
			if err := s.air.inject(frames[injected%len(frames)]); err != nil {
				s.t.Fatal(err)
			}
			injected++
		}
	}
}

// served looks whether all nodes were: no frame lost, none of the confirmed
// ones repeated.
func (s *site) served() {
	s.t.Helper()
	for _, sent := range s.world.Sent() {
		if sent.Confirmed && (!sent.Acked || sent.Transmissions > 1) {
			s.t.Errorf("%s: frame %d: acknowledged %v after %d transmissions", sent.Node, sent.FCnt, sent.Acked, sent.Transmissions)
		}
	}
	s.judge.Look(s.world)
	if p := append(s.judge.Problems(), s.judge.Missing()...); len(p) > 0 {
		s.t.Error(p)
	}
	if totals := s.judge.Totals(); totals.Frames < 60 || totals.Acked < 30 {
		s.t.Errorf("too little happened: %+v", totals)
	}
}

// heapInUse is what is left after a collection, in bytes.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkFlood is how long after a good node's confirmed uplink its answer is
// on the concentrator's schedule, the durable commit included: in quiet, and
// while 5,000 bad frames a second come in. The difference is what the flood
// takes of the margin before RX1.
func BenchmarkFlood(b *testing.B) {
	for _, rate := range []int{0, floodRate} {
		b.Run(fmt.Sprintf("bad=%d", rate), func(b *testing.B) { benchmarkFlood(b, rate) })
	}
}

func benchmarkFlood(b *testing.B, rate int) {
	n := newNeighbourhood(b)
	frames := hostile([][]byte{n.uplink(1), n.uplink(2), n.uplink(3)}, 4096)
	up, done := n.run(b)
	n.ask(up, 10) // the forged ones have lower counters
	stop := make(chan struct{})
	var flooding sync.WaitGroup
	if rate > 0 {
		flooding.Go(func() { pour(up, frames, rate, stop) })
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var took []time.Duration
	fCnt := uint32(10)
	for b.Loop() {
		<-tick.C
		fCnt++
		took = append(took, n.ask(up, fCnt))
	}
	close(stop)
	flooding.Wait()
	close(up)
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "ms/p50")
	b.ReportMetric(at(0.99), "ms/p99")
	b.ReportMetric(at(1), "ms/max")
	b.ReportMetric(0, "ns/op")
}

// pour hands bad frames to up at a rate until stop is closed. What the channel
// has no room for is dropped, as drivers do.
func pour(up chan<- radio.Uplink, frames [][]byte, rate int, stop <-chan struct{}) {
	const portion = 10 * time.Millisecond
	tick := time.NewTicker(portion)
	defer tick.Stop()
	for i := 0; ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for range rate * int(portion) / int(time.Second) {
			select {
			case up <- received(frames[i%len(frames)]):
			default:
			}
			i++
		}
	}
}

// received is a frame that was heard now.
func received(phy []byte) radio.Uplink {
	return radio.Uplink{
		Concentrator: "c0", Payload: phy, Ticks: radio.Ticks(time.Now().UnixMicro()), Received: time.Now(),
		Frequency: 903_900_000, DataRate: radio.LoRaDataRate(7, 125_000), CodingRate: "4/5", SNR: 9,
	}
}

// neighbourhood is a bridge with a real store, and one node that is answered
// to. It is the transmitter too.
type neighbourhood struct {
	bridge   *bridge.Bridge
	answered chan time.Time
}

// goodAddr is the node's DevAddr.
const goodAddr = 0x26010000

func newNeighbourhood(b *testing.B) *neighbourhood {
	b.Helper()
	plan, err := region.New(region.Options{Name: "US915", SubBand: 2})
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(filepath.Join(b.TempDir(), "store"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	n := &neighbourhood{answered: make(chan time.Time, 1)}
	node := bridge.Node{
		Name: "good", DeviceID: "good", Version: mac.V1_0_3, Class: bridge.ClassA, MAC: mac.DefaultDesired(plan),
		DevAddr: brocaar.DevAddr{0x26, 1, 0, 0}, NwkSKey: key(2, 1), AppSKey: key(3, 1),
	}
	node.MAC.ADR.Mode = mac.ADROff
	n.bridge, err = bridge.New(bridge.Options{Store: s, Clock: bubbleClock{}, Log: zap.NewNop(), Network: bridge.Network{
		Region: plan, Nodes: []bridge.Node{node}, Gateways: map[string]bridge.Transmitter{"c0": n},
	}})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// run starts the bridge.
func (n *neighbourhood) run(b *testing.B) (chan radio.Uplink, <-chan error) {
	b.Helper()
	up, done := make(chan radio.Uplink, 256), make(chan error, 1)
	go func() { done <- n.bridge.Run(context.Background(), up, nil) }()
	return up, done
}

// Transmit is bridge.Transmitter's.
func (n *neighbourhood) Transmit(radio.Downlink) error {
	n.answered <- time.Now()
	return nil
}

// ask sends a confirmed uplink and returns after how long it was answered.
func (n *neighbourhood) ask(up chan<- radio.Uplink, fCnt uint32) time.Duration {
	phy := n.uplink(fCnt)
	begin := time.Now()
	up <- received(phy)
	return (<-n.answered).Sub(begin)
}

// uplink is a confirmed uplink of the node.
func (n *neighbourhood) uplink(fCnt uint32) []byte {
	f := lorawan.Data{MType: lorawan.ConfirmedUp, DevAddr: goodAddr, FCnt: uint16(fCnt), HasPort: true, FPort: 1}
	f.Payload = lorawan.Crypt(key(3, 1), lorawan.Up, goodAddr, fCnt, fmt.Appendf(nil, "%08d", fCnt))
	msg := f.Bytes()
	mic := lorawan.MIC(key(2, 1), lorawan.Up, goodAddr, fCnt, 0, msg)
	return append(msg, mic[:]...)
}

package faults_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/hub"
	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/internal/soak"
	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
	"gatewayd/radio"
)

// site is a bridge on a store on a disk that may fail, with nodes in reach and
// a hub that takes everything. It lives in a synctest bubble.
type site struct {
	t     *testing.T
	dir   string // of the store's lock
	disk  *storetest.Disk
	plan  *region.Region
	air   *air
	world *simulator.World
	judge *soak.Judge
	logs  *observer.ObservedLogs
	log   *zap.Logger

	bridge *bridge.Bridge
	halt   func() // ends what start has started, at once
}

// nodes of every site; each third is an OTAA node, each second wants to be
// acknowledged.
const nodes = 6

func name(i int) string { return fmt.Sprintf("node-%d", i) }

func key(kind byte, i int) secret.AES128 {
	return secret.NewAES128([16]byte{0: kind, 15: byte(i)})
}

func joins(i int) bool { return i%3 == 2 }

func eui(i int) radio.EUI64 { return radio.EUI64{1, 7: byte(i)} }

// newSite puts the nodes on the air and starts a bridge.
func newSite(t *testing.T, dir string) *site {
	t.Helper()
	plan, err := region.New(region.Options{Name: "US915", SubBand: 2})
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	s := &site{
		t: t, dir: dir, disk: storetest.New(3), plan: plan, air: newAir(), judge: soak.NewJudge(), log: zap.New(core), logs: logs,
	}
	us915, err := simulator.US915(2)
	if err != nil {
		t.Fatal(err)
	}
	var number atomic.Uint64
	var onAir []simulator.Config
	for i := range nodes {
		c := simulator.Config{
			Name: name(i), Region: us915, DataRate: 3, Interval: 4 * time.Second, Confirmed: i%2 == 0, SNR: 9, RSSI: -60,
			Payload: func(uint32) []byte { return binary.BigEndian.AppendUint64(nil, number.Add(1)) },
		}
		if joins(i) {
			c.DevEUI, c.AppKey = eui(i), key(1, i)
		} else {
			c.DevAddr, c.NwkSKey, c.AppSKey = simulator.DevAddr(i+1), key(2, i), key(3, i)
		}
		onAir = append(onAir, c)
	}
	if s.world, err = simulator.New(s.air, onAir, simulator.Options{Source: rand.NewPCG(4, 4)}); err != nil {
		t.Fatal(err)
	}
	s.start()
	return s
}

// table is the bridge's view of the nodes.
func (s *site) table() (all []bridge.Node) {
	for i := range nodes {
		n := bridge.Node{Name: name(i), DeviceID: name(i), Version: mac.V1_0_3, Class: bridge.ClassA, MAC: mac.DefaultDesired(s.plan)}
		n.MAC.ADR.Mode = mac.ADROff
		if joins(i) {
			n.OTAA, n.DevEUI, n.AppKey = true, eui(i), key(1, i)
		} else {
			n.DevAddr, n.NwkSKey, n.AppSKey = lorawan.DevAddr{3: byte(i + 1)}, key(2, i), key(3, i)
		}
		all = append(all, n)
	}
	return all
}

// start opens the store and runs a bridge on it.
func (s *site) start() {
	s.t.Helper()
	st, err := store.Open(filepath.Join(s.dir, "store"), store.Options{FS: s.disk, SegmentBytes: 1 << 16})
	if err != nil {
		s.t.Fatal(err)
	}
	if r := st.Report(); len(r.Damaged) > 0 || r.SalvagedCounters {
		s.t.Errorf("the store is damaged: %v", r)
	}
	s.bridge, err = bridge.New(bridge.Options{Store: st, Clock: bubbleClock{}, Log: s.log, Network: bridge.Network{
		NetID: lorawan.NetID{0, 0, 0x13}, Region: s.plan, Nodes: s.table(), Gateways: map[string]bridge.Transmitter{"c0": s.air},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	up, tx := make(chan radio.Uplink, 256), make(chan radio.TxResult, 256)
	var parts sync.WaitGroup
	b := s.bridge
	parts.Go(func() {
		if err := b.Run(ctx, up, tx); err != nil {
			s.t.Error(err)
		}
	})
	for _, n := range s.table() {
		parts.Go(func() { s.deliver(ctx, n.DeviceID, b.Feed(n)) })
	}
	s.air.plug(up, tx)
	s.halt = func() {
		s.air.plug(nil, nil)
		cancel()
		parts.Wait()
		if err := st.Close(); err != nil {
			s.t.Log(err) // the disk may be failing
		}
	}
}

// powerCut ends the bridge and goes on with what is left on the disk.
func (s *site) powerCut() {
	s.t.Helper()
	s.air.plug(nil, nil)
	left := s.disk.Cut()
	s.halt()
	s.disk = left
	s.start()
}

// deliver is the hub connection of one device: it takes a message every 100 ms
// and acknowledges it.
func (s *site) deliver(ctx context.Context, device string, feed hub.Feed) {
	var last uint64
	ready := make(chan struct{}, 1)
	defer feed.Ready().Watch(func() {
		select {
		case ready <- struct{}{}:
		default:
		}
	})()
	for {
		messages, err := feed.Pending(last, 8)
		if err != nil {
			s.t.Errorf("%s: %v", device, err)
			return
		}
		for _, m := range messages {
			s.judge.Record(event(device, m))
			feed.Done(m.Seq)
			last = m.Seq
			if !wait(ctx, 100*time.Millisecond) {
				return
			}
		}
		if len(messages) > 0 {
			continue
		}
		select {
		case <-ready:
		case <-ctx.Done():
			return
		}
	}
}

// event is a message as the hub records it.
func event(device string, m hub.Message) hubtest.Event {
	e := hubtest.Event{Kind: hubtest.EventD2C, Device: device, Properties: map[string]string{"$.mid": m.ID}, Body: m.Body}
	for _, p := range m.Properties {
		e.Properties[p.Key] = p.Value
	}
	return e
}

// wait reports whether d has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// bubbleClock is synctest's time.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time                    { return time.Now() }
func (bubbleClock) Trusted() (bool, string)           { return true, "" }
func (bubbleClock) BootTime() (string, time.Duration) { return "", 0 }

func (bubbleClock) WallTime(string, time.Duration) (time.Time, bool) { return time.Time{}, false }

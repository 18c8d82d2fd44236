package bridge_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/internal/simulator"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// mortal is a store in memory whose process dies with one of its commits:
// before it is durable, or after it and before anybody knows.
type mortal struct {
	*memory
	left int // commits until then
	when bool
	die  func()
}

var errDead = errors.New("the process is dead")

func (m *mortal) Commit(b store.Batch) (map[string]int, error) {
	if m.left--; m.left > 0 {
		return m.memory.Commit(b)
	}
	if m.left == 0 && m.when {
		_, _ = m.memory.Commit(b)
	}
	m.die()
	return nil, errDead
}

// However often the process dies at a commit, no downlink counter and no
// JoinNonce is used twice (the nodes would notice), no acknowledged uplink is
// missing, and no uplink is published twice under different ids.
func TestCountersOverCrashes(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	for _, v := range []mac.Version{mac.V1_0_2, mac.V1_0_4, mac.V1_1_0} {
		for _, joins := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v otaa=%v", v, joins), func(t *testing.T) {
				t.Parallel()
				n, c := p.pair(t, v, joins, bridge.ClassA)
				c.JoinAttempts = 1
				synctest.Test(t, func(t *testing.T) { surviveCrashes(t, n, c) })
			})
		}
	}
}

func surviveCrashes(t *testing.T, n bridge.Node, c simulator.Config) {
	r := rand.New(rand.NewPCG(3, uint64(n.Version)))
	disk := newMemory()
	up, tx := make(chan radio.Uplink, 64), make(chan radio.TxResult, 64)
	air := newSite("near", 99, up, tx)
	world, err := simulator.New(air, []simulator.Config{c}, simulator.Options{Source: rand.NewPCG(1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	worldCtx, stopWorld := context.WithCancel(t.Context())
	worldDone := make(chan error, 1)
	go func() { worldDone <- world.Run(worldCtx) }()

	acked := map[uint32]bool{} // by the number in the payload
	number := uint32(0)
	for range 60 {
		ctx, die := context.WithCancel(t.Context())
		s := &mortal{memory: disk, left: 1 + r.IntN(6), when: r.IntN(2) == 0, die: die}
		b, err := bridge.New(bridge.Options{
			Store: s, Clock: bubbleClock{}, Log: zap.NewNop(), Network: bridge.Network{
				Region: n.MAC.Region, Nodes: []bridge.Node{n}, Gateways: map[string]bridge.Transmitter{"near": air},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx, up, tx) }()
		for ctx.Err() == nil {
			if _, joined := world.Node("node").Settings(); n.OTAA && (!joined || r.IntN(8) == 0) {
				_ = world.Node("node").Join(t.Context())
				continue
			}
			number++
			m := simulator.Message{FPort: 1, Payload: binary.BigEndian.AppendUint32(nil, number), Confirmed: r.IntN(2) == 0}
			if sent, err := world.Node("node").Send(t.Context(), m); err == nil && sent.Acked {
				acked[number] = true
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		drain(up, tx)
	}
	<-time.After(time.Minute)
	stopWorld()
	if err := <-worldDone; err != nil {
		t.Error(err)
	}
	for _, v := range world.Violations() {
		t.Error(v)
	}
	published(t, disk, acked)
}

// drain throws away what a dead process did not read.
func drain(up <-chan radio.Uplink, tx <-chan radio.TxResult) {
	for {
		select {
		case <-up:
		case <-tx:
		default:
			return
		}
	}
}

// published checks what is on the disk against what the node was told.
func published(t *testing.T, disk *memory, acked map[uint32]bool) {
	t.Helper()
	ids := map[uint32]string{}
	for _, e := range disk.outbox {
		m, _, err := bridge.Render(e.Seq, e.Record, bridge.Node{}, bubbleClock{})
		if err != nil {
			t.Fatal(err)
		}
		up := decode[struct {
			Event   string
			Payload []byte
		}](t, m.Body)
		if up.Event != "up" || len(up.Payload) != 4 {
			continue
		}
		number := binary.BigEndian.Uint32(up.Payload)
		if before, ok := ids[number]; ok && before != m.ID {
			t.Errorf("uplink %d is published as %s and as %s", number, before, m.ID)
		}
		ids[number] = m.ID
	}
	if len(acked) < 50 {
		t.Errorf("only %d uplinks were acknowledged: the test shows nothing", len(acked))
	}
	for number := range acked {
		if ids[number] == "" {
			t.Errorf("uplink %d was acknowledged and is lost", number)
		}
	}
}

package bridge_test

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/store"
)

// memory is a store without a disk, for tests that need thousands of them.
type memory struct {
	sessions map[string][]byte
	nonces   map[store.Nonce]bool
	outbox   []store.Entry
}

func (m *memory) Session(node string) ([]byte, error) { return m.sessions[node], nil }

func (m *memory) NonceUsed(node string, devNonce uint16) (bool, error) {
	return m.nonces[store.Nonce{Node: node, DevNonce: devNonce}], nil
}

func (m *memory) Commit(b store.Batch) (map[string]int, error) {
	for _, s := range b.Sessions {
		m.sessions[s.Node] = s.Record
	}
	for _, n := range b.Nonces {
		m.nonces[n] = true
	}
	for _, e := range b.Outbox {
		e.Seq = uint64(len(m.outbox) + 1)
		m.outbox = append(m.outbox, e)
	}
	return nil, nil
}

func (m *memory) Pending(node string, after uint64, _ int) (entries []store.Entry, err error) {
	for _, e := range m.outbox {
		if e.Node == node && e.Seq > after {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (m *memory) Done(string, uint64)     {}
func (m *memory) Waiting() map[string]int { return nil }

func (m *memory) Flush(time.Time, bool) (map[string]int, error) { return nil, nil }

// newMemoryBench is newBench without a disk.
func newMemoryBench(t *testing.T, nodes ...bridge.Node) *bench {
	t.Helper()
	b := &bench{
		t: t, nodes: nodes, ticks: 1 << 40, tx: &transmitter{},
		clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), trusted: true},
	}
	region, err := bridge.NewRegion("EU868")
	if err != nil {
		t.Fatal(err)
	}
	b.bridge, err = bridge.New(bridge.Options{
		Store: &memory{sessions: map[string][]byte{}, nonces: map[store.Nonce]bool{}},
		Clock: b.clock, Log: zap.NewNop(), Nodes: nodes,
		Gateways: map[string]bridge.Gateway{"c0": {Transmitter: b.tx, Region: region}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

package bridge_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/store"
)

// memory is a store without a disk, for tests that need thousands of them.
type memory struct {
	records map[string][]byte
	nonces  map[store.Nonce]bool
	outbox  []store.Entry

	mu   sync.Mutex
	fail func() error // of each Commit; nil: none fails
}

// refuse has each Commit ask fail first.
func (m *memory) refuse(fail func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

// refusal is the error of this Commit.
func (m *memory) refusal() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		return nil
	}
	return m.fail()
}

var errDisk = errors.New("no space left on device")

// diskFull is the refusal of a full disk.
func diskFull() error { return errDisk }

func newMemory() *memory {
	return &memory{records: map[string][]byte{}, nonces: map[store.Nonce]bool{}}
}

func (m *memory) Get(bucket, key string) ([]byte, bool) {
	v, ok := m.records[bucket+"/"+key]
	return v, ok
}

func (m *memory) Each(bucket, prefix string, do func(string, []byte)) {
	for _, k := range slices.Sorted(maps.Keys(m.records)) {
		if strings.HasPrefix(k, bucket+"/"+prefix) {
			do(strings.TrimPrefix(k, bucket+"/"), m.records[k])
		}
	}
}

func (m *memory) NonceUsed(node string, devNonce uint16) bool {
	return m.nonces[store.Nonce{Node: node, DevNonce: devNonce}]
}

func (m *memory) Commit(b store.Batch) (map[string]int, error) {
	if err := m.refusal(); err != nil {
		return nil, err
	}
	for _, r := range b.Put {
		if m.records[r.Bucket+"/"+r.Key] = r.Value; r.Value == nil {
			delete(m.records, r.Bucket+"/"+r.Key)
		}
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
func (m *memory) Newest(string) uint64    { return uint64(len(m.outbox)) }

func (m *memory) Flush(time.Time, bool) (map[string]int, error) { return nil, nil }

// newMemoryBench is newBench without a disk.
func newMemoryBench(t *testing.T, nodes ...bridge.Node) *bench {
	t.Helper()
	return newMemoryBenchWith(t, func(*bridge.Options) {}, nodes...)
}

// newMemoryBenchWith is newMemoryBench with other options.
func newMemoryBenchWith(t *testing.T, change func(*bridge.Options), nodes ...bridge.Node) *bench {
	t.Helper()
	b := &bench{
		t: t, nodes: nodes, region: "EU868", ticks: 1 << 40, tx: &transmitter{},
		clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), trusted: true},
	}
	o := bridge.Options{Store: newMemory(), Clock: b.clock, Log: zap.NewNop(), Network: b.network(nodes)}
	change(&o)
	var err error
	if b.bridge, err = bridge.New(o); err != nil {
		t.Fatal(err)
	}
	return b
}

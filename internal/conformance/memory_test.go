package conformance_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gatewayd/internal/store"
)

// memory is a store without a disk: the concentrators are on trial here.
type memory struct {
	mu      sync.Mutex // guards the rest
	records map[string][]byte
	nonces  map[store.Nonce]bool
	outbox  []store.Entry
}

func newMemory() *memory {
	return &memory{records: map[string][]byte{}, nonces: map[store.Nonce]bool{}}
}

func (m *memory) Get(bucket, key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.records[bucket+"/"+key]
	return v, ok
}

func (m *memory) Each(bucket, prefix string, do func(string, []byte)) {
	m.mu.Lock()
	records := maps.Clone(m.records)
	m.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(records)) {
		if strings.HasPrefix(k, bucket+"/"+prefix) {
			do(strings.TrimPrefix(k, bucket+"/"), records[k])
		}
	}
}

func (m *memory) NonceUsed(node string, devNonce uint16) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nonces[store.Nonce{Node: node, DevNonce: devNonce}]
}

func (m *memory) Commit(b store.Batch) (map[string]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
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
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.outbox {
		if e.Node == node && e.Seq > after {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (m *memory) Done(string, uint64)     {}
func (m *memory) Waiting() map[string]int { return nil }
func (m *memory) Newest(string) uint64    { return 0 }

func (m *memory) Flush(time.Time, bool) (map[string]int, error) { return nil, nil }

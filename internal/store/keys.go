package store

import (
	"bytes"
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Keys of the bucket with the empty name, which is the store's own.
const (
	keyLastSeen = "last_seen" // Unix seconds (8, big-endian)
	keyJump     = "jump"      // counters must be moved on before they are used
	keySeq      = "seq"       // deferred entries may have numbers below this (8, big-endian)
	keyMigrated = "migrated"  // SHA-256 of the bbolt file that was read
)

// name addresses a key-value record.
type name struct{ bucket, key string }

func (n name) compare(m name) int {
	return cmp.Or(cmp.Compare(n.bucket, m.bucket), cmp.Compare(n.key, m.key))
}

// value is a record's value and the segment it lies in, nil while it is only
// in memory.
type value struct {
	data []byte
	seg  *segment
}

// size is about what the record takes in the log.
func (n name) size(v value) int64 { return int64(len(n.bucket) + len(n.key) + len(v.data) + 8) }

// keys are the key-value records. Values are never changed in place.
type keys struct {
	buckets map[string]map[string]value
	bytes   int64
}

func newKeys() keys { return keys{buckets: map[string]map[string]value{}} }

func (k *keys) get(n name) (value, bool) {
	v, ok := k.buckets[n.bucket][n.key]
	return v, ok
}

// put keeps a copy of v's data.
func (k *keys) put(n name, v value) {
	k.remove(n)
	v.data = bytes.Clone(v.data)
	if k.buckets[n.bucket] == nil {
		k.buckets[n.bucket] = map[string]value{}
	}
	k.buckets[n.bucket][n.key] = v
	k.bytes += n.size(v)
}

func (k *keys) remove(n name) {
	old, ok := k.get(n)
	if !ok {
		return
	}
	k.bytes -= n.size(old)
	delete(k.buckets[n.bucket], n.key)
	if len(k.buckets[n.bucket]) == 0 {
		delete(k.buckets, n.bucket)
	}
}

// all walks over every record, in no order.
func (k *keys) all() iter.Seq2[name, value] {
	return func(yield func(name, value) bool) {
		for bucket, records := range k.buckets {
			for key, v := range records {
				if !yield(name{bucket, key}, v) {
					return
				}
			}
		}
	}
}

// sorted lists the keys of a bucket that begin with prefix.
func (k *keys) sorted(bucket, prefix string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(k.buckets[bucket])), func(key string) bool {
		return !strings.HasPrefix(key, prefix)
	})
}

// Get returns a copy of a record's value.
func (s *Store) Get(bucket, key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.state.keys.get(name{bucket, key})
	if !ok {
		return nil, false
	}
	return append([]byte{}, v.data...), true
}

// Each calls visit for every record of bucket whose key begins with prefix, in
// the order of the keys. visit may use the store; it must not change value.
func (s *Store) Each(bucket, prefix string, visit func(key string, value []byte)) {
	s.mu.Lock()
	found := s.state.keys.sorted(bucket, prefix)
	values := make([][]byte, len(found))
	for i, key := range found {
		values[i] = s.state.keys.buckets[bucket][key].data
	}
	s.mu.Unlock()
	for i, key := range found {
		visit(key, values[i])
	}
}

package journal

import "sync"

// Entry is one thing that happened. Seq grows by one with each.
type Entry[T any] struct {
	Seq   uint64
	Value T
}

// Journal keeps the newest entries. It may be used by any number of goroutines,
// and nobody waits for another.
type Journal[T any] struct {
	mu      sync.Mutex
	ring    []Entry[T]
	next    uint64 // Seq of the next entry, from 1
	changed chan struct{}
}

// New keeps size entries.
func New[T any](size int) *Journal[T] {
	return &Journal[T]{ring: make([]Entry[T], 0, size), next: 1, changed: make(chan struct{})}
}

// Add takes v in; the oldest leaves if there is no room.
func (j *Journal[T]) Add(v T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := Entry[T]{j.next, v}
	if len(j.ring) < cap(j.ring) {
		j.ring = append(j.ring, e)
	} else {
		j.ring[int((j.next-1)%uint64(cap(j.ring)))] = e
	}
	j.next++
	close(j.changed)
	j.changed = make(chan struct{})
}

// Since returns the entries with a Seq greater than after, oldest first, and a
// channel that is closed when there are more. Those that have left are missing:
// the first Seq tells how many. An after that is still to come is of an earlier
// journal, before a restart: all is new to such a reader.
func (j *Journal[T]) Since(after uint64) (entries []Entry[T], more <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if after >= j.next {
		after = 0
	}
	oldest := j.next - uint64(len(j.ring))
	for seq := max(after+1, oldest); seq < j.next; seq++ {
		entries = append(entries, j.ring[int((seq-1)%uint64(cap(j.ring)))])
	}
	return entries, j.changed
}

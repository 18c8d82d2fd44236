package store

import (
	"cmp"
	"slices"
)

// undated is the age of an entry that was accepted while the clock could not
// be trusted: it does not grow old before the clock is right.
const undated = 0

// item is one outbox entry as the index knows it.
type item struct {
	seq  uint64
	size int
	at   int64 // Unix seconds of acceptance, or undated
}

// index mirrors the outbox in memory: what is there, how large, and what is
// done but not yet deleted. Every method is called with Store.mu held.
type index struct {
	nodes map[string][]item
	done  map[string]map[uint64]bool
	bytes int64
	count int

	undated bool // some entries are
}

func newIndex() *index {
	return &index{nodes: map[string][]item{}, done: map[string]map[uint64]bool{}}
}

// add appends it to node's queue; sequence numbers grow.
func (x *index) add(node string, it item) {
	x.nodes[node] = append(x.nodes[node], it)
	x.bytes += int64(it.size)
	x.count++
	x.undated = x.undated || it.at == undated
}

// date makes entries of unknown age begin to grow old now.
func (x *index) date(now int64) {
	if !x.undated {
		return
	}
	x.undated = false
	for _, items := range x.nodes {
		for i := range items {
			if items[i].at == undated {
				items[i].at = now
			}
		}
	}
}

// remove takes entries out of the queues and of the done sets, in one pass over
// each queue concerned, however long it is.
func (x *index) remove(refs []ref) {
	gone := map[string]map[uint64]bool{}
	for _, r := range refs {
		if gone[r.node] == nil {
			gone[r.node] = map[uint64]bool{}
		}
		gone[r.node][r.seq] = true
	}
	for node, seqs := range gone {
		x.nodes[node] = slices.DeleteFunc(x.nodes[node], func(it item) bool {
			if !seqs[it.seq] {
				return false
			}
			x.bytes -= int64(it.size)
			x.count--
			delete(x.done[node], it.seq)
			return true
		})
		if len(x.nodes[node]) == 0 {
			delete(x.nodes, node)
		}
		if len(x.done[node]) == 0 {
			delete(x.done, node)
		}
	}
}

// find returns where seq is, or would be, in node's queue.
func (x *index) find(node string, seq uint64) (int, bool) {
	return slices.BinarySearchFunc(x.nodes[node], seq, func(it item, seq uint64) int { return cmp.Compare(it.seq, seq) })
}

// markDone hides the entry until it is deleted.
func (x *index) markDone(node string, seq uint64) {
	if _, found := x.find(node, seq); !found {
		return
	}
	if x.done[node] == nil {
		x.done[node] = map[uint64]bool{}
	}
	x.done[node][seq] = true
}

// ref names an entry.
type ref struct {
	node string
	seq  uint64
}

// doneRefs lists what is done and not yet deleted.
func (x *index) doneRefs() []ref {
	var refs []ref
	for node, seqs := range x.done {
		for seq := range seqs {
			refs = append(refs, ref{node, seq})
		}
	}
	return refs
}

// waiting lists up to limit sequence numbers of node after seq, oldest first,
// without those done.
func (x *index) waiting(node string, after uint64, limit int) []uint64 {
	var seqs []uint64
	first, _ := x.find(node, after)
	for _, it := range x.nodes[node][first:] {
		if len(seqs) == limit {
			break
		}
		if it.seq > after && !x.done[node][it.seq] {
			seqs = append(seqs, it.seq)
		}
	}
	return seqs
}

// overflow lists the oldest entries, over all nodes, that must go so that
// need more bytes fit into maxBytes and nothing is older than minAt, which is
// 0 where age does not count. Entries that are done may be among them.
func (x *index) overflow(need, maxBytes, minAt int64) []ref {
	heads := map[string]int{}
	var refs []ref
	left := x.bytes + need
	for {
		var oldest *item
		var node string
		for n, items := range x.nodes {
			if i := heads[n]; i < len(items) && (oldest == nil || items[i].seq < oldest.seq) {
				oldest, node = &items[i], n
			}
		}
		if oldest == nil || (left <= maxBytes && oldest.at >= minAt) {
			return refs
		}
		heads[node]++
		left -= int64(oldest.size)
		refs = append(refs, ref{node, oldest.seq})
	}
}

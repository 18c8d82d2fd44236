package store

import (
	"cmp"
	"slices"
)

// undated is the age of an entry that was accepted while the clock could not
// be trusted: it does not grow old before the clock is right.
const undated = 0

// entryOverhead is what an entry takes besides its node's name and payload.
const entryOverhead = 24

// item is one outbox entry as the index knows it.
type item struct {
	seq  uint64
	at   int64    // Unix seconds of acceptance, or undated
	seg  *segment // where the payload lies; nil: in memory, in queues.ram
	off  int64    // in the file
	size int      // of the payload
	sum  uint32   // see payloadSum
	done bool     // hidden until it leaves
}

// lane holds the entries of one node and priority, by sequence number.
type lane struct {
	node     string
	priority uint8
	items    []item
	bytes    int64 // of all items
	done     int   // items that are
	doneSize int64 // their bytes
}

// cost is what it counts for in the bounds.
func (l *lane) cost(it item) int64 { return int64(len(l.node) + it.size + entryOverhead) }

// find returns where seq is, or would be.
func (l *lane) find(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(l.items, seq, func(it item, seq uint64) int { return cmp.Compare(it.seq, seq) })
}

// ref names an entry.
type ref struct {
	lane *lane
	seq  uint64
}

// queues mirror the outbox in memory: what is there, how large, and what is
// done but has not left. Every method is called with Store.mu held.
type queues struct {
	nodes map[string][]*lane // by priority
	ram   map[uint64][]byte  // payloads that are only in memory
	bytes int64
	count int
	done  int
	dead  int64 // bytes of those done

	undated bool // some entries are
}

func newQueues() *queues { return &queues{nodes: map[string][]*lane{}, ram: map[uint64][]byte{}} }

// lane finds or makes the lane of node and priority.
func (q *queues) lane(node string, priority uint8) *lane {
	lanes := q.nodes[node]
	i, found := slices.BinarySearchFunc(lanes, priority, func(l *lane, p uint8) int { return cmp.Compare(l.priority, p) })
	if !found {
		lanes = slices.Insert(lanes, i, &lane{node: node, priority: priority})
		q.nodes[node] = lanes
	}
	return lanes[i]
}

// find returns the entry's lane and its place in it.
func (q *queues) find(node string, seq uint64) (*lane, int, bool) {
	for _, l := range q.nodes[node] {
		if i, found := l.find(seq); found {
			return l, i, true
		}
	}
	return nil, 0, false
}

// put takes in an entry, or notes that one that is there has moved.
func (q *queues) put(node string, priority uint8, it item) {
	l := q.lane(node, priority)
	i, found := l.find(it.seq)
	if found {
		delete(q.ram, it.seq)
		l.items[i].seg, l.items[i].off = it.seg, it.off
		return
	}
	l.items = slices.Insert(l.items, i, it)
	l.bytes += l.cost(it)
	q.bytes += l.cost(it)
	q.count++
	q.undated = q.undated || it.at == undated
}

// date makes entries of unknown age begin to grow old now.
func (q *queues) date(now int64) {
	if !q.undated {
		return
	}
	q.undated = false
	for l := range q.lanes() {
		for i := range l.items {
			if l.items[i].at == undated {
				l.items[i].at = now
			}
		}
	}
}

// markDone hides the entry until it leaves with the next commit, also one that
// is only in memory: a commit under way may be writing it. It reports whether
// there was one to hide.
func (q *queues) markDone(node string, seq uint64) bool {
	l, i, found := q.find(node, seq)
	if !found || l.items[i].done {
		return false
	}
	l.items[i].done = true
	l.done++
	l.doneSize += l.cost(l.items[i])
	q.done++
	q.dead += l.cost(l.items[i])
	return true
}

// doneRefs lists what is done and has not left.
func (q *queues) doneRefs() []ref {
	if q.done == 0 {
		return nil
	}
	refs := make([]ref, 0, q.done)
	for l := range q.lanes() {
		left := l.done
		for i := 0; left > 0; i++ {
			if l.items[i].done {
				refs = append(refs, ref{l, l.items[i].seq})
				left--
			}
		}
	}
	return refs
}

// remove takes entries out, in one pass over each lane concerned, however long
// it is. Most leave at the front of theirs.
func (q *queues) remove(refs []ref) {
	gone := map[*lane]map[uint64]bool{}
	for _, r := range refs {
		if gone[r.lane] == nil {
			gone[r.lane] = map[uint64]bool{}
		}
		gone[r.lane][r.seq] = true
	}
	for l, seqs := range gone {
		left := len(seqs)
		for left > 0 && len(l.items) > 0 && seqs[l.items[0].seq] {
			q.forget(l, l.items[0])
			l.items = l.items[1:]
			left--
		}
		if left > 0 {
			l.items = slices.DeleteFunc(l.items, func(it item) bool {
				if seqs[it.seq] {
					q.forget(l, it)
				}
				return seqs[it.seq]
			})
		}
		q.prune(l)
	}
}

// forget keeps the sums right when it leaves l.
func (q *queues) forget(l *lane, it item) {
	cost := l.cost(it)
	l.bytes -= cost
	q.bytes -= cost
	q.count--
	if it.done {
		l.done--
		l.doneSize -= cost
		q.done--
		q.dead -= cost
	}
	delete(q.ram, it.seq)
}

// prune drops l if it is empty.
func (q *queues) prune(l *lane) {
	if len(l.items) > 0 {
		return
	}
	lanes := slices.DeleteFunc(q.nodes[l.node], func(other *lane) bool { return other == l })
	if q.nodes[l.node] = lanes; len(lanes) == 0 {
		delete(q.nodes, l.node)
	}
}

// lanes walks over all lanes, in no order.
func (q *queues) lanes() func(yield func(*lane) bool) {
	return func(yield func(*lane) bool) {
		for _, lanes := range q.nodes {
			for _, l := range lanes {
				if !yield(l) {
					return
				}
			}
		}
	}
}

// waiting lists up to limit entries of node after seq, oldest first, without
// those done.
func (q *queues) waiting(node string, after uint64, limit int) []item {
	var items []item
	for _, l := range q.nodes[node] {
		first, found := l.find(after)
		if found {
			first++
		}
		n := 0
		for i := first; i < len(l.items) && n < limit; i++ {
			if !l.items[i].done {
				items = append(items, l.items[i])
				n++
			}
		}
	}
	if len(q.nodes[node]) > 1 {
		slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.seq, b.seq) })
	}
	return items[:min(limit, len(items))]
}

package store

import (
	"cmp"
	"container/heap"
	"slices"
)

// fresh is an entry of a batch on its way into the outbox.
type fresh struct {
	Entry
	at int64
}

func (f fresh) cost() int64 { return int64(len(f.Node) + len(f.Record) + entryOverhead) }

// tooOld lists the entries from before minAt that are not done.
func (q *queues) tooOld(minAt int64) []ref {
	var refs []ref
	for l := range q.lanes() {
		for _, it := range l.items {
			if it.at >= minAt {
				break
			}
			if !it.done {
				refs = append(refs, ref{l, it.seq})
			}
		}
	}
	return refs
}

// pile is what one node has of one priority, oldest first: what is in the
// outbox, then what the batch brings.
type pile struct {
	lane  *lane // nil if there is only what the batch brings
	node  string
	next  int // in lane.items
	fresh []fresh
	bytes int64 // not done, not yet given up
	drops map[uint64]bool
}

// oldest returns the entry that the pile would give up, and steps over those
// that are done or have been given up.
func (p *pile) oldest() (seq uint64, cost int64, ok bool) {
	for p.lane != nil && p.next < len(p.lane.items) {
		it := p.lane.items[p.next]
		if !it.done && !p.drops[it.seq] {
			return it.seq, p.lane.cost(it), true
		}
		p.next++
	}
	if len(p.fresh) == 0 {
		return 0, 0, false
	}
	return p.fresh[0].Seq, p.fresh[0].cost(), true
}

// piles are a heap of the piles of one priority: the largest is the next to
// give; of equal ones that with the oldest entry.
type piles []*pile

func (p piles) Len() int      { return len(p) }
func (p piles) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p piles) Less(i, j int) bool {
	if p[i].bytes != p[j].bytes {
		return p[i].bytes > p[j].bytes
	}
	a, _, _ := p[i].oldest()
	b, _, _ := p[j].oldest()
	return a < b
}

// Push is for container/heap.
func (p *piles) Push(x any) { *p = append(*p, x.(*pile)) }

// Pop is for container/heap.
func (p *piles) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

// shedding is one choice of what must go.
type shedding struct {
	dropped map[uint64]bool // by sequence number
	gone    []ref           // those of them that are in the outbox
	lost    map[string]int  // by node
	aged    map[*lane]int64 // bytes given up for their age
}

func (d *shedding) drop(node string, seq uint64) {
	d.dropped[seq] = true
	d.lost[node]++
}

// shed chooses what must go: what is from before minAt, and as much as it
// takes for incoming to fit into maxBytes. Of the lowest priority there is, the
// node with the most bytes gives its oldest entry, until it fits.
func (q *queues) shed(incoming []fresh, maxBytes, minAt int64) shedding {
	d := shedding{dropped: map[uint64]bool{}, lost: map[string]int{}, aged: map[*lane]int64{}}
	excess := q.bytes - q.dead - maxBytes
	for _, r := range q.tooOld(minAt) {
		d.drop(r.lane.node, r.seq)
		d.gone = append(d.gone, r)
		i, _ := r.lane.find(r.seq)
		d.aged[r.lane] += r.lane.cost(r.lane.items[i])
		excess -= r.lane.cost(r.lane.items[i])
	}
	for _, f := range incoming {
		excess += f.cost()
	}
	if excess <= 0 {
		return d
	}
	for _, level := range q.piles(incoming, d) {
		heap.Init(&level)
		for excess > 0 && len(level) > 0 {
			excess -= d.giveUp(&level)
		}
	}
	return d
}

// giveUp drops the oldest entry of the largest pile and returns its bytes.
func (d *shedding) giveUp(level *piles) int64 {
	p := (*level)[0]
	seq, cost, ok := p.oldest()
	if !ok {
		heap.Pop(level)
		return 0
	}
	d.drop(p.node, seq)
	if p.lane != nil && p.next < len(p.lane.items) {
		d.gone = append(d.gone, ref{p.lane, seq})
		p.next++
	} else {
		p.fresh = p.fresh[1:]
	}
	p.bytes -= cost
	heap.Fix(level, 0)
	return cost
}

// piles sorts everything by priority, the lowest first.
func (q *queues) piles(incoming []fresh, d shedding) []piles {
	type key struct {
		priority uint8
		node     string
	}
	all := map[key]*pile{}
	for l := range q.lanes() {
		p := &pile{lane: l, node: l.node, bytes: l.bytes - l.doneSize - d.aged[l], drops: d.dropped}
		all[key{l.priority, l.node}] = p
	}
	for _, f := range incoming {
		k := key{f.Priority, f.Node}
		if all[k] == nil {
			all[k] = &pile{node: f.Node}
		}
		all[k].fresh = append(all[k].fresh, f)
		all[k].bytes += f.cost()
	}
	levels := map[uint8]piles{}
	for k, p := range all {
		levels[k.priority] = append(levels[k.priority], p)
	}
	priorities := make([]uint8, 0, len(levels))
	for p := range levels {
		priorities = append(priorities, p)
	}
	slices.SortFunc(priorities, cmp.Compare)
	sorted := make([]piles, 0, len(levels))
	for _, p := range priorities {
		sorted = append(sorted, levels[p])
	}
	return sorted
}

package store

import (
	"maps"
	"slices"
)

// nonceSet are the DevNonces one node has used.
type nonceSet struct {
	used []uint16 // ascending
	// since is the oldest segment that holds any of them.
	since *segment
}

func (n *nonceSet) has(nonce uint16) bool {
	_, found := slices.BinarySearch(n.used, nonce)
	return found
}

func (n *nonceSet) add(nonce uint16) {
	if i, found := slices.BinarySearch(n.used, nonce); !found {
		n.used = slices.Insert(n.used, i, nonce)
	}
}

// nonces are the used DevNonces by node.
type nonces map[string]*nonceSet

// add takes in a record read from, or written to, segment seg. full says
// that it holds all nonces of the node, so that older records do not count.
func (n nonces) add(node string, used []uint16, seg *segment, full bool) {
	set := n[node]
	if set == nil {
		set = &nonceSet{since: seg}
		n[node] = set
	}
	if full {
		set.since = seg
	}
	for _, nonce := range used {
		set.add(nonce)
	}
}

// bytes is about what full sets of all nodes take in the log.
func (n nonces) bytes() (sum int64) {
	for node, set := range n {
		sum += int64(len(node) + 8 + 2*len(set.used))
	}
	return sum
}

// records are the DevNonces of a batch as records, one for each node.
func nonceRecords(used []Nonce) []record {
	sets := nonces{}
	for _, n := range used {
		sets.add(n.Node, []uint16{n.DevNonce}, nil, false)
	}
	var records []record
	for _, node := range slices.Sorted(maps.Keys(sets)) {
		records = append(records, record{kind: kindNonces, node: node, nonces: sets[node].used})
	}
	return records
}

// NonceUsed reports whether node has used devNonce in a join before.
func (s *Store) NonceUsed(node string, devNonce uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.state.nonces[node]
	return set != nil && set.has(devNonce)
}

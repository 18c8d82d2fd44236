package store

// recentBytes is how much of the newest payloads stays in memory: what is
// written goes past the page cache, and is sent to the hub a moment later.
const recentBytes = 1 << 20

// recent are copies of the payloads of the newest entries, bounded. They are
// only to spare reading: what is not here lies in the log.
type recent struct {
	max      int // bytes; below 0: none are kept
	payloads map[uint64][]byte
	order    []uint64 // as they came; some have left
	bytes    int
}

func newRecent(limit int) recent { return recent{max: limit, payloads: map[uint64][]byte{}} }

// add keeps a copy, and lets the oldest go for it.
func (r *recent) add(seq uint64, payload []byte) {
	if len(payload) > r.max {
		return
	}
	r.payloads[seq] = append([]byte{}, payload...)
	r.order = append(r.order, seq)
	r.bytes += len(payload)
	for r.bytes > r.max || len(r.order) > 2*len(r.payloads)+64 {
		r.drop(r.order[0])
		r.order = r.order[1:]
	}
}

// drop lets one go, if it is here.
func (r *recent) drop(seq uint64) {
	r.bytes -= len(r.payloads[seq])
	delete(r.payloads, seq)
}

package store

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
)

// The exported form is text: a first line with its version, one line of JSON
// for each record, and a last line with their number and the SHA-256 of
// everything before it. docs/guarantees.md describes it.
const (
	exportVersion = 1
	exportFirst   = "gatewayd-store"
	exportLast    = "end"
)

// exportLine is one record. Which fields count depends on the kind.
type exportLine struct {
	Kind   string `json:"kind"` // "record", "nonces" or "message"
	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`
	Value  []byte `json:"value,omitempty"` // of a record; of a message: the payload

	Node     string   `json:"node,omitempty"`
	Nonces   []uint16 `json:"nonces,omitempty"`
	Seq      uint64   `json:"seq,omitempty"`
	At       int64    `json:"at,omitempty"` // Unix seconds of acceptance; 0: unknown
	Priority uint8    `json:"priority,omitempty"`
}

// Kinds of lines.
const (
	lineRecord  = "record"
	lineNonces  = "nonces"
	lineMessage = "message"
)

// Export writes the store in dir to w. Nothing may have it open. What is
// written holds the nodes' keys: keep it like a password.
func Export(dir string, w io.Writer) error {
	s, err := inspect(dir)
	if err != nil {
		return err
	}
	e := newExporter(w)
	if err := errors.Join(e.state(s), s.release()); err != nil {
		return fmt.Errorf("store %s: export: %w", dir, err)
	}
	return nil
}

// exporter writes lines and counts them.
type exporter struct {
	w     *bufio.Writer
	sum   hash.Hash
	lines int
	err   error // the first
}

func newExporter(w io.Writer) *exporter { return &exporter{w: bufio.NewWriter(w), sum: sha256.New()} }

func (e *exporter) text(line []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(append(line, '\n'))
	}
	e.sum.Write(append(line, '\n'))
}

func (e *exporter) line(l exportLine) {
	b, err := json.Marshal(l)
	if e.err == nil {
		e.err = err
	}
	e.text(b)
	e.lines++
}

// state writes everything that s holds.
func (e *exporter) state(s *Store) error {
	e.text(fmt.Appendf(nil, "%s %d", exportFirst, exportVersion))
	st := s.state
	for _, n := range slices.SortedFunc(maps.Keys(maps.Collect(st.keys.all())), name.compare) {
		if n.bucket == "" && n.key != keyLastSeen {
			continue // notes of this copy
		}
		v, _ := st.keys.get(n)
		e.line(exportLine{Kind: lineRecord, Bucket: n.bucket, Key: n.key, Value: v.data})
	}
	for _, node := range slices.Sorted(maps.Keys(st.nonces)) {
		e.line(exportLine{Kind: lineNonces, Node: node, Nonces: st.nonces[node].used})
	}
	for _, r := range st.outbox.everything() {
		i, _ := r.lane.find(r.seq)
		it := r.lane.items[i]
		payload, err := it.seg.payload(it)
		if err != nil {
			return err
		}
		e.line(exportLine{
			Kind: lineMessage, Node: r.lane.node, Seq: it.seq, At: it.at, Priority: r.lane.priority, Value: payload,
		})
	}
	end := fmt.Sprintf("%s %d %s\n", exportLast, e.lines, hex.EncodeToString(e.sum.Sum(nil)))
	if e.err == nil {
		_, e.err = e.w.WriteString(end)
	}
	return errors.Join(e.err, e.w.Flush())
}

// everything lists the entries of all nodes, oldest first.
func (q *queues) everything() []ref {
	refs := make([]ref, 0, q.count)
	for l := range q.lanes() {
		for i := range l.items {
			refs = append(refs, ref{l, l.items[i].seq})
		}
	}
	slices.SortFunc(refs, func(a, b ref) int { return cmp.Compare(a.seq, b.seq) })
	return refs
}

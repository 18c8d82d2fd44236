package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
)

// content is what a store holds, simply.
type content struct {
	Keys   map[string]string   // "bucket/key"
	Nonces map[string]bool     // "node/nonce"
	Outbox map[string][]string // payloads by node, in order
}

func (c content) clone() content {
	out := map[string][]string{}
	for node, payloads := range c.Outbox {
		out[node] = slices.Clone(payloads)
	}
	return content{maps.Clone(c.Keys), maps.Clone(c.Nonces), out}
}

// with is c after b.
func (c content) with(b store.Batch) content {
	c = c.clone()
	for _, r := range b.Put {
		if c.Keys[r.Bucket+"/"+r.Key] = string(r.Value); r.Value == nil {
			delete(c.Keys, r.Bucket+"/"+r.Key)
		}
	}
	for _, n := range b.Nonces {
		c.Nonces[fmt.Sprintf("%s/%d", n.Node, n.DevNonce)] = true
	}
	for _, e := range b.Outbox {
		c.Outbox[e.Node] = append(c.Outbox[e.Node], string(e.Record))
	}
	return c
}

// without is c without the payloads in done.
func (c content) without(done map[string]bool) content {
	c = c.clone()
	for node := range c.Outbox {
		c.Outbox[node] = slices.DeleteFunc(c.Outbox[node], func(p string) bool { return done[p] })
		if len(c.Outbox[node]) == 0 {
			delete(c.Outbox, node)
		}
	}
	return c
}

const modelNonces = 24

var modelNodes = []string{"a", "b", "node-c"} //nolint:gochecknoglobals // nobody changes it

// model plays random operations on a store and knows what must come of them.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	disk  *storetest.Disk
	opts  store.Options
	store *store.Store

	acked content
	// maybe is what a restart may find instead: with the batch whose commit
	// failed since the last one that did not, or without the last deferred
	// ones.
	maybe []content
	done  map[string]bool   // payloads that Done was called for
	seqs  map[string]uint64 // by payload, as Pending has said
	made  int
}

func newModel(t *testing.T, seed uint64, opts store.Options) *model {
	return &model{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), disk: storetest.New(seed), opts: opts,
		acked: content{map[string]string{}, map[string]bool{}, map[string][]string{}},
		done:  map[string]bool{}, seqs: map[string]uint64{},
	}
}

// open opens the store as the disk is now. It may fail only as the disk does.
func (m *model) open() error {
	m.t.Helper()
	opts := m.opts
	opts.FS, opts.SegmentBytes = m.disk, small
	s, err := store.Open("disk", opts)
	if err == nil {
		m.store = s
	}
	return err
}

func (m *model) batch() store.Batch {
	b := store.Batch{Now: noon, NowTrusted: m.rng.IntN(2) == 0, Deferrable: m.rng.IntN(2) == 0}
	for range m.rng.IntN(4) {
		r := store.Record{Bucket: []string{"session", "queue"}[m.rng.IntN(2)], Key: fmt.Sprint("key", m.rng.IntN(12))}
		if m.rng.IntN(5) > 0 {
			r.Value = []byte(strings.Repeat(fmt.Sprint(m.made, ","), 1+m.rng.IntN(60)))
		}
		b.Put = append(b.Put, r)
		m.made++
	}
	if m.rng.IntN(6) == 0 {
		b.Nonces = append(b.Nonces, store.Nonce{Node: m.node(), DevNonce: uint16(m.rng.IntN(modelNonces))})
	}
	for range m.rng.IntN(5) {
		payload := fmt.Sprintf("%d:%s", m.made, strings.Repeat("x", m.rng.IntN(900)))
		b.Outbox = append(b.Outbox, store.Entry{Node: m.node(), Priority: uint8(m.rng.IntN(3)), Record: []byte(payload)})
		m.made++
	}
	return b
}

func (m *model) node() string { return modelNodes[m.rng.IntN(len(modelNodes))] }

// step does something. The error is the store's.
func (m *model) step() error {
	switch m.rng.IntN(10) {
	case 0:
		_, err := m.store.Flush(noon, true)
		return err
	case 1:
		if err := m.store.Close(); err != nil {
			return err
		}
		m.maybe = nil
		return m.open()
	case 2, 3, 4:
		return m.forget()
	}
	return m.commit(m.batch())
}

func (m *model) commit(b store.Batch) error {
	after := m.acked.with(b)
	if _, err := m.store.Commit(b); err != nil {
		m.maybe = append(m.maybe, after)
		return err
	}
	if b.Deferrable && m.opts.Spool > 0 && len(b.Nonces) == 0 {
		m.maybe = append(m.maybe, m.acked)
	} else {
		m.maybe = nil
	}
	m.acked = after
	return nil
}

// forget calls Done for some of what waits.
func (m *model) forget() error {
	node := m.node()
	entries, err := m.store.Pending(node, 0, 8)
	if err != nil {
		return err
	}
	for _, e := range entries {
		m.see(e)
		if m.rng.IntN(4) > 0 {
			m.done[string(e.Record)] = true
			m.store.Done(node, e.Seq)
		}
	}
	return nil
}

// see checks that an entry keeps its number and that no other one has it.
func (m *model) see(e store.Entry) {
	m.t.Helper()
	payload := string(e.Record)
	if old, ok := m.seqs[payload]; ok && old != e.Seq {
		m.t.Fatalf("%.10q had number %d, now %d", payload, old, e.Seq)
	}
	m.seqs[payload] = e.Seq
}

// found reads everything out of the store.
func (m *model) found() content {
	m.t.Helper()
	c := content{map[string]string{}, map[string]bool{}, map[string][]string{}}
	for _, bucket := range []string{"session", "queue"} {
		m.store.Each(bucket, "", func(key string, value []byte) { c.Keys[bucket+"/"+key] = string(value) })
	}
	for _, node := range modelNodes {
		for nonce := range uint16(modelNonces) {
			if m.store.NonceUsed(node, nonce) {
				c.Nonces[fmt.Sprintf("%s/%d", node, nonce)] = true
			}
		}
		entries, err := m.store.Pending(node, 0, 1<<20)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, e := range entries {
			m.see(e)
			c.Outbox[node] = append(c.Outbox[node], string(e.Record))
		}
	}
	numbers := map[uint64]string{}
	for payload, seq := range m.seqs {
		if other, ok := numbers[seq]; ok {
			m.t.Fatalf("%.10q and %.10q share number %d", payload, other, seq)
		}
		numbers[seq] = payload
	}
	return c
}

// check compares the running store with what was acknowledged.
func (m *model) check(when string) {
	m.t.Helper()
	found := m.found()
	if diff := cmp.Diff(m.acked.without(m.done), found); diff != "" {
		m.t.Fatalf("%s (-want +got):\n%s", when, diff)
	}
}

// recover cuts the power, opens the store and checks what is left: everything
// acknowledged, and nothing else but one commit that failed, in full. What
// was done may have come back.
func (m *model) recover(when string) {
	m.t.Helper()
	m.disk = m.disk.Cut()
	if err := m.open(); err != nil {
		m.t.Fatalf("%s: %v", when, err)
	}
	if r := m.store.Report(); len(r.Damaged) > 0 || r.SalvagedCounters {
		m.t.Fatalf("%s: power cuts damage nothing: %v", when, r)
	}
	found := m.found()
	m.checkBack(when, found)
	got := found.without(m.done)
	want := append([]content{m.acked}, m.maybe...)
	i := slices.IndexFunc(want, func(c content) bool { return cmp.Equal(c.without(m.done), got) })
	if i < 0 {
		m.t.Fatalf("%s: %d commits uncertain (-want +got):\n%s", when, len(m.maybe), cmp.Diff(m.acked.without(m.done), got))
	}
	m.acked, m.maybe = want[i], nil
	// What is back is delivered again.
	for _, payloads := range found.Outbox {
		for _, p := range payloads {
			delete(m.done, p)
		}
	}
}

// checkBack wants what has come back to be in its old place.
func (m *model) checkBack(when string, found content) {
	m.t.Helper()
	for node, payloads := range found.Outbox {
		last := uint64(0)
		for _, p := range payloads {
			if m.seqs[p] <= last {
				m.t.Fatalf("%s: %s: number %d after %d", when, node, m.seqs[p], last)
			}
			last = m.seqs[p]
		}
	}
}

// play opens the store and does steps until something fails.
func (m *model) play(steps int) error {
	if err := m.open(); err != nil {
		return err
	}
	for range steps {
		if err := m.step(); err != nil {
			return err
		}
	}
	return nil
}

// TestPowerCutAnywhere lets the power fail at every operation on the disk, and
// once more while the store recovers or works on.
func TestPowerCutAnywhere(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]store.Options{"strict": {}, "spool": {Spool: time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				powerCuts(t, seed, opts)
			}
		})
	}
}

func powerCuts(t *testing.T, seed uint64, opts store.Options) {
	t.Helper()
	const steps = 120
	whole := newModel(t, seed, opts)
	if err := whole.play(steps); err != nil {
		t.Fatal(err)
	}
	whole.check("without a power cut")
	if whole.store.Stats().Segments < 2 {
		t.Fatal("the log has not grown beyond one segment: nothing is tested")
	}
	for at := 1 + int(seed); at <= whole.disk.Ops(); at += 4 {
		m := newModel(t, seed, opts)
		m.disk.StopAt(at)
		if err := m.play(steps); !errors.Is(err, storetest.ErrPowerCut) {
			t.Fatalf("stopped at %d: %v", at, err)
		}
		m.recover(fmt.Sprint("seed ", seed, ", power cut at ", at))
		again := m.disk.Ops() + 1 + m.rng.IntN(12)
		m.disk.StopAt(again)
		for err := error(nil); err == nil; err = m.step() {
		}
		m.recover(fmt.Sprint("seed ", seed, ", power cut at ", at, " and again at ", again))
	}
}

// TestDiskThatFails makes operations fail now and then. What failed has not
// happened, the next commits go on, and a power cut finds no more than the last
// failure.
func TestDiskThatFails(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		m := newModel(t, seed, store.Options{})
		if err := m.open(); err != nil {
			t.Fatal(err)
		}
		m.disk.Fail(func(op storetest.Op) error {
			if op.What == "read" || m.rng.IntN(12) > 0 {
				return nil
			}
			return []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS, storetest.ErrShortWrite}[m.rng.IntN(4)]
		})
		failed := 0
		for range 100 {
			if m.rng.IntN(10) < 4 {
				if err := m.forget(); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if m.commit(m.batch()) != nil {
				failed++
			}
			m.check(fmt.Sprint("seed ", seed, " after a failure"))
		}
		if failed == 0 {
			t.Fatal("nothing failed")
		}
		m.disk.Fail(nil)
		m.recover(fmt.Sprint("seed ", seed))
	}
}

// TestPowerCutDuringOpen lets the power fail while the store is opened.
func TestPowerCutDuringOpen(t *testing.T) {
	t.Parallel()
	for at := 1; at < 16; at++ {
		m := newModel(t, uint64(at), store.Options{})
		m.disk.StopAt(200)
		_ = m.play(200)
		m.disk = m.disk.Cut()
		m.disk.StopAt(at % 8)
		_ = m.open()
		m.recover(fmt.Sprint("power cut while opening at ", at))
	}
}

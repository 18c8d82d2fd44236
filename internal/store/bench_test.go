package store_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gatewayd/internal/store"
)

// meter reads what the block device under a directory has been given to write.
// TMPDIR chooses the directory: a file system that nobody else writes to gives
// the best figures.
type meter struct {
	stat  string // of the device in /sys, empty if there is none
	store *store.Store
	start int64

	estimate int64 // at the start
}

func newMeter(b *testing.B, dir string, s *store.Store) *meter {
	b.Helper()
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		b.Fatal(err)
	}
	m := &meter{stat: fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev)), store: s}
	if _, err := os.Stat(m.stat); err != nil {
		m.stat = ""
	}
	unix.Sync()
	m.start, m.estimate = m.bytes(b), s.Stats().DeviceBytes
	return m
}

func (m *meter) bytes(b *testing.B) int64 {
	b.Helper()
	if m.stat == "" {
		return m.store.Stats().DeviceBytes
	}
	text, err := os.ReadFile(m.stat)
	if err != nil {
		b.Fatal(err)
	}
	sectors, err := strconv.ParseInt(strings.Fields(string(text))[6], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return sectors * 512
}

// report gives bytes per uplink: those of the device, or without one the
// estimate, and the estimate for comparison.
func (m *meter) report(b *testing.B, uplinks int) {
	b.Helper()
	unix.Sync()
	b.ReportMetric(float64(m.bytes(b)-m.start)/float64(uplinks), "device-B/uplink")
	b.ReportMetric(float64(m.store.Stats().DeviceBytes-m.estimate)/float64(uplinks), "estimated-B/uplink")
}

// uplinks is one commit: n frames of 100 bytes with their sessions, from a node
// that is the first-th, in the sizes that the bridge gives them.
func uplinks(first, n int) store.Batch {
	b := store.Batch{Now: noon, NowTrusted: true}
	for i := range n {
		node := fmt.Sprintf("node-%03d", first+i)
		b.Put = append(b.Put, store.Record{Bucket: "session", Key: "otaa:" + node, Value: make([]byte, 130)})
		b.Outbox = append(b.Outbox, store.Entry{Node: "device:" + node, Priority: 1, Record: make([]byte, 215)})
	}
	return b
}

// deliver is the hub's side: everything sent and acknowledged at once.
func deliver(b *testing.B, s *store.Store, batch store.Batch) {
	b.Helper()
	for _, e := range batch.Outbox {
		entries, err := s.Pending(e.Node, 0, 1)
		if err != nil || len(entries) != 1 {
			b.Fatal(len(entries), err)
		}
		s.Done(e.Node, entries[0].Seq)
	}
}

// season brings the log to where it spends its life: its space has all been used
// before. The first use costs as much again.
func season(b *testing.B, s *store.Store) {
	b.Helper()
	for range 600 {
		batch := uplinks(0, 100)
		if _, err := s.Commit(batch); err != nil {
			b.Fatal(err)
		}
		deliver(b, s, batch)
	}
}

// benchmark makes commits of n uplinks each, from 200 nodes in turn.
func benchmark(b *testing.B, n, commits int, wait func()) {
	dir := b.TempDir()
	s, err := store.Open(dir+"/gatewayd.d", store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	season(b, s)
	m := newMeter(b, dir, s)
	count := 0
	for b.Loop() {
		for range commits {
			batch := uplinks(count%200, n)
			if _, err := s.Commit(batch); err != nil {
				b.Fatal(err)
			}
			deliver(b, s, batch)
			count += n
			wait()
		}
	}
	m.report(b, count)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCommit writes uplinks as fast as the disk takes them, with their
// sessions and their deletion after the PUBACK.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%d-per-commit", n), func(b *testing.B) { benchmark(b, n, 1, func() {}) })
	}
}

// BenchmarkPaced is a site in real time: what the file system writes every few
// seconds counts too. Each uplink is a commit of its own, as if each came alone.
// It needs -benchtime=60x, which are 60 seconds.
func BenchmarkPaced(b *testing.B) {
	for _, n := range []int{1, 200} {
		b.Run(fmt.Sprintf("%d-per-second", n), func(b *testing.B) {
			next := time.NewTicker(time.Second / time.Duration(n))
			defer next.Stop()
			benchmark(b, 1, n, func() { <-next.C })
		})
	}
}

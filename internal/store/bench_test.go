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
	m.start = m.bytes(b)
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
	b.ReportMetric(float64(m.store.Stats().DeviceBytes)/float64(uplinks), "estimated-B/uplink")
}

// uplinks is one commit: n frames of 100 bytes with their sessions.
func uplinks(n int) store.Batch {
	b := store.Batch{Now: noon, NowTrusted: true}
	for i := range n {
		node := fmt.Sprintf("node-%03d", i)
		b.Put = append(b.Put, store.Record{Bucket: "session", Key: "otaa:" + node, Value: make([]byte, 70)})
		b.Outbox = append(b.Outbox, store.Entry{Node: "device:" + node, Priority: 1, Record: make([]byte, 100)})
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

func benchmark(b *testing.B, n int, wait func()) {
	dir := b.TempDir()
	s, err := store.Open(dir+"/gatewayd.d", store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	batch := uplinks(n)
	m := newMeter(b, dir, s)
	count := 0
	for b.Loop() {
		if _, err := s.Commit(batch); err != nil {
			b.Fatal(err)
		}
		deliver(b, s, batch)
		count += n
		wait()
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
		b.Run(fmt.Sprintf("%d-per-commit", n), func(b *testing.B) { benchmark(b, n, func() {}) })
	}
}

// BenchmarkPaced is a site in real time, one commit a second: what the file
// system writes every few seconds counts too. It needs -benchtime=60x.
func BenchmarkPaced(b *testing.B) {
	for _, n := range []int{1, 200} {
		b.Run(fmt.Sprintf("%d-per-second", n), func(b *testing.B) {
			second := time.NewTicker(time.Second)
			defer second.Stop()
			benchmark(b, n, func() { <-second.C })
		})
	}
}

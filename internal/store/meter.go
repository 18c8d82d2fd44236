package store

import "time"

// What a commit costs the device besides its own bytes, as measured on ext4
// with 4 KiB blocks. A device cannot be asked, so this is an estimate. page is
// what it is given at least, where writes go through the page cache.
const (
	page = 4096
	// journal is what the file's changed times cost each time the file
	// system commits its journal, every journalEvery while there are writes.
	journal      = 3 * page
	journalEvery = 5 * time.Second
	// metadata is what another name in the directory costs.
	metadata = 8 * page
)

// meter counts.
type meter struct {
	device  int64
	commits uint64
	last    time.Time // of the journal
}

// group counts size bytes written at off and synced, in whole units.
func (m *meter) group(off, size, unit int64, now time.Time) {
	m.commits++
	m.device += ((off+size-1)/unit - off/unit + 1) * unit
	if since := now.Sub(m.last); since >= journalEvery || since < 0 {
		m.device += journal
		m.last = now
	}
}

// segment counts the beginning of a segment.
func (m *meter) segment() { m.device += 2*page + metadata }

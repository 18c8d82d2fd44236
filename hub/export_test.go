package hub

import "testing"

// NewTestFeed gives the tests outside the package the same feed.
func NewTestFeed(ids ...string) *memoryFeed { return newFeed(ids...) }

// Add appends messages.
func (f *memoryFeed) Add(ids ...string) { f.add(ids...) }

// DoneSeqs is what Done was called with.
func (f *memoryFeed) DoneSeqs() []uint64 { return f.doneSeqs() }

// Notify makes every later Done send a value to c, which must have room.
func (f *memoryFeed) Notify(c chan<- uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notify = c
}

// NewTestDevice is a device with the tests' key.
func NewTestDevice(t *testing.T, id string, f Feed) Device {
	t.Helper()
	return testDevice(t, id, f)
}

// DeviceTestKey is the key of NewTestDevice, in base64.
func DeviceTestKey() string { return fakeKey.Reveal() }

// Hasty makes all waits between attempts that many times shorter.
func (o Options) Hasty(times int) Options {
	o.haste = times
	return o
}

package daemon

import (
	"bytes"
	"sync"
)

// transcript reads a PicoCell's answers as they are written, and notes which
// frames are in them.
type transcript struct {
	arrivals *arrivals

	mu      sync.Mutex
	waiting []heard // in the order in which they were heard and will be fetched
}

// heard is a frame that waits to be fetched.
type heard struct{ device, marker string }

// expect puts a frame behind those that wait.
func (t *transcript) expect(device, marker string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, heard{device, marker})
}

// forget takes back the last expect.
func (t *transcript) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = t.waiting[:len(t.waiting)-1]
}

// Write is io.Writer's: one line, "<- " and hexadecimal digits. A frame that
// is overtaken has been lost on the air: the device was busy starting anew.
func (t *transcript) Write(line []byte) (int, error) {
	if !bytes.HasPrefix(line, []byte("<- ")) {
		return len(line), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fetched := 0
	for i, w := range t.waiting {
		if bytes.Contains(line, []byte(w.marker)) {
			t.arrivals.send(w.device)
			fetched = i + 1
		}
	}
	t.waiting = t.waiting[fetched:]
	return len(line), nil
}

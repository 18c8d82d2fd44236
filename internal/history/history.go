package history

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// kept is how many entries are in memory: what the files hold, about.
	kept = 8000
	// maxFile is when the newer file takes the place of the older, in bytes.
	maxFile = 384 << 10
	// uplinkEvery is how far apart the uplinks of one device are, at least. Many
	// devices share what is kept: each of them makes the uplinks of all rarer, so
	// that a day is left whatever their number.
	uplinkEvery = 5 * time.Minute
	forEach     = 15 * time.Second
	// together is how long after its uplink a value belongs to it.
	together = time.Minute
)

// History may be used by any number of goroutines.
type History struct {
	path string // "": memory only
	log  *zap.Logger

	mu      sync.Mutex
	entries []Entry // oldest first
	unsaved int     // of these, at the end
	latest  map[string]time.Time
	torn    bool // the file's last line has no end
	failing bool // the last write failed, and that has been said
}

// older is the name of the older file.
func older(path string) string { return path + ".1" }

// Open reads what an earlier process left at path, and in the file beside it;
// with an empty path there are no files. Files that cannot be read cost what is
// in them, and a line in the log.
func Open(path string, log *zap.Logger) *History {
	h := &History{path: path, log: log, latest: map[string]time.Time{}}
	if path == "" {
		return h
	}
	for _, name := range []string{older(path), path} {
		text, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Warn("the history of the page's charts cannot be read, it begins anew", zap.Error(err))
		}
		entries, bad := parse(text)
		if bad > 0 {
			log.Warn("the history of the page's charts was damaged: lines were left out", zap.String("file", name), zap.Int("lines", bad))
		}
		h.entries = append(h.entries, entries...)
		h.torn = len(text) > 0 && text[len(text)-1] != '\n'
	}
	h.entries = h.entries[max(0, len(h.entries)-kept):]
	return h
}

// Add takes e in. Uplinks that follow another of the same device closely are
// left out.
func (h *History) Add(e Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.add(e)
}

func (h *History) add(e Entry) {
	if e.Kind == Uplink {
		every := max(uplinkEvery, time.Duration(len(h.latest))*forEach)
		if since := e.At.Sub(h.latest[e.Device]); since >= 0 && since < every {
			return
		}
		h.latest[e.Device] = e.At
	}
	if len(h.entries) == kept {
		h.entries = append(h.entries[:0], h.entries[kept/8:]...)
		h.unsaved = min(h.unsaved, len(h.entries))
	}
	h.entries = append(h.entries, e)
	h.unsaved++
}

// Note adds what a codec made of an uplink of the device to that uplink, if it
// was taken in and is not written yet.
func (h *History) Note(device string, at time.Time, values map[string]float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.entries) - 1; i >= len(h.entries)-h.unsaved; i-- {
		e := &h.entries[i]
		if e.Kind != Uplink || e.Device != device {
			continue
		}
		if away := at.Sub(e.At).Abs(); away < together && e.Values == nil {
			e.Values = values
		}
		return
	}
}

// Each passes the entries of a kind, of a device if one is named, oldest first.
func (h *History) Each(kind Kind, device string, do func(Entry)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.entries {
		if e.Kind == kind && (device == "" || e.Device == device) {
			do(e)
		}
	}
}

// Save writes what is new. A disk that cannot be written is said once; what was
// to be written stays in memory alone.
func (h *History) Save() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var text []byte
	if h.torn {
		text = append(text, '\n')
	}
	for _, e := range h.entries[len(h.entries)-h.unsaved:] {
		text = append(text, e.line()...)
	}
	if h.path == "" || h.unsaved == 0 {
		return
	}
	h.unsaved = 0
	err := h.write(text)
	if err != nil && !h.failing {
		h.log.Warn("the history of the page's charts cannot be written: it ends with this process", zap.Error(err))
	}
	// What was written of text, if anything, may end anywhere.
	h.failing, h.torn = err != nil, err != nil
}

func (h *History) write(text []byte) error {
	if info, err := os.Stat(h.path); err == nil && info.Size() > 0 && info.Size()+int64(len(text)) > maxFile {
		if err := os.Rename(h.path, older(h.path)); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

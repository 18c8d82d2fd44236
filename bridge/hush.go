package bridge

import (
	"maps"
	"time"
)

// hush bounds log lines that others can cause: one of a kind each minute.
// Owned by Bridge.Run.
type hush struct{ last map[string]time.Time }

// hushEvery is how often one kind of line may be written.
const hushEvery = time.Minute

// may reports whether a line of that kind may be written at now.
func (h *hush) may(kind string, now time.Time) bool {
	if last, ok := h.last[kind]; ok && now.Sub(last) < hushEvery {
		return false
	}
	if h.last == nil {
		h.last = map[string]time.Time{}
	}
	maps.DeleteFunc(h.last, func(_ string, last time.Time) bool { return now.Sub(last) >= hushEvery })
	h.last[kind] = now
	return true
}

package hub

import (
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	var w window
	begin := time.Now()
	for i := range uint64(3) {
		if !w.add(flight{seq: 10 + i, id: uint16(i + 1), sent: begin.Add(time.Duration(i))}) {
			t.Fatalf("flight %d refused", i)
		}
	}
	if w.add(flight{seq: 13, id: 2}) {
		t.Error("a packet id was taken twice")
	}
	if w.room() != maxInFlight-3 {
		t.Errorf("room for %d", w.room())
	}
	for _, tt := range []struct {
		id     uint16
		seq    uint64
		ok     bool
		oldest time.Duration // of what is left, -1: nothing is
	}{{9, 0, false, 0}, {1, 10, true, 1}, {1, 0, false, 1}, {3, 12, true, 1}, {2, 11, true, -1}} {
		if seq, ok := w.settle(tt.id); seq != tt.seq || ok != tt.ok {
			t.Errorf("PUBACK %d settles %d, %v; want %d, %v", tt.id, seq, ok, tt.seq, tt.ok)
		}
		sent, ok := w.oldest()
		if ok != (tt.oldest >= 0) || ok && sent.Sub(begin) != tt.oldest {
			t.Errorf("after PUBACK %d the oldest is of %v, %v", tt.id, sent.Sub(begin), ok)
		}
	}
}

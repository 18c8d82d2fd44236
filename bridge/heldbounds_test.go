package bridge

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

// waiting is a frame of n bytes, different for each number.
func waiting(number, n int) reception {
	return reception{Uplink: radio.Uplink{Payload: binary.BigEndian.AppendUint32(make([]byte, n-4), uint32(number))}}
}

// numbers are those of frames.
func numbers(frames []reception) (n []int) {
	for _, r := range frames {
		n = append(n, int(binary.BigEndian.Uint32(r.Payload[len(r.Payload)-4:])))
	}
	return n
}

func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, most int }{{20, maxHeld}, {2048, maxHeldBytes / 2048}} {
		t.Run(fmt.Sprint(tt.size), func(t *testing.T) {
			t.Parallel()
			var h held
			kept := 0
			for i := range tt.most + 10 {
				if h.add(waiting(i, tt.size)) {
					kept++
				}
			}
			if kept != tt.most || len(h.frames) != tt.most || h.bytes != tt.most*tt.size {
				t.Fatalf("kept %d of %d bytes, want %d", kept, h.bytes, tt.most)
			}
			if !h.add(waiting(3, tt.size)) || len(h.frames) != tt.most {
				t.Error("a frame that is kept already needs room")
			}
			h.take(1)
			if !h.add(waiting(tt.most+20, tt.size)) || h.add(waiting(tt.most+21, tt.size)) {
				t.Error("one left, and not one could come")
			}
		})
	}
}

// What is taken and put back is in order, and known to be late.
func TestHeldOrder(t *testing.T) {
	t.Parallel()
	var h held
	for i := range 5 {
		h.add(waiting(i, 10))
	}
	taken := h.take(2)
	h.add(waiting(5, 10))
	h.back(taken[1:])
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5}, numbers(h.frames)); diff != "" || h.bytes != 50 {
		t.Errorf("%d bytes (-want +got):\n%s", h.bytes, diff)
	}
	all := h.take(99)
	if len(all) != 5 || h.bytes != 0 || len(h.take(1)) != 0 {
		t.Errorf("%d taken, %d bytes are left", len(all), h.bytes)
	}
	for _, r := range all {
		if !r.held {
			t.Errorf("%v: its windows have passed, and it would be answered", numbers([]reception{r}))
		}
	}
}

// One line of a kind each minute, however many kinds there are.
func TestHush(t *testing.T) {
	t.Parallel()
	var h hush
	now := time.Unix(1000, 0)
	for _, tt := range []struct {
		kind  string
		after time.Duration
		want  bool
	}{
		{"a", 0, true},
		{"a", 0, false},
		{"b", 0, true},
		{"a", 59 * time.Second, false},
		{"a", 60 * time.Second, true},
		{"b", 61 * time.Second, true},
		{"a", 119 * time.Second, false},
		{"a", 120 * time.Second, true},
	} {
		if got := h.may(tt.kind, now.Add(tt.after)); got != tt.want {
			t.Errorf("%s after %v: %v", tt.kind, tt.after, got)
		}
	}
	for i := range 10_000 {
		h.may(fmt.Sprint(i), now.Add(time.Duration(i)*time.Second))
	}
	if len(h.last) > 61 {
		t.Errorf("%d kinds are remembered", len(h.last))
	}
}

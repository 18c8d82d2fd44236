package bridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/radio"
)

// ends are how the downlinks of n with that id went, with the reason.
func (b *bench) ends(n bridge.Node, id string) (states []string) {
	b.t.Helper()
	for _, m := range b.messages(n) {
		e := decode[struct{ DownlinkID, State, Reason string }](b.t, m.Body)
		if e.DownlinkID == id {
			states = append(states, e.State+" "+e.Reason)
		}
	}
	return states
}

func (b *bench) flush(n bridge.Node) (dropped int) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		var err error
		if dropped, err = b.bridge.FlushQueue(ctx, n.DeviceID); err != nil {
			b.t.Error(err)
		}
	})
	return dropped
}

// A downlink that is with a concentrator when its queue is emptied, or it is
// replaced, is not tried again, and its sender is told what became of it.
func TestCancelInFlight(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	late := &radio.TxError{Reason: radio.TxTooLate}
	replace := func(b *bench) {
		b.enqueue(n, bridge.Downlink{ID: "new", FPort: 1, Payload: []byte("new"), Replace: true})
	}
	flush := func(b *bench) {
		if got := b.flush(n); got != 1 {
			b.t.Errorf("%d flushed, want 1", got)
		}
	}
	for name, tt := range map[string]struct {
		cancel    func(*bench)
		confirmed bool
		fate      []error // of its windows; none: the process dies
		want      []string
	}{
		"replaced, not sent":        {replace, false, []error{late, late}, []string{"queued ", "expired replaced"}},
		"replaced, sent":            {replace, false, []error{nil}, []string{"queued ", "transmitted "}},
		"replaced, sent in RX2":     {replace, false, []error{late, nil}, []string{"queued ", "transmitted "}},
		"confirmed, replaced, sent": {replace, true, []error{nil}, []string{"queued ", "transmitted "}},
		"replaced, then a crash":    {replace, false, nil, []string{"queued ", "expired replaced"}},
		"flushed, not sent":         {flush, false, []error{late, late}, []string{"queued ", "expired flushed"}},
		"flushed, sent":             {flush, false, []error{nil}, []string{"queued ", "transmitted "}},
		"flushed, then a crash":     {flush, false, nil, []string{"queued ", "expired flushed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			b.enqueue(n, bridge.Downlink{ID: "old", FPort: 1, Payload: []byte("old"), Confirmed: tt.confirmed})
			b.hear(frameOf(n, 1, "up").bytes(t))
			tt.cancel(b)
			for _, err := range tt.fate {
				b.report(err)
			}
			if tt.fate == nil {
				b.restart()
			}
			b.tx.sent = nil
			b.hear(confirmed(n, 2).bytes(t))
			if got := b.take(n); got.payload == "old" {
				t.Errorf("sent again: %+v", got)
			}
			if diff := cmp.Diff(tt.want, b.ends(n, "old")); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// What waits is dropped, and so is what awaits an acknowledgement.
func TestFlush(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n,
		bridge.Downlink{ID: "awaiting", FPort: 1, Confirmed: true},
		bridge.Downlink{ID: "waiting", FPort: 2},
	)
	b.hear(frameOf(n, 1, "up").bytes(t))
	b.report(nil)
	if got := b.flush(n); got != 2 || len(b.queue(n)) != 0 {
		t.Errorf("%d flushed, left %+v", got, b.queue(n))
	}
	for _, id := range []string{"awaiting", "waiting"} {
		if got := b.ends(n, id); got[len(got)-1] != "expired flushed" {
			t.Errorf("%s: %v", id, got)
		}
	}
	b.restart()
	if q := b.queue(n); len(q) != 0 {
		t.Errorf("after a restart: %+v", q)
	}
}

// One downlink is dropped by its id, and the others stay.
func TestCancelDownlink(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n, bridge.Downlink{ID: "one", FPort: 1}, bridge.Downlink{ID: "two", FPort: 2})
	cancel := func(device, id string) (dropped int, err error) {
		b.while(func(ctx context.Context) { dropped, err = b.bridge.CancelDownlink(ctx, device, id) })
		return dropped, err
	}
	for i, want := range []int{1, 0} {
		if got, err := cancel(n.DeviceID, "one"); got != want || err != nil {
			t.Errorf("time %d: %d cancelled, %v", i, got, err)
		}
	}
	if q := b.queue(n); len(q) != 1 || q[0].ID != "two" {
		t.Errorf("left: %+v", q)
	}
	if diff := cmp.Diff([]string{"queued ", "expired cancelled"}, b.ends(n, "one")); diff != "" {
		t.Error(diff)
	}
	if _, err := cancel("stranger", "two"); err == nil {
		t.Error("a device that there is not")
	}
}

// A join empties the queue where the node's policy says so.
func TestFlushOnJoin(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		n := otaa("lora1", 1)
		n.Downlink.FlushOnJoin = on
		b := newBench(t, n)
		b.enqueue(n, bridge.Downlink{ID: "d", FPort: 1})
		b.hear(joinRequest(t, n, 1))
		want := []string{"queued "}
		if on {
			want = append(want, "expired flushed by a join")
		}
		if diff := cmp.Diff(want, b.ends(n, "d")); diff != "" {
			t.Errorf("flush_on_join %v (-want +got):\n%s", on, diff)
		}
	}
}

// As many wait as the policy allows, whether they take each other's place or
// not.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for name, port := range map[string]func(i int) uint8{
		"one port":   func(int) uint8 { return 1 },
		"many ports": func(i int) uint8 { return uint8(i + 1) },
	} {
		for _, replace := range []bool{false, true} {
			b := newBench(t, n)
			var all []bridge.Downlink
			for i := range 120 {
				all = append(all, bridge.Downlink{ID: fmt.Sprint(i), FPort: port(i), Replace: replace})
			}
			refused := 0
			for _, err := range b.enqueue(n, all...) {
				if err != nil {
					refused++
				}
			}
			want := 50
			if replace && name == "one port" {
				want = 1
			}
			q := b.queue(n)
			if len(q) != want || want == 50 && refused != 70 {
				t.Errorf("%s, replace %v: %d wait, %d refused", name, replace, len(q), refused)
			}
		}
	}
}

// Two method calls with one id are two downlinks, because the first may be
// gone: only the hub offers a message twice.
func TestMethodsWithTheSameID(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.while(func(ctx context.Context) {
		h := b.bridge.Handler(n)
		call := hub.MethodCall{Name: "downlink", Payload: []byte(`{"id":"open","fPort":1,"payloadHex":"01"}`)}
		for i := range 3 {
			r := h.Method(ctx, call)
			var got struct{ ID string }
			if err := json.Unmarshal(r.Payload, &got); err != nil || r.Status != 200 || got.ID != "open" {
				t.Errorf("call %d: status %d, %s", i, r.Status, r.Payload)
			}
			if q, err := b.bridge.Queue(ctx, "lora1"); err != nil || len(q) != 1 {
				t.Errorf("call %d: %d wait, %v", i, len(q), err)
			}
			if _, err := b.bridge.FlushQueue(ctx, "lora1"); err != nil {
				t.Error(err)
			}
		}
	})
}

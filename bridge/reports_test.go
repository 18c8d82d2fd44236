package bridge_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/hub"
)

// twin is what the hub holds of a device, patch by patch.
type twin map[string]any

func (w twin) take(t *testing.T, patches ...string) {
	t.Helper()
	for _, p := range patches {
		if p != "" {
			merge(w, decode[map[string]any](t, []byte(p)))
		}
	}
}

// merge is RFC 7396.
func merge(to, patch map[string]any) {
	for k, v := range patch {
		switch x := v.(type) {
		case nil:
			delete(to, k)
		case map[string]any:
			m, ok := to[k].(map[string]any)
			if !ok {
				m = map[string]any{}
			}
			merge(m, x)
			to[k] = m
		default:
			to[k] = v
		}
	}
}

// The twin says which version is in force and what of it is not, and nothing
// of earlier ones, whichever process reported them.
func TestReportedErrorsAreNotStale(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for _, restart := range []bool{false, true} {
		b := newBench(t, n)
		w := twin{}
		w.take(t, b.desire(n, whole(1, `{"gatewayd":{"class":"C","adr":"maybe","bogus":1}}`))...)
		want := twin{"gatewayd": map[string]any{"appliedVersion": 1.0, "errors": map[string]any{
			"adr": `want "off" or "on"`, "bogus": "is no setting",
		}}}
		if diff := cmp.Diff(want, w); diff != "" {
			t.Errorf("restart %v, first version (-want +got):\n%s", restart, diff)
		}
		if restart {
			b.restart()
		}
		w.take(t, b.desire(n, whole(2, `{"gatewayd":{"class":"C","worse":2}}`))...)
		want = twin{"gatewayd": map[string]any{"appliedVersion": 2.0, "errors": map[string]any{"worse": "is no setting"}}}
		if diff := cmp.Diff(want, w); diff != "" {
			t.Errorf("restart %v, second version (-want +got):\n%s", restart, diff)
		}
	}
}

// Each connection gets the twin anew. What has not changed costs neither a
// commit nor a message of the hub's quota.
func TestTwinOnEachConnection(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	for i := range 3 {
		commits := b.store.commits
		told := b.desire(n, whole(7, `{"$version":7,"gatewayd":{"class":"C"}}`))
		if again := i > 0; again != (told[0] == "") || again != (b.store.commits == commits) {
			t.Errorf("connection %d: %d commits, told %q", i, b.store.commits-commits, told[0])
		}
	}
}

// state is what the twin is told of n's state, "" if nothing waits. It is
// acknowledged.
func (b *bench) state(n bridge.Node) string {
	b.t.Helper()
	r := b.bridge.Reports(n)
	p, revision := r.Patch()
	r.Done(revision, 1, nil)
	if len(p) == 0 {
		return ""
	}
	return string(decode[struct {
		Gatewayd struct{ State json.RawMessage }
	}](b.t, p).Gatewayd.State)
}

func TestReportedState(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 0x01020304, 1)
	b := newBench(t, n)
	if got := b.state(n); got != "" {
		t.Errorf("before the first uplink: %s", got)
	}
	b.hear(frameOf(n, 7, "x").bytes(t))
	want := `{"lastSeen":"2026-11-22T12:00:10.000000Z","dataRate":"SF7BW125","rssi":-57.5,"snr":9.25,"fCntUp":7,` +
		`"battery":null,"margin":null,"class":"A","lorawan":"1.0.3","uplinks":1,"devAddr":"01020304","receivers":1}`
	if diff := cmp.Diff(want, b.state(n)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

// The state is reported at most once in its interval, an hour where none is
// set.
func TestReportInterval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ set, every time.Duration }{{0, time.Hour}, {10 * time.Minute, 10 * time.Minute}} {
		n := abp("lora1", 1, 1)
		n.ReportInterval = tt.set
		b := newBench(t, n)
		told := 0
		for i := range uint32(120) { // one uplink a minute
			b.clock.pass(50 * time.Second)
			b.hear(frameOf(n, i, "x").bytes(t))
			if b.state(n) != "" {
				told++
			}
		}
		if want := int(2 * time.Hour / tt.every); told != want {
			t.Errorf("interval %v: told %d times in two hours, want %d", tt.set, told, want)
		}
	}
}

// A time that cannot be believed is not reported.
func TestReportedStateWithoutTrustedClock(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.clock.trusted = false
	b.hear(frameOf(n, 7, "x").bytes(t))
	if got := decode[map[string]any](t, []byte(b.state(n))); got["lastSeen"] != nil || got["fCntUp"] != 7.0 {
		t.Errorf("state %v", got)
	}
}

// What comes while a patch is on its way is not taken for acknowledged.
func TestReportsRevision(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	r := b.bridge.Reports(n)
	b.hear(frameOf(n, 1, "x").bytes(t))
	<-told(r.Ready())
	_, under := r.Patch()
	b.clock.pass(2 * time.Hour)
	b.hear(frameOf(n, 2, "x").bytes(t))
	r.Done(under, 1, nil)
	p, revision := r.Patch()
	if got := decode[struct {
		Gatewayd struct{ State struct{ FCntUp int } }
	}](t, p).Gatewayd.State.FCntUp; got != 2 || revision == under {
		t.Errorf("FCntUp %d in revision %d after %d was acknowledged", got, revision, under)
	}
	r.Done(revision, 2, nil)
	if p, _ := r.Patch(); p != nil {
		t.Errorf("after all was acknowledged: %s", p)
	}
}

// What the hub refuses for good is given up, and said once.
func TestReportsRefused(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	r := b.bridge.Reports(n)
	for i := range 3 {
		b.clock.pass(2 * time.Hour)
		b.hear(frameOf(n, uint32(i), "x").bytes(t))
		_, revision := r.Patch()
		r.Done(revision, 0, errors.New("the patch has status 400"))
		if p, _ := r.Patch(); p != nil {
			t.Errorf("offered again: %s", p)
		}
	}
	if got := b.logs.FilterMessageSnippet("does not take the reported properties").Len(); got != 1 {
		t.Errorf("said %d times, want once", got)
	}
}

// The same device keeps its reports and its feed, however often it is asked
// for them and whatever the node is called.
func TestReportsAndFeedStay(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	renamed := n
	renamed.Name = "greenhouse"
	r, f := b.bridge.Reports(n), b.bridge.Feed(n)
	b.apply(renamed)
	if b.bridge.Reports(renamed) != r || b.bridge.Feed(renamed) != f || b.bridge.SelfFeed("lora1") != f {
		t.Error("a connection would read from another place than the bridge writes to")
	}
}

// told is a channel that gets a value when s tells something.
func told(s *hub.Signal) <-chan struct{} {
	c := make(chan struct{}, 1)
	s.Watch(func() {
		select {
		case c <- struct{}{}:
		default:
		}
	})
	return c
}

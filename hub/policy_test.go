package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A device that lingers connects at once, goes when nothing has happened for a
// while, and comes back with something to send.
func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				got.add("connected")
				p.serve(got.add)
			}
		})
		f := newFeed()
		d := testDevice(t, "lora1", f)
		d.Policy, d.Linger = PolicyLinger, time.Minute
		s, stop := h.start(h.options(), d)
		defer stop()
		advance(30 * time.Second)
		f.add("m1")
		advance(59 * time.Second)
		if diff := cmp.Diff([]string{"connected", "m1"}, got.all()); diff != "" {
			t.Errorf("at first (-want +got):\n%s", diff)
		}
		advance(time.Hour)
		if state := s.Status()[0].State; state != StateIdle {
			t.Errorf("state %s", state)
		}
		f.add("m2")
		advance(2 * time.Minute)
		if diff := cmp.Diff([]string{"connected", "m1", "DISCONNECT", "connected", "m2", "DISCONNECT"}, got.all()); diff != "" {
			t.Errorf("in the end (-want +got):\n%s", diff)
		}
	})
}

// A device on demand connects with something to send only, messages or
// reported properties.
func TestOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			got.add("connected")
			for word := p.heard(); ; word = p.heard() {
				got.add(word)
				switch word {
				case "DISCONNECT", "the end":
					return
				case `$iothub/twin/PATCH/properties/reported/?$rid=1 {"a":1}`:
					p.answerTo(word, "204", "&$version=2")
				}
			}
		})
		f, r := newFeed(), newReports("")
		d := testDevice(t, "lora1", f)
		d.Policy, d.Reports = PolicyOnDemand, r
		s, stop := h.start(h.options(), d)
		defer stop()
		advance(time.Hour)
		if n := len(h.dialTimes()); n != 0 || s.Status()[0].State != StateIdle {
			t.Errorf("%d connections with nothing to send, %+v", n, s.Status())
		}
		f.add("m1")
		advance(time.Minute)
		r.set(`{"a":1}`)
		advance(time.Minute)
		want := []string{
			"connected", "devices/lora1/messages/events/%24.mid=m1 body of m1", "DISCONNECT",
			"connected", `$iothub/twin/PATCH/properties/reported/?$rid=1 {"a":1}`, "DISCONNECT",
		}
		if diff := cmp.Diff(want, got.all()); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"1 version 2 error false"}, r.all()); diff != "" {
			t.Errorf("reported (-want +got):\n%s", diff)
		}
	})
}

func TestParseWords(t *testing.T) {
	for _, tt := range []struct {
		parse func(string) (string, error)
		good  map[string]string
	}{
		{func(s string) (string, error) { v, err := ParseTier(s); return string(v), err }, map[string]string{"f1": "F1", "S3": "S3", "b2": "B2"}},
	} {
		for in, want := range tt.good {
			if got, err := tt.parse(in); err != nil || got != want {
				t.Errorf("%q: %q, %v, want %q", in, got, err, want)
			}
		}
		if _, err := tt.parse("S4 or else"); err == nil {
			t.Error("nonsense was taken")
		}
	}
}

package hub

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A hub whose reads stay behind its updates is not asked for ever.
func TestTwinStaysBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{}
		heard, _ := handled(t, Device{Handler: h}, 10*time.Minute, func(p *peer, said func(string)) {
			p.send("$iothub/twin/PATCH/properties/desired/?$version=9", `{"$version":9}`, 0, 0, false)
			for word := p.heard(); word != "the end" && word != "DISCONNECT"; word = p.heard() {
				said("read")
				_, rid, _ := strings.Cut(word, "$rid=")
				p.send("$iothub/twin/res/200/?$rid="+rid, `{"desired":{"$version":8}}`, 0, 0, false)
			}
		})
		if len(heard) != behindToBelieve+1 {
			t.Errorf("%d reads, want %d", len(heard), behindToBelieve+1)
		}
	})
}

// The wait after a 429 counts for properties that are reported meanwhile.
func TestReportsWhileThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReports(`{"a":1}`)
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			for word := p.heard(); word != "the end" && word != "DISCONNECT"; word = p.heard() {
				r.Done(0, 0, nil)
				p.answerTo(word, "429", "")
			}
		})
		d := testDevice(t, "lora1", newFeed())
		d.Reports = r
		_, stop := h.start(h.options(), d)
		for range 600 {
			advance(time.Second)
			r.set(`{"a":1}`)
		}
		stop()
		if n := len(r.all()); n < 3 || n > 12 {
			t.Errorf("%d patches in ten minutes", n)
		}
	})
}

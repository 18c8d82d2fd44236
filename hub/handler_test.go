package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// handled runs a device with a handler against script, which says what it
// hears, and returns what both sides wrote down.
func handled(t *testing.T, d Device, during time.Duration, script func(p *peer, said func(string))) (heard []string, h *testHub) {
	t.Helper()
	var got journal
	h = newTestHub(t, func(p *peer) {
		if p.accept() {
			script(p, got.add)
		}
	})
	device := testDevice(t, "lora1", newFeed())
	device.Handler, device.Reports, device.ModelID = d.Handler, d.Reports, d.ModelID
	_, stop := h.start(h.options(), device)
	advance(during)
	stop()
	synctest.Wait()
	return got.all(), h
}

const c2dTopic = "devices/lora1/messages/devicebound/"

func TestCloudMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{}
		heard, _ := handled(t, Device{Handler: h}, time.Minute, func(p *peer, said func(string)) {
			p.answerTwin()
			for id := range uint16(3) {
				p.send(c2dTopic+fmt.Sprintf("%%24.mid=c%d&k=v", id+1), "x", 1, 100+id, id == 2)
			}
			p.send(c2dTopic+"%24.mid=c4", "y", 0, 0, false)
			for range 4 {
				said(p.heard())
			}
		})
		want := []string{"PUBACK 100", "PUBACK 101", "PUBACK 102", "DISCONNECT"}
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		want = []string{
			`twin 1 full=true {"$version":1}`,
			"cloud c1 x dup=false err=<nil>", "cloud c2 x dup=false err=<nil>",
			"cloud c3 x dup=true err=<nil>", "cloud c4 y dup=false err=<nil>",
		}
		if diff := cmp.Diff(want, h.all()); diff != "" {
			t.Errorf("handled (-want +got):\n%s", diff)
		}
	})
}

// What cannot be taken over yet is offered again, before what came later, and
// holds up no method call. The hub sends it again meanwhile: once is enough.
func TestCloudMessageLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := 3
		h := &testHandler{cloud: func(CloudMessage) error {
			if fail--; fail >= 0 {
				return errors.New("disk full")
			}
			return nil
		}}
		heard, hub := handled(t, Device{Handler: h}, time.Minute, func(p *peer, said func(string)) {
			p.answerTwin()
			p.send(c2dTopic+"%24.mid=c1", "x", 1, 7, false)
			p.send(c2dTopic+"%24.mid=c2", "x", 1, 8, false)
			p.send("$iothub/methods/POST/ping/?$rid=f0", "", 0, 0, false)
			said(p.heard())
			p.send(c2dTopic+"%24.mid=c1", "x", 1, 7, true)
			for range 3 {
				said(p.heard())
			}
		})
		if diff := cmp.Diff([]string{"$iothub/methods/res/200/?$rid=f0", "PUBACK 7", "PUBACK 8", "DISCONNECT"}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		var clouds []string
		for _, word := range h.all() {
			if strings.HasPrefix(word, "cloud") {
				clouds = append(clouds, word[:len("cloud c1")])
			}
		}
		if diff := cmp.Diff([]string{"cloud c1", "cloud c1", "cloud c1", "cloud c1", "cloud c2"}, clouds); diff != "" {
			t.Errorf("offered (-want +got):\n%s", diff)
		}
		if hub.said("cannot be taken over yet") != 1 {
			t.Errorf("log: %v", hub.log.All())
		}
	})
}

// A message whose connection has gone is not acknowledged on the next.
func TestCloudMessageOutlivesSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{cloud: func(CloudMessage) error { <-time.After(10 * time.Second); return nil }}
		heard, _ := handled(t, Device{Handler: h}, time.Minute, func(p *peer, said func(string)) {
			p.answerTwin()
			if p.n == 1 {
				p.send(c2dTopic+"%24.mid=c1", "x", 1, 7, false)
				<-time.After(time.Second)
				return
			}
			p.send(c2dTopic+"%24.mid=c1", "x", 1, 9, true)
			said(p.heard())
			said(p.heard())
		})
		if diff := cmp.Diff([]string{"PUBACK 9", "DISCONNECT"}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

// A hub that sends without end meets a new connection, not endless memory.
func TestCloudMessageFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{cloud: func(CloudMessage) error { return errors.New("disk full") }}
		_, hub := handled(t, Device{Handler: h}, 10*time.Second, func(p *peer, _ func(string)) {
			p.answerTwin()
			if p.n > 1 {
				p.linger()
				return
			}
			go p.linger()
			for id := range uint16(2 * inboxSize) {
				p.send(c2dTopic, "x", 1, id+1, false)
			}
		})
		if n := len(hub.dialTimes()); n != 2 || hub.said("more C2D messages") != 1 {
			t.Errorf("%d connections, log: %v", n, hub.log.All())
		}
	})
}

func TestMethods(t *testing.T) {
	slow := func(ctx context.Context, _ MethodCall) MethodResult { <-ctx.Done(); return MethodResult{Status: 200} }
	answer := func(status int, body string) func(context.Context, MethodCall) MethodResult {
		return func(context.Context, MethodCall) MethodResult { return MethodResult{status, []byte(body)} }
	}
	tests := []struct {
		name   string
		method func(context.Context, MethodCall) MethodResult
		want   string
	}{
		{"good", answer(201, `{"ok":true}`), `$iothub/methods/res/201/?$rid=a1 {"ok":true}`},
		{"empty", answer(404, ""), `$iothub/methods/res/404/?$rid=a1`},
		{"not JSON", answer(200, "ok"), `$iothub/methods/res/500/?$rid=a1 {"error":"the gateway's answer is not JSON of at most 128 KB"}`},
		{"too large", answer(200, `"`+strings.Repeat("x", maxMethodPayload)+`"`), `$iothub/methods/res/500/?$rid=a1 {"error":"the gateway's answer is not JSON of at most 128 KB"}`},
		{"late", slow, `$iothub/methods/res/504/?$rid=a1 {"error":"the gateway did not get an answer in time"}`},
		{"deaf", func(context.Context, MethodCall) MethodResult {
			<-time.After(50 * time.Second)
			return MethodResult{Status: 200}
		}, `$iothub/methods/res/504/?$rid=a1 {"error":"the gateway did not get an answer in time"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				heard, _ := handled(t, Device{Handler: &testHandler{method: tt.method}}, 2*time.Minute, func(p *peer, said func(string)) {
					p.answerTwin()
					begin := time.Now()
					p.send("$iothub/methods/POST/reboot/?$rid=a1", `{"delay":5}`, 0, 0, false)
					said(p.heard())
					if took := time.Since(begin); took > 25*time.Second {
						t.Errorf("answered after %v", took)
					}
					said(p.heard())
				})
				if diff := cmp.Diff([]string{tt.want, "DISCONNECT"}, heard); diff != "" {
					t.Errorf("heard (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A handler that hangs delays neither messages nor pings, and the calls behind
// it are told that it takes too long, or that there are too many.
func TestHandlerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{method: func(context.Context, MethodCall) MethodResult {
			<-time.After(11*time.Minute + 30*time.Second)
			return MethodResult{}
		}}
		f := newFeed()
		var answers journal
		hub := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			p.answerTwin()
			go func() {
				for i := range inboxSize + 5 {
					<-time.After(time.Millisecond)
					p.send(fmt.Sprintf("$iothub/methods/POST/m/?$rid=%d", i), "", 0, 0, false)
				}
			}()
			for word := p.heard(); word != "the end" && word != "DISCONNECT"; word = p.heard() {
				answers.add(word)
			}
		})
		d := testDevice(t, "lora1", f)
		d.Handler = h
		_, stop := hub.start(hub.options(), d)
		defer stop()
		advance(time.Minute)
		f.add("m1")
		advance(10 * time.Minute)
		timeouts, refused, messages := 0, 0, 0
		for _, word := range answers.all() {
			switch {
			case strings.Contains(word, "/res/504/"):
				timeouts++
			case strings.Contains(word, "/res/429/"):
				refused++
			case strings.Contains(word, "m1"):
				messages++
			}
		}
		if timeouts != inboxSize+1 || refused != 4 || messages != 1 || len(hub.dialTimes()) != 1 {
			t.Errorf("%d timed out, %d refused, %d messages, %d connections", timeouts, refused, messages, len(hub.dialTimes()))
		}
	})
}

func TestTwin(t *testing.T) {
	full := func(v int) string {
		return fmt.Sprintf(`{"desired":{"a":%d,"$version":%d},"reported":{"$version":9}}`, v, v)
	}
	patch := func(p *peer, v int) {
		p.send(fmt.Sprintf("$iothub/twin/PATCH/properties/desired/?$version=%d", v), fmt.Sprintf(`{"a":%d,"$version":%d}`, v, v), 0, 0, false)
	}
	get := func(p *peer) (rid string) {
		_, rid, _ = strings.Cut(p.heard(), "GET/?$rid=")
		return rid
	}
	answer := func(p *peer, status int, body string) {
		p.send(fmt.Sprintf("$iothub/twin/res/%d/?$rid=%s", status, get(p)), body, 0, 0, false)
	}
	tests := []struct {
		name   string
		script func(p *peer)
		want   []string
	}{
		{"full, then changes", func(p *peer) {
			answer(p, 200, full(4))
			patch(p, 5)
			patch(p, 6)
		}, []string{`twin 4 full=true {"a":4,"$version":4}`, `twin 5 full=false {"a":5,"$version":5}`, `twin 6 full=false {"a":6,"$version":6}`}},
		{"old and repeated changes", func(p *peer) {
			answer(p, 200, full(4))
			patch(p, 3)
			patch(p, 4)
			patch(p, 5)
			patch(p, 5)
		}, []string{`twin 4 full=true {"a":4,"$version":4}`, `twin 5 full=false {"a":5,"$version":5}`}},
		{"a change is missed", func(p *peer) {
			answer(p, 200, full(4))
			patch(p, 6)
			answer(p, 200, full(6))
		}, []string{`twin 4 full=true {"a":4,"$version":4}`, `twin 6 full=true {"a":6,"$version":6}`}},
		{"a change overtakes the read", func(p *peer) {
			rid := get(p)
			patch(p, 5)
			p.send("$iothub/twin/res/200/?$rid="+rid, full(4), 0, 0, false)
			answer(p, 200, full(5))
		}, []string{`twin 4 full=true {"a":4,"$version":4}`, `twin 5 full=true {"a":5,"$version":5}`}},
		{"throttled", func(p *peer) { answer(p, 429, `{"errorCode":429001}`); answer(p, 200, full(1)) }, []string{`twin 1 full=true {"a":1,"$version":1}`}},
		{"no answer", func(p *peer) { get(p); answer(p, 200, full(1)) }, []string{`twin 1 full=true {"a":1,"$version":1}`}},
		{"answer to nothing", func(p *peer) {
			rid := get(p)
			p.send("$iothub/twin/res/200/?$rid=77", full(9), 0, 0, false)
			p.send("$iothub/twin/res/200/?$rid="+rid, full(1), 0, 0, false)
		}, []string{`twin 1 full=true {"a":1,"$version":1}`}},
		{"not allowed", func(p *peer) { answer(p, 404, "") }, nil},
		{"not JSON", func(p *peer) { answer(p, 200, "<html>") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &testHandler{}
				heard, _ := handled(t, Device{Handler: h}, 5*time.Minute, func(p *peer, said func(string)) {
					tt.script(p)
					said(p.heard())
				})
				if diff := cmp.Diff(tt.want, h.all()); diff != "" {
					t.Errorf("handled (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"DISCONNECT"}, heard); diff != "" {
					t.Errorf("heard in the end (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestReports(t *testing.T) {
	tests := []struct {
		name   string
		patch  string
		script func(p *peer, r *testReports)
		want   []string
	}{
		{"taken", `{"fw":"1"}`, func(p *peer, _ *testReports) { p.answerReport(t, `{"fw":"1"}`, "204", "&$version=12") }, []string{"1 version 12 error false"}},
		{"more while waiting", `{"fw":"1"}`, func(p *peer, r *testReports) {
			word := p.heard()
			r.set(`{"fw":"1","battery":2}`)
			r.set(`{"fw":"1","battery":3}`)
			p.answerTo(word, "204", "&$version=1")
			p.answerReport(t, `{"fw":"1","battery":3}`, "204", "&$version=2")
		}, []string{"1 version 1 error false", "3 version 2 error false"}},
		{"throttled", `{"fw":"1"}`, func(p *peer, _ *testReports) {
			p.answerReport(t, `{"fw":"1"}`, "429", "")
			p.answerReport(t, `{"fw":"1"}`, "204", "&$version=2")
		}, []string{"1 version 2 error false"}},
		{"no answer", `{"fw":"1"}`, func(p *peer, _ *testReports) {
			p.heard()
			p.answerReport(t, `{"fw":"1"}`, "204", "&$version=2")
		}, []string{"1 version 2 error false"}},
		{"refused", `{"fw":"1"}`, func(p *peer, _ *testReports) { p.answerReport(t, `{"fw":"1"}`, "400", "") }, []string{"1 version 0 error true"}},
		{"not JSON", "battery", func(*peer, *testReports) {}, []string{"1 version 0 error true"}},
		{"too large", `{"x":"` + strings.Repeat("x", maxReported) + `"}`, func(*peer, *testReports) {}, []string{"1 version 0 error true"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newReports(tt.patch)
				heard, _ := handled(t, Device{Reports: r}, 3*time.Minute, func(p *peer, said func(string)) {
					tt.script(p, r)
					said(p.heard())
				})
				if diff := cmp.Diff(tt.want, r.all()); diff != "" {
					t.Errorf("done (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"DISCONNECT"}, heard); diff != "" {
					t.Errorf("heard in the end (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// answerTwin reads a twin's GET and answers it.
func (p *peer) answerTwin() {
	_, rid, _ := strings.Cut(p.heard(), "GET/?$rid=")
	p.send("$iothub/twin/res/200/?$rid="+rid, `{"desired":{"$version":1},"reported":{"$version":1}}`, 0, 0, false)
}

// answerReport reads a patch and answers it.
func (p *peer) answerReport(t *testing.T, want, status, parameters string) {
	word := p.heard()
	if _, patch, _ := strings.Cut(word, " "); patch != want {
		t.Errorf("reported %s, want %s", patch, want)
	}
	p.answerTo(word, status, parameters)
}

// answerTo answers the request that was heard as word.
func (p *peer) answerTo(word, status, parameters string) {
	_, rid, _ := strings.Cut(word, "$rid=")
	rid, _, _ = strings.Cut(rid, " ")
	p.send("$iothub/twin/res/"+status+"/?$rid="+rid+parameters, "", 0, 0, false)
}

// Nothing that a hub could write stops the connection or reaches the handler.
func TestOddMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{}
		heard, hub := handled(t, Device{Handler: h}, time.Second, func(p *peer, said func(string)) {
			p.answerTwin()
			for _, topic := range []string{
				"", "x", "$iothub/twin/res/", "$iothub/twin/res/abc/?$rid=1", "$iothub/twin/res/200/", "$iothub/methods/POST/",
				"$iothub/methods/POST/m/", "$iothub/twin/PATCH/properties/desired/?$version=x", "devices/other/messages/devicebound/",
				"$iothub/clientproxy/",
			} {
				p.send(topic, "", 0, 0, false)
			}
			said(p.heard())
		})
		if diff := cmp.Diff([]string{"DISCONNECT"}, heard); diff != "" || len(h.all()) != 1 {
			t.Errorf("handled %v, heard (-want +got):\n%s\nlog %v", h.all(), diff, hub.log.All())
		}
	})
}

// A C2D message whose properties cannot be read in full is handled in its
// place: without a PUBACK it would hold up all behind it. Whatever comes with
// QoS 1 gets one.
func TestMalformedProperties(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &testHandler{}
		heard, hub := handled(t, Device{Handler: h}, time.Minute, func(p *peer, said func(string)) {
			p.answerTwin()
			p.send(c2dTopic+"%24.mid=c1&x=b=c", "x", 1, 7, false)
			p.send(c2dTopic+"%24.mid=c2", "y", 1, 8, false)
			said(p.heard())
			said(p.heard())
			p.send("$iothub/twin/PATCH/properties/desired/?$version=2", `{"$version":2}`, 1, 9, false)
			said(p.heard())
			said(p.heard())
		})
		if diff := cmp.Diff([]string{"PUBACK 7", "PUBACK 8", "PUBACK 9", "DISCONNECT"}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		want := []string{
			`twin 1 full=true {"$version":1}`, "cloud c1 x dup=false err=<nil>", "cloud c2 y dup=false err=<nil>",
			`twin 2 full=false {"$version":2}`,
		}
		if diff := cmp.Diff(want, h.all()); diff != "" {
			t.Errorf("handled (-want +got):\n%s", diff)
		}
		if hub.said("malformed properties") != 1 {
			t.Errorf("log: %v", hub.log.All())
		}
	})
}

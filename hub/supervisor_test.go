package hub

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/secret"
)

func states(s *Supervisor) map[string]State {
	all := make(map[string]State)
	for _, d := range s.Status() {
		all[d.ID] = d.State
	}
	return all
}

// One device's trouble holds back no other.
func TestIndependence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if !p.hello() {
				return
			}
			switch p.connect.ClientIdentifier {
			case "busy":
				p.answer(3)
			case "silent":
				p.linger()
			case "good":
				if p.accept() {
					p.serve(got.add)
				}
			}
		})
		s, stop := h.start(h.options(),
			testDevice(t, "busy", newFeed("a1")), testDevice(t, "good", newFeed(ids(1, 3)...)), testDevice(t, "silent", newFeed("b1")))
		synctest.Wait()
		if diff := cmp.Diff(ids(1, 3), got.all()); diff != "" {
			t.Errorf("messages of the good one (-want +got):\n%s", diff)
		}
		want := map[string]State{"busy": StateBackingOff, "good": StateConnected, "silent": StateConnecting}
		if diff := cmp.Diff(want, states(s)); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		stop()
		want = map[string]State{"busy": StateStopped, "good": StateStopped, "silent": StateStopped}
		if diff := cmp.Diff(want, states(s)); diff != "" {
			t.Errorf("states after the end (-want +got):\n%s", diff)
		}
	})
}

func TestApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				id := p.connect.ClientIdentifier
				got.add(id)
				p.serve(func(word string) { got.add(id + " " + word) })
			}
		})
		expect := func(step string, want ...string) {
			t.Helper()
			advance(time.Second)
			all := got.all()
			slices.Sort(all)
			if diff := cmp.Diff(want, all); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step, diff)
			}
			got.mu.Lock()
			got.words = nil
			got.mu.Unlock()
		}
		a, b, c := testDevice(t, "a", newFeed()), testDevice(t, "b", newFeed()), testDevice(t, "c", newFeed())
		s, stop := h.start(h.options(), a, b)
		expect("start", "a", "b")

		again := testDevice(t, "a", a.Feed) // an equal credential, made anew
		s.Apply([]Device{again, b})
		expect("no change")

		s.Apply([]Device{a, c})
		expect("b goes, c comes", "b DISCONNECT", "c")
		if diff := cmp.Diff(map[string]State{"a": StateConnected, "c": StateConnected}, states(s)); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}

		other, err := NewDeviceKey(secret.NewText(keyV1))
		if err != nil {
			t.Fatal(err)
		}
		a.Credential, c.Feed = other, newFeed("m1")
		s.Apply([]Device{a, c})
		expect("new key, new feed", "a", "a DISCONNECT", "c", "c DISCONNECT", "c m1")

		s.Apply(nil)
		s.Apply([]Device{a})
		expect("gone and back at once", "a", "a DISCONNECT", "c DISCONNECT")

		stop()
		expect("the end", "a DISCONNECT")
		s.Apply([]Device{a, b})
		expect("after the end")
		if err := s.Run(t.Context()); err == nil {
			t.Error("a second Run was accepted")
		}
	})
}

// To stop is to drain, to say DISCONNECT, and not to hang.
func TestStop(t *testing.T) {
	tests := []struct {
		name   string
		script func(p *peer, said func(string))
		feed   []string
		want   []string
		within time.Duration
	}{
		{"idle", func(p *peer, said func(string)) {
			if p.accept() {
				p.serve(said)
			}
		}, nil, []string{"DISCONNECT"}, 0},
		{"slow PUBACK", func(p *peer, said func(string)) {
			if !p.accept() {
				return
			}
			pub, id := p.publish()
			said(id)
			<-time.After(2500 * time.Millisecond)
			p.ack(pub.MessageID)
			p.serve(said)
		}, ids(1, 1), []string{"m1", "DISCONNECT"}, 1500 * time.Millisecond},
		{"no PUBACK", func(p *peer, said func(string)) {
			if !p.accept() {
				return
			}
			_, id := p.publish()
			said(id)
			p.serve(said)
		}, ids(1, 1), []string{"m1", "DISCONNECT"}, drainGrace},
		{"no TLS", func(p *peer, _ func(string)) { _, _ = p.raw.Read(make([]byte, 1)); <-time.After(time.Hour) }, nil, nil, 0},
		{"no CONNACK", func(p *peer, _ func(string)) { p.linger() }, nil, nil, 0},
		{"no SUBACK", func(p *peer, _ func(string)) { p.answer(0); p.linger() }, nil, nil, 0},
		{"stops reading", func(p *peer, _ func(string)) { p.accept(); <-time.After(time.Hour) }, ids(1, 20), nil, stopGrace},
		{"stops reading, idle", func(p *peer, _ func(string)) { p.accept(); <-time.After(time.Hour) }, nil, nil, disconnectTimeout},
		{"back-off", func(p *peer, _ func(string)) {}, nil, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got journal
				h := newTestHub(t, func(p *peer) { tt.script(p, got.add) })
				_, stop := h.start(h.options(), testDevice(t, "lora1", newFeed(tt.feed...)))
				advance(time.Second)
				begin := time.Now()
				stop()
				if took := time.Since(begin); took > tt.within {
					t.Errorf("took %v, want at most %v", took, tt.within)
				}
				synctest.Wait()
				if diff := cmp.Diff(tt.want, got.all()); tt.want != nil && diff != "" {
					t.Errorf("heard (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Neither a server that does not answer the WebSocket upgrade nor a Handler
// that hangs holds up the end for longer.
func TestStopInTime(t *testing.T) {
	stalled := func(p *peer) {
		for b := make([]byte, 512); ; {
			if _, err := p.conn.Read(b); err != nil {
				return
			}
		}
	}
	hanging := func(p *peer) {
		if p.accept() {
			p.send(c2dTopic+"%24.mid=c1", "", 1, 7, false)
			p.linger()
		}
	}
	for _, tt := range []struct {
		name      string
		transport Transport
		script    func(p *peer)
		within    time.Duration
	}{
		{"WebSocket", TransportWebSocket, stalled, 0},
		{"Handler", TransportTLS, hanging, stopGrace},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, tt.script)
				o, d := h.options(), testDevice(t, "lora1", newFeed())
				o.Transport = tt.transport
				d.Handler = &testHandler{cloud: func(CloudMessage) error { <-time.After(time.Hour); return nil }}
				_, stop := h.start(o, d)
				advance(5 * time.Second)
				begin := time.Now()
				stop()
				if took := time.Since(begin); took > tt.within {
					t.Errorf("took %v, want at most %v", took, tt.within)
				}
				<-time.After(time.Hour)
			})
		})
	}
}

// A server that hangs at any step is given up in time, and said so.
func TestSilentServer(t *testing.T) {
	tests := []struct {
		name   string
		script func(p *peer)
		feed   []string
		after  time.Duration
		want   string
	}{
		{"no TLS", func(p *peer) { _, _ = p.raw.Read(make([]byte, 1)); <-time.After(time.Hour) }, nil, 30 * time.Second, "does not answer the TLS handshake"},
		{"no CONNACK", func(p *peer) { p.linger() }, nil, 30 * time.Second, "does not answer CONNECT"},
		{"no SUBACK", func(p *peer) { p.answer(0); p.linger() }, nil, 30 * time.Second, "does not answer SUBSCRIBE"},
		{"stops reading", func(p *peer) { p.accept(); <-time.After(time.Hour) }, ids(1, 3), writeTimeout, "does not read"},
		{"no PINGRESP", func(p *peer) {
			p.accept()
			buffer := make([]byte, 16)
			for {
				if _, err := p.conn.Read(buffer); err != nil {
					return
				}
			}
		}, nil, 270 * time.Second, "has fallen silent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, func(p *peer) { tt.script(p) })
				h.run(newFeed(tt.feed...))
				advance(tt.after + 100*time.Millisecond)
				if h.said(tt.want) != 1 {
					t.Errorf("log: %v", h.log.All())
				}
			})
		})
	}
}

func TestWaitForClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.linger()
			}
		})
		o, clock := h.options(), testClock{make(chan struct{})}
		o.Clock = clock
		s, stop := h.start(o, testDevice(t, "lora1", newFeed("m1")))
		defer stop()
		advance(24 * time.Hour)
		if n := len(h.dialTimes()); n != 0 || s.Status()[0].State != StateWaitingForClock {
			t.Errorf("%d connections while the clock is not trusted, %+v", n, s.Status())
		}
		close(clock.trusted)
		synctest.Wait()
		if s.Status()[0].State != StateConnected {
			t.Errorf("%+v", s.Status())
		}
	})
}

// After an outage of the network the connections come back at a limited rate.
func TestConnectRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.linger()
			}
		})
		var devices []Device
		for i := range 60 {
			devices = append(devices, testDevice(t, fmt.Sprintf("lora%d", i), newFeed()))
		}
		s, stop := h.start(h.options(), devices...)
		defer stop()
		advance(time.Minute)
		dials := h.dialTimes()
		if len(dials) != 60 {
			t.Fatalf("%d connections, want 60", len(dials))
		}
		for i, at := range dials[10:] {
			if since, want := at.Sub(dials[0]), time.Duration(i+1)*time.Second/5; since < want-time.Millisecond {
				t.Fatalf("connection %d after %v, want %v at least", i+10, since, want)
			}
		}
		for _, d := range s.Status() {
			if d.State != StateConnected {
				t.Errorf("%+v", d)
			}
		}
	})
}

// The number of goroutines per connection is a design quantity.
func TestGoroutinesPerConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.linger()
			}
		})
		const n = 50
		var devices []Device
		for i := range n {
			devices = append(devices, testDevice(t, fmt.Sprintf("lora%d", i), newFeed()))
		}
		before := runtime.NumGoroutine()
		_, stop := h.start(h.options(), devices...)
		defer stop()
		advance(time.Minute)
		// One of each is the far end's; three are the supervisor's.
		if extra := runtime.NumGoroutine() - before - 2*n; extra > 4 {
			t.Errorf("%d goroutines beside one for each connection", extra)
		}
	})
}

func TestNewSupervisorRefuses(t *testing.T) {
	good := Options{Host: testHost, Clock: trustedClock()}
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"nothing", func(*Options) {}, ""},
		{"port in host", func(o *Options) { o.Host += ":8883" }, "not a host name"},
		{"no host", func(o *Options) { o.Host = "" }, "not a host name"},
		{"no clock", func(o *Options) { o.Clock = nil }, "no clock"},
		{"long keep-alive", func(o *Options) { o.KeepAlive = 20 * time.Minute }, "keep-alive of 20m0s"},
		{"short keep-alive", func(o *Options) { o.KeepAlive = time.Millisecond }, "keep-alive of 1ms"},
		{"negative", func(o *Options) { o.PubAckTimeout = -1 }, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			_, err := NewSupervisor(o)
			checkError(t, err, tt.want, "")
		})
	}
}

// notComparable is a Feed that == would panic on.
type notComparable struct {
	*memoryFeed
	_ []int
}

func TestSameDevice(t *testing.T) {
	a := testDevice(t, "a", newFeed())
	b, c := a, a
	b.Feed = newFeed()
	c.Feed = notComparable{memoryFeed: newFeed()}
	if !sameDevice(a, a) || sameDevice(a, b) || sameDevice(c, c) {
		t.Error("devices compared wrongly")
	}
}

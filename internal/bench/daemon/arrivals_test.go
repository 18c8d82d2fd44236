package daemon

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"gatewayd/hub/hubtest"
)

// arrivals times frames from their last byte on the wire of the concentrator
// to their PUBLISH at the hub. Frames of one device arrive in order.
type arrivals struct {
	news chan struct{} // holds a value when something has happened

	mu        sync.Mutex
	count     int                    // of frames sent
	sent      map[string][]time.Time // those of each device that are on their way
	took      []time.Duration
	stray     int
	connected int
}

func newArrivals() *arrivals {
	return &arrivals{news: make(chan struct{}, 1), sent: map[string][]time.Time{}}
}

// send notes a frame of a device.
func (a *arrivals) send(device string) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	a.sent[device] = append(a.sent[device], now)
}

// arrive notes its arrival.
func (a *arrivals) arrive(device string) {
	now := time.Now()
	a.mu.Lock()
	if q := a.sent[device]; len(q) > 0 {
		a.took = append(a.took, now.Sub(q[0]))
		a.sent[device] = q[1:]
	} else {
		a.stray++
	}
	a.mu.Unlock()
	a.tell()
}

// connect notes a connection.
func (a *arrivals) connect() {
	a.mu.Lock()
	a.connected++
	a.mu.Unlock()
	a.tell()
}

func (a *arrivals) tell() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// record is hubtest.Options.Recorder.
func (a *arrivals) record(e hubtest.Event) {
	switch {
	case e.Kind == hubtest.EventConnected:
		a.connect()
	case e.Kind == hubtest.EventD2C && bytes.Contains(e.Body, []byte(decoded)):
		a.arrive(e.Device)
	}
}

var errPatience = errors.New("it takes too long")

// wait waits until done, which is called with a.mu held.
func (a *arrivals) wait(done func() bool) error {
	late := time.After(time.Minute)
	for {
		a.mu.Lock()
		yes := done()
		a.mu.Unlock()
		if yes {
			return nil
		}
		select {
		case <-a.news:
		case <-late:
			return errPatience
		}
	}
}

// online waits for n connections.
func (a *arrivals) online(n int) error { return a.wait(func() bool { return a.connected >= n }) }

// arrived waits for all frames.
func (a *arrivals) arrived() error { return a.wait(func() bool { return len(a.took) == a.count }) }

// reset forgets what has been.
func (a *arrivals) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took, a.count = nil, 0
}

// report reports the latencies.
func (a *arrivals) report(b *testing.B) {
	b.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.took) == 0 {
		b.Fatal("nothing has arrived")
	}
	if a.stray > 0 {
		b.Errorf("%d messages that belong to no frame", a.stray)
	}
	slices.Sort(a.took)
	at := func(share float64) float64 {
		return float64(a.took[int(share*float64(len(a.took)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "ms/p50")
	b.ReportMetric(at(0.99), "ms/p99")
	b.ReportMetric(at(1), "ms/max")
	b.ReportMetric(float64(a.count-len(a.took)), "lost")
}

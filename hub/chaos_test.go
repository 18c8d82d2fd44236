package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
)

// envChaos is how long the chaos goes on [8s]; for a long one, 10m.
const envChaos = "GATEWAYD_TEST_CHAOS"

const (
	chaosDevices = 200
	// chaosSettle is how long the rest may take after the chaos.
	chaosSettle = 90 * time.Second
)

// jumpingClock is a clock that is wrong from time to time.
type jumpingClock struct{ offset atomic.Int64 }

func (c *jumpingClock) Now() time.Time                  { return time.Now().Add(time.Duration(c.offset.Load())) }
func (*jumpingClock) WaitTrusted(context.Context) error { return nil }

// Refusals, resets, hangs, slow links, expired tokens and clock jumps, at
// random, for many devices at a time: every message arrives, first arrivals in
// order for each device, and nothing is left behind.
func TestChaos(t *testing.T) {
	during, err := time.ParseDuration(orElse(os.Getenv(envChaos), "8s"))
	if err != nil {
		t.Fatal(err)
	}
	before, heap := runtime.NumGoroutine(), liveHeap()
	sent := chaos(t, during)
	if n := awaitGoroutines(before); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	grown := awaitHeap(heap)
	t.Logf("%d messages; the heap has grown by %d KiB", sent, grown>>10)
	if grown > tolerated {
		t.Errorf("%d KiB are left behind", grown>>10)
	}
}

// tolerated is what may stay: caches of TLS and of the standard library.
const tolerated = 4 << 20

// awaitHeap waits until the heap is near before again - pools are emptied by
// the second collection, closed connections by their goroutines - and returns
// by how much it has grown.
func awaitHeap(before uint64) int64 {
	deadline := time.Now().Add(patience)
	grown := int64(liveHeap()) - int64(before)
	for grown > tolerated && time.Now().Before(deadline) {
		<-time.After(100 * time.Millisecond)
		grown = int64(liveHeap()) - int64(before)
	}
	return grown
}

// liveHeap is what is still in use.
func liveHeap() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// awaitGoroutines waits until no more than want run, and returns how many do.
func awaitGoroutines(want int) int {
	deadline := time.Now().Add(patience)
	n := runtime.NumGoroutine()
	for n > want && time.Now().Before(deadline) {
		<-time.After(50 * time.Millisecond)
		n = runtime.NumGoroutine()
	}
	return n
}

// chaos runs everything and returns how many messages were sent.
func chaos(t *testing.T, during time.Duration) int {
	t.Helper()
	clock := &jumpingClock{}
	var mu sync.Mutex
	first := make(map[string][]string) // device: message ids in the order of their first arrival
	seen := make(map[string]bool)
	h, err := hubtest.New(hubtest.Options{Keep: 100, TokenGrace: -1, DropGrace: time.Second, Recorder: func(e hubtest.Event) {
		if e.Kind != hubtest.EventD2C {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if id := e.Properties["$.mid"]; !seen[e.Device+id] {
			seen[e.Device+id] = true
			first[e.Device] = append(first[e.Device], id)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c := &chaosRun{t: t, hub: h, clock: clock, done: make(chan uint64, 1<<20), feeds: make(map[string]interface{ Add(...string) }), sent: make(map[string]int)}
	stop := c.start()
	c.rage(during)
	total := c.calm()
	c.await(total)
	stop()

	mu.Lock()
	defer mu.Unlock()
	for id, n := range c.sent {
		for i, mid := range first[id] {
			if want := fmt.Sprint("m", i+1); mid != want {
				t.Errorf("%s: arrival %d is %s, want %s", id, i, mid, want)
				break
			}
		}
		if len(first[id]) != n {
			t.Errorf("%s: %d of %d messages arrived", id, len(first[id]), n)
		}
	}
	return total
}

// chaosRun is one run's supervisor and what troubles it.
type chaosRun struct {
	t     *testing.T
	hub   *hubtest.Hub
	clock *jumpingClock
	done  chan uint64
	feeds map[string]interface{ Add(...string) }
	sent  map[string]int
}

// start connects the devices.
func (c *chaosRun) start() (stop func()) {
	var devices []hub.Device
	for i := range chaosDevices {
		id := fmt.Sprint("lora", i)
		if err := c.hub.AddDevice(id, hub.DeviceTestKey()); err != nil {
			c.t.Fatal(err)
		}
		f := hub.NewTestFeed()
		f.Notify(c.done)
		c.feeds[id] = f
		d := hub.NewTestDevice(c.t, id, f)
		d.Handler = nopHandler{}
		if i%10 == 0 {
			d.Policy, d.Linger = hub.PolicyLinger, time.Second
		}
		devices = append(devices, d)
	}
	s, err := hub.NewSupervisor(hub.Options{
		Host: "contoso.azure-devices.net", Roots: c.hub.Roots(), Clock: c.clock, ConnectRate: 400, ConnectBurst: 50,
		TokenTTL: 4 * time.Second, ConnectTimeout: 2 * time.Second, PubAckTimeout: 2 * time.Second, KeepAlive: time.Second,
		Dial: dialTo(c.hub.Addr()),
	}.Hasty(100))
	if err != nil {
		c.t.Fatal(err)
	}
	s.Apply(devices)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			c.t.Error(err)
		}
	}
}

// chaosFaults are what can happen to a device.
func chaosFaults() []hubtest.Fault {
	return []hubtest.Fault{
		{Kind: hubtest.FaultRefuse, Code: 3, Count: 1},
		{Kind: hubtest.FaultRefuse, Code: 5, Count: 1},
		{Kind: hubtest.FaultHang, Count: 1},
		{Kind: hubtest.FaultCloseConnect, Count: 1},
		{Kind: hubtest.FaultResetConnect, Count: 1},
		{Kind: hubtest.FaultCloseSubscribe, Count: 1},
		{Kind: hubtest.FaultDrop, Count: 1},
		{Kind: hubtest.FaultDrop, Count: 1, Store: true},
		{Kind: hubtest.FaultReset, Count: 1},
		{Kind: hubtest.FaultCutPuback, Count: 1, Store: true},
		{Kind: hubtest.FaultDelayPuback, Delay: 300 * time.Millisecond, Count: 2},
		{Kind: hubtest.FaultNoAnswer, Count: 1},
		{Kind: hubtest.FaultError, Status: 429, Count: 1},
		{Kind: hubtest.FaultNoPingresp, Count: 1},
		{Kind: hubtest.FaultSlow, Delay: 100 * time.Millisecond, Count: 3},
		{Kind: hubtest.FaultSlowLink, Rate: 2000, Count: 1},
	}
}

// rage troubles the devices at random, and has them send.
func (c *chaosRun) rage(during time.Duration) {
	faults := chaosFaults()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); <-tick.C {
		id := fmt.Sprint("lora", rand.IntN(chaosDevices))
		c.send(id, 1+rand.IntN(3))
		switch n := rand.IntN(100); {
		case n < 30:
			if err := c.hub.Inject(id, faults[rand.IntN(len(faults))]); err != nil {
				c.t.Fatal(err)
			}
		case n < 35:
			_ = c.hub.Disconnect(id) // it may not be connected
		case n < 40:
			_ = c.hub.SendC2D(id, hubtest.C2D{Body: []byte("x")}) // its queue may be full
		case n == 40:
			c.clock.offset.Store(int64(time.Duration(rand.IntN(20)-10) * time.Second))
		case n == 41:
			c.clock.offset.Store(0)
		}
	}
}

// send queues n messages of a device.
func (c *chaosRun) send(id string, n int) {
	for range n {
		c.sent[id]++
		c.feeds[id].Add(fmt.Sprint("m", c.sent[id]))
	}
}

// calm ends the trouble, and returns how many messages there were.
func (c *chaosRun) calm() (total int) {
	c.hub.ClearFaults("")
	c.clock.offset.Store(0)
	for id, n := range c.sent {
		c.hub.ClearFaults(id)
		total += n
	}
	return total
}

// await waits until all messages are done.
func (c *chaosRun) await(total int) {
	timer := time.NewTimer(chaosSettle)
	defer timer.Stop()
	for i := range total {
		select {
		case <-c.done:
		case <-timer.C:
			c.t.Fatalf("%d of %d messages done", i, total)
		}
	}
}

package main

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/simulator"
)

// show is a stage with a daemon on it and nodes on the air.
type show struct {
	*stage
	daemon   *child
	arrivals *arrivals
	stop     func() // ends the nodes and checks that nothing was violated
}

// newShow starts everything and waits until every node has been heard.
func newShow(t *testing.T) *show {
	t.Helper()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	s, err := newStage(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	events, stopEvents := s.hub.Events(4096)
	t.Cleanup(stopEvents)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	got := newArrivals(s, newDemoPrinter(io.Discard, false))
	go got.collect(ctx, events)

	d := startDaemon(t, s)
	world := make(chan error, 1)
	go func() { world <- s.world.Run(ctx) }()
	waitForAll(t, s)
	stop := func() {
		t.Helper()
		last, cancelLast := context.WithTimeout(ctx, time.Minute)
		defer cancelLast()
		if err := s.world.Drain(last); err != nil {
			t.Errorf("the nodes did not finish: %v", err)
		}
		got.wait(last)
		d.terminate(t)
		cancel()
		if err := <-world; err != nil {
			t.Error(err)
		}
		if err := got.result().verdict(); err != nil {
			t.Errorf("%v: %+v\n%s", err, got.result(), d.stderr)
		}
	}
	return &show{stage: s, daemon: d, arrivals: got, stop: stop}
}

// frames waits until n more frames have been sent on the air.
func (s *show) frames(t *testing.T, n int) {
	t.Helper()
	want := s.world.Totals().Sent + n
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for s.world.Totals().Sent < want {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d frames sent, want %d", s.world.Totals().Sent, want)
		}
	}
}

// events waits for n more events of a kind.
func (s *show) events(t *testing.T, n int, match func(hubtest.Event) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	before := 0
	for _, e := range s.hub.History() {
		if match(e) {
			before++
		}
	}
	if _, err := s.hub.WaitEvents(ctx, before+n, match); err != nil {
		t.Fatalf("%v\n%s", err, s.daemon.stderr)
	}
}

// One daemon through a bad day: everything that can go wrong around it, one
// after the other, and in the end no frame is missing.
func TestBadDay(t *testing.T) {
	t.Parallel()
	s := newShow(t)
	s.reload(t)
	s.hostileAir(t)
	s.hubOutage(t)
	s.cablePulled(t)
	s.stop()
}

// hostileAir: forged, replayed, cut and foreign frames between the genuine
// ones. None may arrive at the hub, and none may cost a genuine one.
func (s *show) hostileAir(t *testing.T) {
	t.Helper()
	var genuine []byte
	for _, f := range s.world.Sent() {
		if f.Node == "greenhouse" && f.Heard > 0 {
			genuine = f.PHYPayload
		}
	}
	if genuine == nil {
		t.Fatal("nothing of greenhouse has been heard")
	}
	node, heard := s.world.Node("greenhouse"), 0
	var unheard error
	for range 20 { // on a busy machine many fall into an emission of the concentrator
		for _, f := range simulator.Hostile(genuine, rand.NewPCG(1, 2)) {
			if err := node.Inject(t.Context(), f.PHYPayload); err != nil {
				unheard = err
				continue
			}
			heard++
		}
		if heard >= 4 {
			return
		}
	}
	t.Errorf("only %d hostile frames were heard; the last that was not: %v", heard, unheard)
}

// hubOutage: while the hub refuses everybody the radio works on. Confirmed
// frames are acknowledged, and all wait.
func (s *show) hubOutage(t *testing.T) {
	t.Helper()
	if err := s.hub.Inject("", hubtest.Fault{Kind: hubtest.FaultRefuse, Code: 3}); err != nil {
		t.Fatal(err)
	}
	for _, n := range demoCast() {
		if err := s.hub.Disconnect(n.device); err != nil {
			t.Fatal(err)
		}
	}
	acked, messages := s.world.Totals().Acked, len(s.hub.Messages())
	s.frames(t, 8)
	if got := s.world.Totals().Acked; got == acked {
		t.Error("no confirmed frame was acknowledged while the hub was away")
	}
	if got := len(s.hub.Messages()); got > messages+4 { // those under way when the connections were cut
		t.Errorf("%d messages passed a hub that refuses", got-messages)
	}
	s.hub.ClearFaults("")
}

// cablePulled: the cable is pulled and put back.
func (s *show) cablePulled(t *testing.T) {
	t.Helper()
	// What the concentrator has heard and not handed over goes with the cable,
	// so pull it when everything has arrived.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s.arrivals.wait(ctx)
	s.picocell.Unplug()
	s.frames(t, 2)
	if err := s.picocell.Replug(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.picocell.Ready():
	case <-time.After(time.Minute):
		t.Fatalf("not up again\n%s", s.daemon.stderr)
	}
	s.events(t, 3, func(e hubtest.Event) bool { return e.Kind == hubtest.EventD2C })
}

// reload: SIGHUP with one node more, with a broken file, and with the node
// gone again. What has not changed keeps its connection.
func (s *show) reload(t *testing.T) {
	t.Helper()
	newcomer := castNode{device: "newcomer", deviceKey: demoCast()[0].deviceKey, devAddr: 1, nwkSKey: strings.Repeat("51", 16), appSKey: strings.Repeat("52", 16)}
	if err := s.hub.AddDevice(newcomer.device, newcomer.deviceKey); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(old)
	newcomer.writeTo(&b)
	s.hangUp(t, b.String())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	connected := func(e hubtest.Event) bool { return e.Kind == hubtest.EventConnected && e.Device == "newcomer" }
	if _, err := s.hub.WaitEvents(ctx, 1, connected); err != nil {
		t.Fatalf("%v\n%s", err, s.daemon.stderr)
	}
	s.hangUp(t, b.String()+"[[node]]\ndevice_idd = 1\n")
	s.hangUp(t, string(old))
	gone := func(e hubtest.Event) bool { return e.Kind == hubtest.EventDisconnected && e.Device == "newcomer" }
	if _, err := s.hub.WaitEvents(ctx, 1, gone); err != nil {
		t.Fatalf("the removed node stays connected: %v\n%s", err, s.daemon.stderr)
	}
	for _, e := range s.hub.History() {
		if e.Kind == hubtest.EventDisconnected && e.Device != "newcomer" {
			t.Errorf("%s was disconnected: %s %s", e.Device, e.Reason, e.Detail)
		}
	}
}

// hangUp replaces the configuration and tells the daemon.
func (s *show) hangUp(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(s.config, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.daemon.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

package modem_test

import (
	"context"
	"testing"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/modem"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/module"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// rig is a driver at work on a simulated module.
type rig struct {
	sim  *module.Module
	c    *modem.Concentrator
	up   chan radio.Uplink
	tx   chan radio.TxResult
	stop context.CancelFunc
	done chan struct{} // closed when Run has returned
	err  error         // what it returned
}

// newSim powers a simulated module up.
func newSim(t *testing.T, o module.Options) *module.Module {
	t.Helper()
	sim, err := module.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return sim
}

// newRig starts a driver on a new module.
func newRig(t *testing.T, o module.Options) *rig {
	t.Helper()
	kind := modem.Kind(o.Kind)
	if o.Kind == module.RN2483Old {
		kind = modem.RN2483
	}
	return run(t, newSim(t, o), kind)
}

func run(t *testing.T, sim *module.Module, kind modem.Kind) *rig {
	t.Helper()
	c, err := modem.New(modem.Options{
		Name: "stick", Kind: kind, Port: sim.Path(), Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{
		sim: sim, c: c, stop: cancel, done: make(chan struct{}),
		up: make(chan radio.Uplink, 32), tx: make(chan radio.TxResult, 32),
	}
	go func() {
		defer close(r.done)
		r.err = c.Run(ctx, r.up, r.tx)
	}()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end stops the driver; calling it again is harmless.
func (r *rig) end(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case <-r.done:
	case <-time.After(patience):
		t.Fatal("Run does not return")
	}
	if r.err != nil {
		t.Errorf("Run returned %v", r.err)
	}
}

// until waits until the driver's statistics are as wanted.
func (r *rig) until(t *testing.T, ok func(modem.Stats) bool) {
	t.Helper()
	give := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok(r.c.Stats()) {
		select {
		case <-give:
			t.Fatalf("never happened: %+v", r.c.Stats())
		case <-tick.C:
		}
	}
}

// ready waits until driver and module both receive, for the nth time.
func (r *rig) ready(t *testing.T, bringUps uint64) {
	t.Helper()
	r.until(t, func(s modem.Stats) bool { return s.State == "receiving" && s.BringUps == bringUps })
	r.armed(t)
}

// armed waits until the module's receiver runs.
func (r *rig) armed(t *testing.T) {
	t.Helper()
	select {
	case <-r.sim.Ready():
	case <-time.After(patience):
		t.Fatal("the module does not receive")
	}
}

// packet is one that the module is set up for.
func packet(payload string) radiotest.Packet {
	return radiotest.Packet{
		Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -80, SNR: 5, Payload: []byte(payload),
	}
}

// hear lets the module hear a frame and the driver deliver it.
func (r *rig) hear(t *testing.T, payload string) radio.Uplink {
	t.Helper()
	r.armed(t)
	if err := r.sim.Hear(packet(payload)); err != nil {
		t.Fatal(err)
	}
	select {
	case u := <-r.up:
		if string(u.Payload) != payload {
			t.Errorf("heard %+v", u)
		}
		return u
	case <-time.After(patience):
		t.Fatalf("nothing heard: %+v", r.c.Stats())
		return radio.Uplink{}
	}
}

func (r *rig) emission(t *testing.T) radiotest.Emission {
	t.Helper()
	select {
	case e := <-r.sim.Emissions():
		return e
	case <-time.After(patience):
		t.Fatalf("nothing emitted: %+v", r.c.Stats())
		return radiotest.Emission{}
	}
}

func (r *rig) result(t *testing.T) radio.TxResult {
	t.Helper()
	select {
	case res := <-r.tx:
		return res
	case <-time.After(patience):
		t.Fatalf("no result: %+v", r.c.Stats())
		return radio.TxResult{}
	}
}

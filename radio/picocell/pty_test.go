package picocell_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gatewayd/internal/serialport"
	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
)

// hurriedClock is real time, but for the wait that the calibration firmware
// needs on a real chip.
type hurriedClock struct{}

func (hurriedClock) Now() time.Time { return time.Now() }

func (hurriedClock) After(d time.Duration) <-chan time.Time {
	if d == 2300*time.Millisecond {
		d = 2 * time.Millisecond
	}
	return time.After(d)
}

// noPorts is a machine whose own ports are none of a test's business.
func noPorts() ([]serialport.Port, error) { return nil, nil }

// rig is a driver at work on a simulated device.
type rig struct {
	sim  *radiotest.PicoCell
	c    *picocell.Concentrator
	up   chan radio.Uplink
	tx   chan radio.TxResult
	stop context.CancelFunc
	done chan struct{} // closed when Run has returned
	err  error         // what it returned
}

func standIns(t *testing.T) func() (picocell.Images, error) {
	t.Helper()
	dir := t.TempDir()
	files := radiotest.StandInImages()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pins := picocell.PinsFor(files)
	return func() (picocell.Images, error) { return picocell.LoadImages(dir, pins) }
}

// newRig starts a driver on a device with the given faults, each a
// radiotest.Defect or a radiotest.Fault.
func newRig(t *testing.T, sim radiotest.PicoCellOptions, change func(*picocell.Options), faults ...any) *rig {
	t.Helper()
	p, err := radiotest.NewPicoCell(sim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	for _, f := range faults {
		switch f := f.(type) {
		case radiotest.Defect:
			p.Break(f, radiotest.Always)
		case radiotest.Fault:
			p.Inject(f)
		}
	}
	o := picocell.Options{
		Name: "roof", Port: p.Path(), Board: picocell.EU868(), LoadImages: standIns(t), Clock: hurriedClock{}, Ports: noPorts,
	}
	if change != nil {
		change(&o)
	}
	return run(t, p, o)
}

// another starts a second driver on the same port.
func (r *rig) another(t *testing.T) *rig {
	t.Helper()
	return run(t, r.sim, picocell.Options{
		Name: "thief", Port: r.sim.Path(), Board: picocell.EU868(), LoadImages: standIns(t), Clock: hurriedClock{},
	})
}

func run(t *testing.T, p *radiotest.PicoCell, o picocell.Options) *rig {
	t.Helper()
	c, err := picocell.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{
		sim: p, c: c, stop: cancel, done: make(chan struct{}),
		up: make(chan radio.Uplink, 32), tx: make(chan radio.TxResult, 32),
	}
	go func() {
		defer close(r.done)
		r.err = c.Run(ctx, r.up, r.tx)
	}()
	t.Cleanup(func() { r.end(t) })
	return r
}

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// end stops the driver; calling it again is harmless.
func (r *rig) end(t *testing.T) {
	t.Helper()
	r.stop()
	<-r.done
	if r.err != nil {
		t.Errorf("Run returned %v", r.err)
	}
}

// until waits until the driver's state is as wanted.
func (r *rig) until(t *testing.T, ok func(picocell.Stats) bool) {
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

// ready waits until the driver and the device both receive.
func (r *rig) ready(t *testing.T) {
	t.Helper()
	r.until(t, func(s picocell.Stats) bool { return s.State == "receiving" })
	select {
	case <-r.sim.Ready():
	case <-time.After(patience):
		t.Fatal("the device is not ready")
	}
}

func (r *rig) uplink(t *testing.T) radio.Uplink {
	t.Helper()
	select {
	case u := <-r.up:
		return u
	case <-time.After(patience):
		t.Fatal("nothing heard")
		return radio.Uplink{}
	}
}

func (r *rig) emission(t *testing.T) radiotest.Emission {
	t.Helper()
	select {
	case e := <-r.sim.Emissions():
		return e
	case <-time.After(patience):
		t.Fatal("nothing emitted")
		return radiotest.Emission{}
	}
}

func (r *rig) result(t *testing.T) radio.TxResult {
	t.Helper()
	select {
	case res := <-r.tx:
		return res
	case <-time.After(patience):
		t.Fatal("no result")
		return radio.TxResult{}
	}
}

// hear lets the device hear a frame and the driver deliver it.
func (r *rig) hear(t *testing.T) radio.Uplink {
	t.Helper()
	p := radiotest.Packet{Frequency: 868_500_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -80, SNR: 5, Payload: []byte("frame")}
	err := r.sim.Hear(p)
	for errors.Is(err, radiotest.ErrDeaf) { // part of the frame was on air during an emission
		<-time.After(10 * time.Millisecond)
		err = r.sim.Hear(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	u := r.uplink(t)
	if string(u.Payload) != "frame" || u.Frequency != p.Frequency || u.DataRate != p.DataRate {
		t.Errorf("heard %+v", u)
	}
	return u
}

package conformance_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// standIns is a source of firmware images that the simulated PicoCell knows.
func standIns(t testing.TB) func() (picocell.Images, error) {
	t.Helper()
	dir, files := t.TempDir(), radiotest.StandInImages()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pins := picocell.PinsFor(files)
	return func() (picocell.Images, error) { return picocell.LoadImages(dir, pins) }
}

// picoCell is a driver with a simulated PicoCell on a pseudo-terminal.
func picoCell(t testing.TB, s setup) *rig {
	t.Helper()
	var o radiotest.PicoCellOptions
	if s.wraps {
		o.StartCount = math.MaxUint32 - 12_000_000 // the bring-up takes a while
	}
	p, err := radiotest.NewPicoCell(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	board := picocell.EU868()
	if s.reach != [2]uint32{} {
		board.Radios[0].TxMin, board.Radios[0].TxMax = s.reach[0], s.reach[1]
	}
	c, err := picocell.New(picocell.Options{
		Name: s.name, Port: p.Path(), Board: board, LoadImages: standIns(t), Clock: hurriedClock{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{
		peer: p, driver: c, gateway: radio.EUI64{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}, replug: p.Replug,
		restart: func() error {
			p.Unplug()
			return p.Replug()
		},
	}
}

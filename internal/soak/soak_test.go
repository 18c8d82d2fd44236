package soak

import (
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Environment of the long run that "make soak" orders.
const (
	envFor    = "GATEWAYD_SOAK"   // how long, "2h"; else 20 s with fewer nodes
	envBinary = "GATEWAYD_BINARY" // else one is built
)

// TestSoak lets the daemon work through outages and restarts, at 50 frames a
// second of 500 nodes.
func TestSoak(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	// A node listens for so long before its pause begins.
	const listens = 2300 * time.Millisecond
	lasts, nodes, rate, oneIn := 20*time.Second, 60, 10, 10
	if text := os.Getenv(envFor); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil || lasts < time.Minute {
			t.Fatalf("%s=%q: want a minute or more", envFor, text)
		}
		nodes, rate, oneIn = 500, 65, 25 // of 65, the concentrator hears 50: it sends too
	}
	dir := t.TempDir()
	binary := gatewayd(t, dir)
	s, err := NewStage(Options{Dir: dir, Nodes: nodes, Interval: time.Duration(nodes)*time.Second/time.Duration(rate) - listens, OneIn: oneIn, Seed: rand.Uint64()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := Plan{Stage: s, Binary: binary, Nodes: nodes, For: lasts, Out: t.Output(), Line: terminal(os.Stdout)}
	if err := Run(t.Context(), p); err != nil {
		t.Error(err)
	}
	if got := s.Judge.Totals(); got.Frames < int(lasts.Seconds())*rate/4 || got.Acked == 0 || got.Joins == 0 || got.Told == 0 {
		t.Errorf("too little happened: %+v", got)
	}
}

// gatewayd is the binary.
func gatewayd(t *testing.T, dir string) string {
	t.Helper()
	if file := os.Getenv(envBinary); file != "" {
		return file
	}
	file := filepath.Join(dir, "gatewayd")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", file, "gatewayd/cmd/gatewayd").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// terminal is f if it is one, else nil.
func terminal(f *os.File) io.Writer {
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	return f
}

func TestTrend(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for name, tt := range map[string]struct {
		slope, noise float64 // per hour; of each value
		flat         bool
	}{
		"constant":             {0, 0, true},
		"noise":                {0, 20, true},
		"shrinks":              {-50, 1, true},
		"a little":             {3, 1, true},
		"a leak":               {20, 1, false},
		"a leak within noise":  {20, 20, false},
		"hidden by wild noise": {6, 400, true},
	} {
		s := series{name: "x", scale: 1}
		for i := range 400 {
			at := time.Duration(i) * 9 * time.Second // an hour
			s.add(at, 100+tt.slope*at.Hours()+tt.noise*(rng.Float64()-0.5))
		}
		if text, flat := s.verdict(); flat != tt.flat {
			t.Errorf("%s: %s, want flat: %v", name, text, tt.flat)
		}
	}
	few := series{name: "x"}
	few.add(0, 1)
	if _, ok := few.fit(); ok {
		t.Error("a line through one point")
	}
}

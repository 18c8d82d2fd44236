package main

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatewayd/internal/soak"
)

const (
	// killsEnv is how often TestCrash kills the daemon, if not killsUsual
	// times; killSeedEnv makes it choose the same moments again.
	killsEnv    = "GATEWAYD_KILLS"
	killSeedEnv = "GATEWAYD_KILL_SEED"
	killsUsual  = 10

	crashNodes = 6
	joiner     = 4 // the node that joins again and again
	// meanLife is how long the daemon lives between two kills. Lives are
	// distributed exponentially: many end while it still starts, some go on
	// for long.
	meanLife = 1200 * time.Millisecond
)

// TestCrash kills the daemon with SIGKILL at random moments, again and again.
// What was acknowledged to a node must reach the hub, no frame may come under
// two message ids or out of its node's order, no counter or nonce may be used
// twice (the simulated nodes watch for that), what was recorded on the air must
// not be accepted once more, and downlinks must not be forgotten.
func TestCrash(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 40 s")
	}
	kills, seed := number(t, killsEnv, killsUsual), uint64(number(t, killSeedEnv, 0))
	if seed == 0 {
		seed = rand.Uint64N(1 << 31)
	}
	t.Logf("%d kills; %s=%d chooses the same moments", kills, killSeedEnv, seed)
	s, err := soak.NewStage(soak.Options{Dir: t.TempDir(), Nodes: crashNodes, Interval: 1500 * time.Millisecond, OneIn: 3, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c := &crash{t: t, stage: s, rng: rand.New(rand.NewPCG(seed, 1))}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	world := make(chan error, 1)
	go func() { world <- s.World.Run(ctx) }()
	c.play(ctx, kills)
	c.judge()
	cancel()
	if err := <-world; err != nil {
		t.Error(err)
	}
}

// number reads a positive number from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: want a number from 1", name, text)
	}
	return n
}

// crash is a daemon that is killed.
type crash struct {
	t     *testing.T
	stage *soak.Stage
	rng   *rand.Rand
}

// play lets the daemon be killed and looks whether it forgets anything.
func (c *crash) play(ctx context.Context, kills int) {
	c.t.Helper()
	d := spawn(c.t, c.stage.Config)
	heard, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	if err := c.stage.AllHeard(heard, crashNodes); err != nil {
		c.t.Fatalf("%v\n%s", err, d.stderr)
	}
	enough, joined := make(chan struct{}), make(chan error, 1)
	go func() { joined <- c.stage.Rejoin(ctx, joiner, 2*time.Second, enough) }()
	for i := range kills {
		c.enqueue()
		c.kill(ctx, d)
		d = spawn(c.t, c.stage.Config)
		if i%100 == 99 {
			c.t.Logf("%d kills: %+v", i+1, c.stage.Judge.Totals())
		}
	}
	c.enqueue()
	close(enough)
	if err := <-joined; err != nil {
		c.t.Error(err)
	}
	last, stopLast := context.WithTimeout(ctx, 10*time.Minute)
	defer stopLast()
	if err := c.stage.Settle(last, time.Minute); err != nil {
		c.t.Error(err)
	}
	c.finish(last, d)
	d.terminate(c.t)
	c.blame(d)
}

// finish lets everything arrive, replays what was on the air, and looks for
// what is missing.
func (c *crash) finish(ctx context.Context, d *child) {
	c.t.Helper()
	joins := -1
	replayed, err := c.stage.Replay(ctx, crashNodes, func() { joins = c.stage.Judge.Totals().Joins })
	if err != nil {
		c.t.Fatalf("%v\n%s", err, d.stderr)
	}
	c.t.Logf("%d frames replayed", replayed)
	if replayed < 3*crashNodes {
		c.t.Errorf("only %d frames could be replayed", replayed)
	}
	if now := c.stage.Judge.Totals().Joins; now != joins {
		c.t.Errorf("%d recorded join requests were answered once more", now-joins)
	}
	undelivered, err := c.stage.Undelivered(ctx)
	if err != nil {
		c.t.Error(err)
	}
	for _, u := range undelivered {
		c.t.Error(u)
	}
}

func (c *crash) enqueue() {
	c.t.Helper()
	if err := c.stage.Enqueue(3); err != nil {
		c.t.Error(err)
	}
}

// kill waits for a random moment of d's life and ends it.
func (c *crash) kill(ctx context.Context, d *child) {
	c.t.Helper()
	life := min(time.Duration(c.rng.ExpFloat64()*float64(meanLife)), 5*meanLife)
	select {
	case <-time.After(life):
	case <-ctx.Done():
		c.t.Fatal(ctx.Err())
	case err := <-d.exited:
		c.t.Fatalf("the daemon ended by itself: %v\n%s", err, d.stderr)
	}
	if err := d.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	if err := <-d.exited; err == nil {
		c.t.Error("exit code 0 after SIGKILL")
	}
	c.blame(d)
	c.stage.Judge.Look(c.stage.World)
}

// blame looks for what a killed process cannot have done to the store. It may
// read the log of a daemon that has ended only.
func (c *crash) blame(d *child) {
	c.t.Helper()
	for _, word := range []string{"damaged", "panic", "goroutine "} {
		if strings.Contains(d.stderr.String(), word) {
			c.t.Fatalf("the daemon says %q\n%s", word, d.stderr)
		}
	}
}

// judge looks at what has happened in all lives.
func (c *crash) judge() {
	c.t.Helper()
	totals := c.stage.Judge.Totals()
	c.t.Logf("%+v", totals)
	for _, m := range c.stage.Judge.Missing() {
		c.t.Errorf("acknowledged but never at the hub: %s", m)
	}
	for _, p := range c.stage.Judge.Problems() {
		c.t.Error(p)
	}
	for _, v := range c.stage.World.Violations() {
		c.t.Error(v)
	}
	for _, v := range c.stage.Gateway.Violations() {
		c.t.Error(v)
	}
	if totals.Frames == 0 || totals.Acked == 0 || totals.Joins == 0 || totals.Told == 0 {
		c.t.Errorf("too little happened: %+v", totals)
	}
}

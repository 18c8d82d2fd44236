package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/control"
)

// Plan of a soak.
type Plan struct {
	Stage  *Stage
	Binary string // of gatewayd
	Nodes  int
	For    time.Duration
	Out    io.Writer // what it says
	Line   io.Writer // a terminal for a line of progress; nil: none
}

// The time is divided into parts; in each there is an outage of the hub.
// Restarts happen in the first of them, so that the last life of the daemon,
// the one whose slopes count, has two thirds of the time. A short run has few
// parts: a hub that closes connections again and again within seconds is taken
// for one that another client is at.
const (
	parts, restartedIn           = 12, 4
	shortParts, shortRestartedIn = 2, 1
	short                        = 10 * time.Minute
	outageShare                  = 4 // a quarter of each part
	samples                      = 40
)

// patience is how long the last frames and downlinks may take: what a hub that
// is busy may, and after outages of minutes the longest wait before a device
// tries again, which is five minutes.
func (p Plan) patience() time.Duration {
	if p.For < short {
		return time.Minute
	}
	return 6 * time.Minute
}

// division is the number of parts, and of those with a restart.
func (p Plan) division() (all, restarted int) {
	if p.For < short {
		return shortParts, shortRestartedIn
	}
	return parts, restartedIn
}

// Run lets a daemon work through outages and restarts, and returns what went
// wrong, if anything.
func Run(ctx context.Context, p Plan) (err error) {
	s := &soak{Plan: p, begin: time.Now(), series: newSeries()}
	if s.daemon, err = start(p.Binary, p.Stage.Config); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.daemon.stop()) }()
	air, stop := context.WithCancel(ctx)
	world := make(chan error, 1)
	go func() { world <- p.Stage.World.Run(air) }()
	all, _ := p.division()
	for part := range all {
		if err := s.part(ctx, part); err != nil {
			stop()
			return errors.Join(err, <-world)
		}
	}
	err = s.finish(ctx)
	stop()
	return errors.Join(err, <-world, s.slopes())
}

// soak is a running Plan.
type soak struct {
	Plan
	begin  time.Time
	daemon *process
	life   int // restarts
	lines  int // of log, of lives that have ended
	series map[string]*series
}

// Names of the series.
const (
	resident    = "resident"
	descriptors = "descriptors"
	goroutines  = "goroutines"
	storeBytes  = "store"
)

func newSeries() map[string]*series {
	all := map[string]*series{}
	for _, s := range []*series{
		{name: resident, unit: "MB", scale: 1e-6},
		{name: descriptors, scale: 1},
		{name: goroutines, scale: 1},
		{name: storeBytes, unit: "MB", scale: 1e-6},
	} {
		all[s.name] = s
	}
	return all
}

// part is calm, an outage, and calm again; in the first ones a restart too.
func (s *soak) part(ctx context.Context, part int) error {
	all, restarted := s.division()
	length := s.For / time.Duration(all)
	if err := s.calm(ctx, length/2); err != nil {
		return err
	}
	if err := s.outage(true); err != nil {
		return err
	}
	if part < restarted {
		if err := s.restart(part%2 == 0); err != nil {
			return err
		}
	}
	err := s.watch(ctx, length/outageShare, false)
	if err := errors.Join(err, s.outage(false)); err != nil {
		return err
	}
	return s.watch(ctx, length/4, false) // it catches up
}

// calm is time in which samples count, once the daemon has warmed up.
func (s *soak) calm(ctx context.Context, d time.Duration) error { return s.watch(ctx, d, true) }

// outage lets the hub refuse everybody, or ends that.
func (s *soak) outage(begins bool) error {
	if !begins {
		s.Stage.Hub.ClearFaults("")
		return nil
	}
	err := s.Stage.Hub.Inject("", hubtest.Fault{Kind: hubtest.FaultRefuse, Code: 3})
	for i := range s.Nodes {
		err = errors.Join(err, s.Stage.Hub.Disconnect(Device(i)))
	}
	return err
}

// restart ends the daemon, in good order or not, and starts it again.
func (s *soak) restart(orderly bool) error {
	end := s.daemon.kill
	if orderly {
		end = s.daemon.stop
	}
	if err := end(); err != nil {
		return err
	}
	s.life++
	s.lines += s.daemon.log.count()
	s.series = newSeries()
	var err error
	s.daemon, err = start(s.Binary, s.Stage.Config)
	return err
}

// watch lets time pass: it takes samples, keeps the judge up to date and
// downlinks coming.
func (s *soak) watch(ctx context.Context, d time.Duration, count bool) error {
	every := min(max(s.For/(parts*samples), 250*time.Millisecond), 5*time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.daemon.exited:
			return fmt.Errorf("the daemon ended by itself: %w\n%s", errors.Join(err, errEnded), s.daemon.log)
		case <-tick.C:
		}
		if err := s.Stage.Enqueue(3); err != nil && !errors.Is(err, hubtest.ErrQueueFull) {
			return err
		}
		if err := s.sample(ctx, count); err != nil {
			return err
		}
		s.progress()
	}
	return nil
}

var errEnded = errors.New("nobody told it to")

// sample measures the daemon.
func (s *soak) sample(ctx context.Context, count bool) error {
	rss, err := s.daemon.resident()
	open, err2 := s.daemon.descriptors()
	stored, err3 := bytesBelow(filepath.Join(s.Stage.State, "store"))
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	var status struct {
		Goroutines int `json:"goroutines"`
	}
	ask, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	err = control.Call(ask, filepath.Join(s.Stage.State, "control.sock"), "GET", "/v1/status", nil, &status)
	if !count {
		return nil
	}
	at := time.Since(s.begin)
	s.series[resident].add(at, float64(rss))
	s.series[descriptors].add(at, float64(open))
	s.series[storeBytes].add(at, float64(stored))
	if err == nil && status.Goroutines > 0 { // a daemon that starts does not answer yet
		s.series[goroutines].add(at, float64(status.Goroutines))
	}
	return nil
}

// progress renews the line on the terminal.
func (s *soak) progress() {
	if s.Line == nil {
		return
	}
	t := s.Stage.Judge.Totals()
	fmt.Fprintf(s.Line, "\r\x1b[K%v of %v: %d frames arrived (%d twice), %d acknowledged, %d downlinks, %d restarts, %d problems",
		time.Since(s.begin).Round(time.Second), s.For, t.Frames, t.Repeated, t.Acked, t.Told, s.life, len(s.Stage.Judge.Problems()))
}

// finish lets the nodes fall silent and everything arrive, and judges.
func (s *soak) finish(ctx context.Context) error {
	last, stop := context.WithTimeout(ctx, 15*time.Minute)
	defer stop()
	err := s.Stage.Settle(last, s.patience())
	if s.Line != nil {
		fmt.Fprintln(s.Line)
	}
	bad := append(s.Stage.Judge.Problems(), s.Stage.Judge.Missing()...)
	undelivered, askErr := s.Stage.Undelivered(last)
	bad = append(bad, undelivered...)
	for _, v := range s.Stage.World.Violations() {
		bad = append(bad, v.String())
	}
	bad = append(bad, s.Stage.Gateway.Violations()...)
	fmt.Fprintf(s.Out, "%+v, %d lines of log\n", s.Stage.Judge.Totals(), s.lines+s.daemon.log.count())
	if err = errors.Join(err, askErr); err == nil && len(bad) == 0 {
		return nil
	}
	return fmt.Errorf("promises not kept: %w\n%s\nthe end of the log:\n%v", errors.Join(err, errPromises), strings.Join(bad, "\n"), s.daemon.log)
}

var errPromises = errors.New("see below")

// slopes prints what has become of memory and the rest in the last life. A
// short run is all beginning, so it is not judged by them.
func (s *soak) slopes() error {
	var grows []string
	for _, name := range []string{resident, goroutines, descriptors, storeBytes} {
		text, flat := s.series[name].settled().verdict()
		fmt.Fprintln(s.Out, text)
		if !flat {
			grows = append(grows, name)
		}
	}
	if len(grows) > 0 && s.For >= short {
		return fmt.Errorf("not flat: %s", strings.Join(grows, ", "))
	}
	return nil
}

// settled is the series without its first quarter, in which a daemon warms up.
func (s *series) settled() *series {
	out := *s
	out.at, out.value = s.at[len(s.at)/4:], s.value[len(s.value)/4:]
	return &out
}

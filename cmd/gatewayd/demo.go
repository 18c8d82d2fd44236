package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/config"
	"gatewayd/internal/simulator"
	"gatewayd/radio/radiotest"
)

const (
	// demoBringUp is how long the bring-up may take: 5 s of calibration, and
	// an emulated processor may be slow.
	demoBringUp = 2 * time.Minute
	// demoArrival is how long the last frames may take to the hub.
	demoArrival = 15 * time.Second
)

func (a *app) demoCommand() *cobra.Command {
	var d time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole path at work, without any hardware or cloud",
		Long: "Show the whole path at work: simulated nodes on the air, a simulated PicoCell on a pseudo-terminal, the " +
			"daemon, and an IoT Hub emulator over TLS and MQTT, until Ctrl-C. The exit code is 0 if every frame " +
			"that the concentrator heard arrived at the hub.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.demo(d, asJSON) },
	}
	c.Flags().DurationVar(&d, "for", 0, "stop after this long (default: until Ctrl-C)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object per line")
	return c
}

func (a *app) demo(d time.Duration, asJSON bool) (err error) {
	if d < 0 {
		return usagef("--for %v: want a positive duration, e.g. 20s", d)
	}
	dir, err := os.MkdirTemp("", "gatewayd-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone must not keep us from cleaning up
	// A second Ctrl-C ends the demo without waiting for the last frames.
	context.AfterFunc(ctx, stop)

	s, err := newStage(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return a.play(ctx, s, newDemoPrinter(a.stdout, asJSON), d)
}

// stage is everything around the daemon.
type stage struct {
	hub      *hubtest.Hub
	picocell *radiotest.PicoCell
	world    *simulator.World
	config   string // path of the daemon's configuration
	page     string // address of the daemon's page
}

// newStage builds the stage; dir is for its files.
func newStage(dir string) (_ *stage, err error) {
	s := &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.hub, err = hubtest.New(hubtest.Options{Hostname: demoHost}); err != nil {
		return nil, err
	}
	cast := demoCast()
	for _, n := range cast {
		if err := s.hub.AddDevice(n.device, n.deviceKey); err != nil {
			return nil, err
		}
	}
	if err := s.hub.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.picocell, err = radiotest.NewPicoCell(radiotest.PicoCellOptions{}); err != nil {
		return nil, err
	}
	if s.world, err = simulator.New(s.picocell, simulated(cast), simulator.Options{}); err != nil {
		return nil, err
	}
	if s.page, err = freeAddress(); err != nil {
		return nil, err
	}
	s.config, err = writeDemoConfig(dir, s.hub, s.picocell.Path(), s.page, cast)
	return s, err
}

// freeAddress is one of this machine's that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *stage) close() error {
	var errs []error
	if s.picocell != nil {
		errs = append(errs, s.picocell.Close())
	}
	if s.hub != nil {
		errs = append(errs, s.hub.Close())
	}
	return errors.Join(errs...)
}

// play runs the daemon on the stage and shows what arrives.
func (a *app) play(ctx context.Context, s *stage, p *demoPrinter, d time.Duration) error {
	cfg, err := config.Load(s.config, a.getenv)
	if err != nil {
		return err
	}
	log, err := newLogger(a.stderr, cfg.Log.Level, cfg.Log.Format, a.getenv)
	if err != nil {
		return err
	}
	daemon, err := newDaemon(cfg, log, nil)
	if err != nil {
		return err
	}
	p.intro(s, len(cfg.Nodes))
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	events, stopEvents := s.hub.Events(1024)
	defer stopEvents()

	var parts errgroup.Group
	parts.Go(func() error { return daemon.run(lasting) })
	arrivals := newArrivals(s, p)
	parts.Go(func() error { arrivals.collect(lasting, events); return nil })

	err = a.broadcast(ctx, s, p, d, arrivals)
	stop()
	err = errors.Join(err, parts.Wait())
	r := arrivals.result()
	p.summary(r)
	return errors.Join(err, r.verdict())
}

// broadcast lets the nodes send for d, or until ctx ends, and waits for the
// last frames to arrive.
func (a *app) broadcast(ctx context.Context, s *stage, p *demoPrinter, d time.Duration, arrivals *arrivals) error {
	select {
	case <-s.picocell.Ready():
		p.ready()
	case <-ctx.Done():
		return nil
	case <-time.After(demoBringUp):
		return fmt.Errorf("the concentrator did not come up within %v", demoBringUp)
	}
	air, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var nodes errgroup.Group
	nodes.Go(func() error { return s.world.Run(air) })
	if d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	<-ctx.Done()
	p.draining()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), demoArrival)
	defer cancel()
	err := s.world.Drain(last)
	arrivals.wait(last)
	stop()
	return errors.Join(err, nodes.Wait())
}

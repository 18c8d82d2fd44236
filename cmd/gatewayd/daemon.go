package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/internal/clock"
	"gatewayd/internal/config"
	"gatewayd/internal/history"
	"gatewayd/internal/journal"
	"gatewayd/internal/status"
	"gatewayd/internal/store"
)

const (
	// uplinkQueue is how many frames may wait for the bridge: half a second of
	// 2,000 frames each, or eight full FIFOs of eight concentrators. It fills
	// only while the disk stands still.
	uplinkQueue = 1024
	// stopWithin bounds the shutdown whatever is silent. systemd is told to
	// wait a little longer.
	stopWithin = 9 * time.Second
)

// daemon is the whole path of a frame, wired up.
type daemon struct {
	cfg    *config.Config
	log    *zap.Logger
	store  *store.Store
	clock  *clock.Clock
	fleet  *fleet
	bridge *bridge.Bridge
	hub    *hub.Supervisor
	// provisioner is nil without a provisioning service.
	provisioner *hub.Provisioner
	self        *self // nil without an identity of its own

	// now is the configuration as reloaded; cfg is that of the start.
	now atomic.Pointer[config.Config]
	// applying serialises what the hub is told, and guards the rest.
	applying sync.Mutex
	touched  map[string]bool // devices that are, or need not be, provisioned, by id
	// untouched says that devices wait for the first frame of their node before
	// they are provisioned.
	untouched bool

	pulse     pulse
	frames    *journal.Journal[bridge.Heard]
	charts    *journal.Journal[sampled]
	past      *history.History // of the charts, over restarts
	stopping  chan struct{}    // closed when what streams is to end
	started   time.Time
	reloadNow chan struct{} // somebody asks for a reload; cap 1
	running   chan struct{} // closed once every part runs
}

// storeDir is the store's directory within the state directory, and oldStore
// the file that the first releases had there instead.
const (
	storeDir = "store"
	oldStore = "gatewayd.db"
)

// newDaemon opens the store and builds every part. It starts none. alive is
// called as long as the bridge gets around.
func newDaemon(cfg *config.Config, log *zap.Logger, alive func()) (*daemon, error) {
	if err := os.MkdirAll(cfg.StateDir, 0o700); err != nil {
		return nil, fmt.Errorf("state_dir: %w", err)
	}
	s, err := store.Open(filepath.Join(cfg.StateDir, storeDir), store.Options{
		MaxBytes: cfg.Outbox.MaxBytes, MaxAge: cfg.Outbox.MaxAge, Spool: cfg.Outbox.Spool,
		MigrateFrom: filepath.Join(cfg.StateDir, oldStore), Log: log.Named("store"),
	})
	if err != nil {
		return nil, err
	}
	reportStore(log.Named("store"), s.Report())
	d := &daemon{cfg: cfg, log: log, store: s, started: time.Now(), reloadNow: make(chan struct{}, 1), running: make(chan struct{}), touched: map[string]bool{}}
	d.now.Store(cfg)
	d.frames, d.charts = newJournals()
	d.past = openPast(cfg, log)
	d.stopping = make(chan struct{})
	if err := d.build(alive); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return d, nil
}

// reportStore says what was found in the store, as loudly as it deserves.
func reportStore(log *zap.Logger, r store.Report) {
	level := zap.InfoLevel
	if len(r.Damaged) > 0 || r.SalvagedCounters || r.Ignored != "" {
		level = zap.WarnLevel
	}
	log.Log(level, "store opened", zap.Stringer("found", r))
}

func (d *daemon) build(alive func()) error {
	seen, err := d.store.LastSeen()
	if err != nil {
		return err
	}
	d.clock = clock.New(clock.Options{RequireSync: d.cfg.Clock.RequireSync, NotBefore: seen})
	trusted := func() bool {
		ok, _ := d.clock.Trusted()
		return ok
	}
	if d.fleet, err = newFleet(d.cfg.Concentrators, trusted, d.log); err != nil {
		return err
	}
	served, err := network(d.cfg, transmitters(d.fleet.list()), d.log)
	if err != nil {
		return err
	}
	d.bridge, err = bridge.New(bridge.Options{
		Store: d.store, Clock: d.clock, Log: d.log.Named("bridge"), Network: served,
		Dedup: d.cfg.LoRaWAN.DedupWindow, Suspect: d.store.Report().SalvagedCounters, Operator: d, Alive: d.beating(alive),
		Watch: d.watch, Decoded: d.decoded,
	})
	if err != nil {
		return err
	}
	log := d.log.Named("hub")
	d.hub, err = hub.NewSupervisor(hubOptions(d.cfg, d.clock, kept[hub.QuotaCount]{d.store, quotaBucket}, log))
	if err != nil {
		return err
	}
	d.provisioner, err = newProvisioner(d.cfg, d.clock, kept[hub.Assignment]{d.store, assignmentBucket}, log)
	if err != nil {
		return err
	}
	if d.cfg.Gateway.DeviceID != "" {
		d.self = newSelf(d)
	}
	d.applyDevices(d.cfg)
	return nil
}

// beating notes that the bridge gets around, and passes it on.
func (d *daemon) beating(alive func()) func() {
	return func() {
		d.pulse.beat(time.Since(d.started))
		if alive != nil {
			alive()
		}
	}
}

// statusServer is the page for people and monitors.
func (d *daemon) statusServer() *status.Server {
	c := d.cfg.Status
	o := status.Options{
		Listen: c.Listen, Token: c.Token.Reveal(), Log: d.log.Named("status"), Metrics: d.metrics,
		Alive: func() (bool, string) { return d.pulse.alive(time.Since(d.started)) },
		Ready: func() []status.Part { return d.snapshot().ready() }, Page: status.Page(d.controlAPI()),
	}
	if c.TLS != nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*c.TLS}}
	}
	return status.New(o)
}

// Reconnect is bridge.Operator's.
func (d *daemon) Reconnect(device string) bool { return d.hub.Reconnect(device) }

// run works until ctx ends, and then stops: first the radio, then the bridge
// when it has dealt with what the radio heard, then the hub.
func (d *daemon) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var middle, cloud errgroup.Group
	d.fleet.start(ctx, cancel)
	lasting := context.WithoutCancel(ctx)
	middle.Go(func() error { return d.bridge.Run(lasting, d.fleet.up, d.fleet.tx) })
	hubCtx, stopHub := context.WithCancel(lasting)
	defer stopHub()
	cloud.Go(func() error { return d.hub.Run(hubCtx) })
	if d.self != nil {
		cloud.Go(func() error { return d.self.run(ctx) })
	}
	if d.cfg.Status.Listen != "" {
		cloud.Go(func() error { return d.samples(hubCtx) })
		page := d.statusServer()
		cloud.Go(func() error { return page.Run(hubCtx) })
	}
	if d.cfg.ControlSocket != "" {
		cloud.Go(func() error { return d.controls(hubCtx) })
	}

	close(d.running)

	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		close(d.stopping)
		d.fleet.wait()
		close(d.fleet.up)
		err := middle.Wait()
		stopHub()
		stopped <- errors.Join(err, cloud.Wait())
	}()
	<-ctx.Done()
	return d.stop(ctx, stopped)
}

// stop waits for the parts, but not for ever.
func (d *daemon) stop(ctx context.Context, stopped <-chan error) error {
	cause := context.Cause(ctx)
	d.log.Info("stopping", zap.String("cause", cause.Error()))
	if errors.Is(cause, context.Canceled) || isSignal(cause) {
		cause = nil
	}
	select {
	case err := <-stopped:
		d.log.Info("stopped", zap.String("summary", d.summary()))
		return errors.Join(cause, err, d.store.Close())
	case <-time.After(stopWithin):
		return errors.Join(cause, fmt.Errorf("still busy %v after the order to stop; accepted frames are safe on disk", stopWithin))
	}
}

// reload takes over the concentrators, nodes and groups of cfg. What has not
// changed stays up.
func (d *daemon) reload(ctx context.Context, cfg *config.Config) error {
	if !reflect.DeepEqual(fixed(cfg), fixed(d.cfg)) {
		d.log.Warn("only [lorawan], [[concentrator]], [[node]] and [[group]] are re-read: restart gatewayd to apply the other changes")
	}
	cfg.Gateway, cfg.OtherHubs, cfg.DPS, cfg.Hub = d.cfg.Gateway, d.cfg.OtherHubs, d.cfg.DPS, d.cfg.Hub
	cfg.Compat, cfg.Status, cfg.Outbox = d.cfg.Compat, d.cfg.Status, d.cfg.Outbox
	if err := d.reachable(cfg); err != nil {
		return err
	}
	n, err := network(cfg, nil, d.log)
	if err != nil {
		return err
	}
	err = d.fleet.set(cfg.Concentrators, func(gateways map[string]bridge.Transmitter) error {
		n.Gateways = gateways
		return d.bridge.Apply(ctx, n)
	})
	if err != nil {
		return err
	}
	d.applyDevices(cfg)
	d.log.Info("configuration re-read", zap.Int("nodes", len(cfg.Nodes)), zap.Int("groups", len(cfg.Groups)),
		zap.Int("concentrators", len(cfg.Concentrators)))
	return nil
}

// reachable refuses devices of hubs, or of a provisioning service, that were not
// configured at the start.
func (d *daemon) reachable(cfg *config.Config) error {
	known := map[string]bool{"": true}
	for _, h := range cfg.OtherHubs {
		known[h.Host] = true
	}
	ids := map[string]config.Identity{}
	for _, n := range cfg.Nodes {
		ids[n.Name] = n.Identity
	}
	for _, g := range cfg.Groups {
		ids[g.Name] = g.Identity
	}
	for name, id := range ids {
		if !known[id.Hub] {
			return fmt.Errorf("node %s is of hub %s, which was not configured at the start: restart gatewayd", name, id.Hub)
		}
		if id.RegistrationID != "" && d.provisioner == nil {
			return fmt.Errorf("node %s is to be provisioned, and [dps] was not configured at the start: restart gatewayd", name)
		}
	}
	return nil
}

// fixed is the part of cfg that a reload does not take over.
func fixed(cfg *config.Config) config.Config {
	c := *cfg
	c.Nodes, c.Groups, c.Concentrators, c.Warnings, c.Hub.RootCAs, c.DPS.RootCAs = nil, nil, nil, nil, nil, nil
	c.OtherHubs = slices.Clone(c.OtherHubs)
	for i := range c.OtherHubs {
		c.OtherHubs[i].Roots = nil
	}
	dedup := c.LoRaWAN.DedupWindow
	c.LoRaWAN = config.LoRaWAN{DedupWindow: dedup}
	return c
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/internal/clock"
	"gatewayd/internal/config"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

const (
	// uplinkQueue is how many frames may wait for the bridge: two full FIFOs
	// of eight concentrators. It fills only while the disk stands still.
	uplinkQueue = 256
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
	radios []radio.Concentrator
	bridge *bridge.Bridge
	hub    *hub.Supervisor
}

// newDaemon opens the store and builds every part. It starts none. alive is
// called as long as the bridge gets around.
func newDaemon(cfg *config.Config, log *zap.Logger, alive func()) (*daemon, error) {
	if err := os.MkdirAll(cfg.StateDir, 0o700); err != nil {
		return nil, fmt.Errorf("state_dir: %w", err)
	}
	s, err := store.Open(filepath.Join(cfg.StateDir, "gatewayd.db"), store.Options{
		MaxBytes: cfg.Outbox.MaxBytes, MaxAge: cfg.Outbox.MaxAge,
	})
	if err != nil {
		return nil, err
	}
	d := &daemon{cfg: cfg, log: log, store: s}
	if err := d.build(alive); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return d, nil
}

func (d *daemon) build(alive func()) error {
	seen, err := d.store.LastSeen()
	if err != nil {
		return err
	}
	d.clock = clock.New(clock.Options{RequireSync: d.cfg.Clock.RequireSync, NotBefore: seen})

	gateways := map[string]bridge.Gateway{}
	for _, c := range d.cfg.Concentrators {
		r, err := newConcentrator(c, d.log)
		if err != nil {
			return err
		}
		region, err := bridge.NewRegion(c.Region)
		if err != nil {
			return err
		}
		d.radios = append(d.radios, r)
		gateways[c.Name] = bridge.Gateway{Transmitter: r, Region: region}
	}
	d.bridge, err = bridge.New(bridge.Options{
		Store: d.store, Clock: d.clock, Log: d.log.Named("bridge"), NetID: d.cfg.LoRaWAN.NetID,
		Gateways: gateways, Nodes: bridgeNodes(d.cfg.Nodes), Alive: alive,
	})
	if err != nil {
		return err
	}
	d.hub, err = hub.NewSupervisor(hubOptions(d.cfg.Hub, d.clock, d.log.Named("hub")))
	if err != nil {
		return err
	}
	d.hub.Apply(d.devices(d.cfg.Nodes))
	return nil
}

func hubOptions(c config.Hub, clock hub.Clock, log *zap.Logger) hub.Options {
	return hub.Options{
		Host: c.Host, Port: c.Port, Roots: c.RootCAs, APIVersion: c.APIVersion, Product: product(),
		KeepAlive: c.KeepAlive, TokenTTL: c.SASTTL, ConnectTimeout: c.ConnectTimeout, PubAckTimeout: c.PubackTimeout,
		ConnectRate: rate.Limit(c.ConnectRate), ConnectBurst: c.ConnectBurst, Clock: clock, Log: log,
	}
}

func bridgeNodes(nodes []config.Node) []bridge.Node {
	var out []bridge.Node
	for _, n := range nodes {
		out = append(out, bridgeNode(n))
	}
	return out
}

func bridgeNode(n config.Node) bridge.Node {
	return bridge.Node{
		Name: n.Name, DeviceID: n.DeviceID, DevEUI: n.DevEUI,
		OTAA: n.OTAA, JoinEUI: n.JoinEUI, AppKey: n.AppKey,
		DevAddr: n.DevAddr, NwkSKey: n.NwkSKey, AppSKey: n.AppSKey,
	}
}

// devices are the hub's side of the nodes.
func (d *daemon) devices(nodes []config.Node) []hub.Device {
	var devices []hub.Device
	for _, n := range nodes {
		devices = append(devices, hub.Device{ID: n.DeviceID, Credential: n.Credential, Feed: d.bridge.Feed(bridgeNode(n))})
	}
	return devices
}

// run works until ctx ends, and then stops: first the radio, then the bridge
// when it has dealt with what the radio heard, then the hub.
func (d *daemon) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	up, tx := make(chan radio.Uplink, uplinkQueue), make(chan radio.TxResult, uplinkQueue)

	var radios, middle, cloud errgroup.Group
	for _, r := range d.radios {
		radios.Go(func() error {
			err := r.Run(ctx, up, tx)
			if err != nil {
				cancel(fmt.Errorf("concentrator %s: %w", r, err))
			}
			return nil
		})
	}
	lasting := context.WithoutCancel(ctx)
	middle.Go(func() error { return d.bridge.Run(lasting, up, tx) })
	hubCtx, stopHub := context.WithCancel(lasting)
	defer stopHub()
	cloud.Go(func() error { return d.hub.Run(hubCtx) })

	stopped := make(chan error, 1)
	go func() {
		_ = radios.Wait()
		close(up)
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

// reload takes over the nodes of cfg. Connections of nodes that have not
// changed stay up.
func (d *daemon) reload(ctx context.Context, cfg *config.Config) error {
	if !reflect.DeepEqual(fixed(cfg), fixed(d.cfg)) {
		d.log.Warn("only [[node]] tables are re-read: restart gatewayd to apply the other changes")
	}
	if err := d.bridge.Apply(ctx, bridgeNodes(cfg.Nodes)); err != nil {
		return err
	}
	d.hub.Apply(d.devices(cfg.Nodes))
	d.log.Info("nodes re-read", zap.Int("nodes", len(cfg.Nodes)))
	return nil
}

// fixed is the part of cfg that a reload does not take over.
func fixed(cfg *config.Config) config.Config {
	c := *cfg
	c.Nodes, c.Warnings, c.Hub.RootCAs = nil, nil, nil
	c.Concentrators = append([]config.Concentrator(nil), c.Concentrators...)
	for i := range c.Concentrators {
		c.Concentrators[i].Position = config.Position{}
	}
	return c
}

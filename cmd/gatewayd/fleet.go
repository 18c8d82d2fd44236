package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/config"
	"gatewayd/radio"
)

// fleet is the concentrators of the configuration. A reload adds, removes and
// changes some and leaves the others alone.
type fleet struct {
	log *zap.Logger
	// trusted says whether the machine's time can be told to others.
	trusted func() bool
	up      chan radio.Uplink
	tx      chan radio.TxResult
	fatal   func(error) // a concentrator for which trying again is of no use

	ctx context.Context // of all that run; set by start

	mu    sync.Mutex
	units []*unit
}

// unit is one concentrator and its Run.
type unit struct {
	cfg   config.Concentrator
	radio radio.Concentrator
	stop  context.CancelFunc
	ended chan struct{} // closed when Run has returned; nil if it was never started
}

func newFleet(cfgs []config.Concentrator, trusted func() bool, log *zap.Logger) (*fleet, error) {
	f := &fleet{log: log, trusted: trusted, up: make(chan radio.Uplink, uplinkQueue), tx: make(chan radio.TxResult, uplinkQueue)}
	for _, c := range cfgs {
		u, err := f.build(c)
		if err != nil {
			return nil, err
		}
		f.units = append(f.units, u)
	}
	return f, nil
}

func (f *fleet) build(c config.Concentrator) (*unit, error) {
	r, err := newConcentrator(c, f.trusted, f.log)
	if err != nil {
		return nil, err
	}
	return &unit{cfg: c, radio: r, stop: func() {}}, nil
}

// start runs all concentrators until ctx ends.
func (f *fleet) start(ctx context.Context, fatal func(error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx, f.fatal = ctx, fatal
	for _, u := range f.units {
		f.launch(u)
	}
}

func (f *fleet) launch(u *unit) {
	if f.ctx.Err() != nil {
		return // the daemon stops
	}
	ctx, stop := context.WithCancel(f.ctx)
	u.stop, u.ended = stop, make(chan struct{})
	go func() {
		defer close(u.ended)
		if err := u.radio.Run(ctx, f.up, f.tx); err != nil {
			f.fatal(fmt.Errorf("concentrator %s: %w", u.radio, err))
		}
	}()
}

// wait returns when every Run has returned. None is started any more then.
func (f *fleet) wait() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.units {
		u.end()
	}
}

// end stops u and returns when its Run has returned.
func (u *unit) end() {
	u.stop()
	if u.ended != nil {
		<-u.ended
	}
}

// set makes cfgs the concentrators: those that have not changed stay as they
// are, the others are stopped or started. handOver is called in between, with
// what there will be; if it fails, what was stopped is started again.
func (f *fleet) set(cfgs []config.Concentrator, handOver func(map[string]bridge.Transmitter) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var next, fresh []*unit
	for _, c := range cfgs {
		if i := slices.IndexFunc(f.units, func(u *unit) bool { return sameConcentrator(u.cfg, c) }); i >= 0 {
			next = append(next, f.units[i])
			continue
		}
		u, err := f.build(c)
		if err != nil {
			return err
		}
		next, fresh = append(next, u), append(fresh, u)
	}
	old := f.units
	for _, u := range old {
		if !slices.Contains(next, u) {
			f.log.Info("concentrator stops: it is no longer configured like that", zap.Stringer("concentrator", u.radio))
			u.end()
		}
	}
	if err := handOver(transmitters(next)); err != nil {
		for _, u := range old {
			if !slices.Contains(next, u) {
				f.launch(u)
			}
		}
		return err
	}
	f.units = next
	for _, u := range fresh {
		f.launch(u)
	}
	return nil
}

// list is a snapshot of the concentrators.
func (f *fleet) list() []*unit {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.units)
}

func transmitters(units []*unit) map[string]bridge.Transmitter {
	m := map[string]bridge.Transmitter{}
	for _, u := range units {
		m[u.cfg.Name] = u.radio
	}
	return m
}

// sameConcentrator reports whether a and b are configured alike, wherever
// that stands.
func sameConcentrator(a, b config.Concentrator) bool {
	a.Position, b.Position = config.Position{}, config.Position{}
	return reflect.DeepEqual(a, b)
}

package hub

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// upkeepInterval is how often certificates are looked at and counts are saved.
const upkeepInterval = time.Minute

// Supervisor keeps one connection per device, each on its own: what happens
// to one holds back no other. Shared are only limits on new connections and on
// what the hub takes, and the rule that one device at a time renews its token.
//
// An idle device takes one goroutine, connected or not.
type Supervisor struct {
	shared *shared
	expiry *expiryWatch

	mu      sync.Mutex // held for bookkeeping only, never over I/O
	ctx     context.Context
	wanted  map[string]Device
	running map[string]*worker
}

// worker is a connection and the goroutine that runs it.
type worker struct {
	connection *connection
	ctx        context.Context // ends when the connection is to stop
	cancel     context.CancelFunc
	done       chan struct{} // closed when the goroutine has ended
}

// errSecondRun is returned by Run when it has been called before.
var errSecondRun = errors.New("hub supervisor has been run before")

// NewSupervisor returns a supervisor without devices. It does no I/O.
func NewSupervisor(o Options) (*Supervisor, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Supervisor{
		shared:  newShared(o),
		expiry:  newExpiryWatch(o.Clock, o.Log),
		wanted:  make(map[string]Device),
		running: make(map[string]*worker),
	}, nil
}

func newShared(o Options) *shared {
	return &shared{
		options:   o,
		endpoints: endpoints{options: o, host: make(map[string]*endpoint)},
		random:    rand.Float64,
		epoch:     time.Now(),
	}
}

// String names the part.
func (s *Supervisor) String() string { return "hub" }

// Run keeps the devices connected until ctx ends. Then each connection waits
// up to two seconds for outstanding PUBACKs and says DISCONNECT; it is cut
// after three, whoever is silent.
func (s *Supervisor) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.ctx != nil {
		s.mu.Unlock()
		return errSecondRun
	}
	s.ctx = ctx
	s.reconcile()
	s.mu.Unlock()

	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.keepUp(ctx)
	}()
	s.expiry.run(ctx, s.devices)
	<-kept
	workers := s.workers()
	for _, w := range workers {
		w.stop()
	}
	for _, w := range workers {
		<-w.done
	}
	s.saveQuotas()
	return nil
}

// keepUp does what is due from time to time.
func (s *Supervisor) keepUp(ctx context.Context) {
	tick := time.NewTicker(upkeepInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.saveQuotas()
			for _, w := range s.workers() {
				w.connection.renewIfChanged()
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *Supervisor) saveQuotas() {
	for _, e := range s.shared.endpoints.all() {
		e.quota.save()
	}
}

// Apply sets which devices to keep connected. New ones start, those that are
// gone stop, those that have changed start again; all others are left alone.
// Of devices with the same id the last counts. It does not wait for
// connections, and may be called at any time.
func (s *Supervisor) Apply(devices []Device) {
	wanted := make(map[string]Device, len(devices))
	for _, d := range devices {
		wanted[d.name()] = d
	}
	s.mu.Lock()
	s.wanted = wanted
	if s.ctx != nil && s.ctx.Err() == nil {
		s.reconcile()
	}
	s.mu.Unlock()
	s.expiry.look()
}

// reconcile makes running what is wanted. s.mu is held.
func (s *Supervisor) reconcile() {
	for id, w := range s.running {
		if d, ok := s.wanted[id]; !ok || !sameDevice(d, w.connection.device) {
			w.stop()
		}
	}
	for id, d := range s.wanted {
		old := s.running[id]
		if old == nil || !sameDevice(d, old.connection.device) || old.ctx.Err() != nil {
			s.running[id] = s.start(d, old)
		}
	}
}

// start runs a connection for d, after old, the one before it with the same
// id, has ended: the hub keeps one per id, and a feed has one reader.
func (s *Supervisor) start(d Device, old *worker) *worker {
	ctx, cancel := context.WithCancel(s.ctx)
	w := &worker{connection: newConnection(s.shared, d), ctx: ctx, cancel: cancel, done: make(chan struct{})}
	go func() {
		if old != nil {
			<-old.done
		}
		w.connection.start(ctx)
		s.live(w)
	}()
	return w
}

// live does one step of w's life and leaves the next to another goroutine.
func (s *Supervisor) live(w *worker) {
	if w.connection.step(w.ctx) {
		go s.live(w)
		return
	}
	w.cancel()
	s.forget(w.connection.device.name(), w)
	close(w.done)
}

// stop ends w's life, without waiting for it.
func (w *worker) stop() {
	w.cancel()
	w.connection.stop()
}

// forget drops w once it has ended, unless another has taken its place.
func (s *Supervisor) forget(id string, w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, wanted := s.wanted[id]; !wanted && s.running[id] == w {
		delete(s.running, id)
	}
}

// Reconnect has a device say DISCONNECT and connect again, without waiting for
// it. It reports false if the device is not connected.
func (s *Supervisor) Reconnect(id string) bool {
	s.mu.Lock()
	w := s.running[id]
	s.mu.Unlock()
	if w == nil || w.connection.session.Load() == nil {
		return false
	}
	s.shared.renewals.ask(w.connection)
	return true
}

// Status returns what is known of each device, sorted by id.
func (s *Supervisor) Status() []DeviceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]DeviceStatus, 0, len(s.wanted))
	for id := range s.wanted {
		if w := s.running[id]; w != nil {
			all = append(all, w.connection.board.read())
		} else {
			all = append(all, DeviceStatus{ID: id, State: StateWaitingForClock, Reason: "the supervisor has not started yet"})
		}
	}
	slices.SortFunc(all, func(a, b DeviceStatus) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Quota returns the account of each hub whose tier is known and that has been
// connected to, sorted by host.
func (s *Supervisor) Quota() []QuotaStatus {
	var all []QuotaStatus
	for _, e := range s.shared.endpoints.all() {
		if e.quota != nil {
			all = append(all, e.quota.status())
		}
	}
	slices.SortFunc(all, func(a, b QuotaStatus) int { return cmp.Compare(a.Host, b.Host) })
	return all
}

func (s *Supervisor) devices() []Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Device, 0, len(s.wanted))
	for _, d := range s.wanted {
		all = append(all, d)
	}
	return all
}

func (s *Supervisor) workers() []*worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*worker, 0, len(s.running))
	for _, w := range s.running {
		all = append(all, w)
	}
	return all
}

// sameDevice reports whether b may go on with a's connection.
func sameDevice(a, b Device) bool {
	same := same(a.Credential, b.Credential) && same(a.Feed, b.Feed) && same(a.Handler, b.Handler) && same(a.Reports, b.Reports)
	a.Credential, a.Feed, a.Handler, a.Reports = nil, nil, nil, nil
	b.Credential, b.Feed, b.Handler, b.Reports = nil, nil, nil, nil
	return same && a == b
}

// same is a == b, and false for values that cannot be compared.
func same(a, b any) bool {
	return a == nil && b == nil || a != nil && b != nil &&
		reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

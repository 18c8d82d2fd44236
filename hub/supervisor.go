package hub

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// Supervisor keeps one connection per device, each on its own: what happens
// to one holds back no other. Shared are only a limit on new connections and
// the rule that one device at a time renews its token.
//
// A connected device takes 12 goroutines, 10 of them the MQTT library's; one
// that waits takes a single one.
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
		shared: &shared{
			options: o,
			limiter: rate.NewLimiter(o.ConnectRate, o.ConnectBurst),
			renewal: make(chan struct{}, 1),
			turn:    make(chan struct{}, 1),
			random:  rand.Float64,
		},
		expiry:  newExpiryWatch(o.Clock, o.Log),
		wanted:  make(map[string]Device),
		running: make(map[string]*worker),
	}, nil
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

	s.expiry.run(ctx, s.devices)

	s.mu.Lock()
	workers := s.workers()
	s.mu.Unlock()
	for _, w := range workers {
		<-w.done
	}
	return nil
}

// Apply sets which devices to keep connected. New ones start, those that are
// gone stop, those whose credential or feed has changed start again; all
// others are left alone. Of devices with the same id the last counts. It does
// not wait for connections, and may be called at any time.
func (s *Supervisor) Apply(devices []Device) {
	wanted := make(map[string]Device, len(devices))
	for _, d := range devices {
		wanted[d.ID] = d
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
			w.cancel()
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
		defer close(w.done)
		defer cancel()
		if old != nil {
			<-old.done
		}
		w.connection.run(ctx)
		s.forget(d.ID, w)
	}()
	return w
}

// forget drops w once it has ended, unless another has taken its place.
func (s *Supervisor) forget(id string, w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, wanted := s.wanted[id]; !wanted && s.running[id] == w {
		delete(s.running, id)
	}
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
			all = append(all, DeviceStatus{ID: id, State: StateStarting})
		}
	}
	slices.SortFunc(all, func(a, b DeviceStatus) int { return strings.Compare(a.ID, b.ID) })
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
	all := make([]*worker, 0, len(s.running))
	for _, w := range s.running {
		all = append(all, w)
	}
	return all
}

// sameDevice reports whether b may go on with a's connection.
func sameDevice(a, b Device) bool {
	return a.ID == b.ID && same(a.Credential, b.Credential) && same(a.Feed, b.Feed)
}

// same is a == b, and false for values that cannot be compared.
func same(a, b any) bool {
	return a == nil && b == nil || a != nil && b != nil &&
		reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

package simulator

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"gatewayd/internal/secret"
)

// Options of a World. The zero value is a usable one.
type Options struct {
	// Source of every random choice. Nil: seeded by the runtime.
	Source rand.Source
	// Now is the clock of the record's times and of the nodes' duty cycle.
	// Nil: time.Now.
	Now func() time.Time
	// Sites are further concentrators that hear the same nodes.
	Sites []Site
}

// World is a number of nodes around one concentrator or several. Run owns its
// goroutines: one per concentrator hands each emission to every node in reach,
// as a real air does, one per node with an Interval sends its uplinks, and one
// per node that may have to speak of its own accord - class C, 1.1,
// Config.Prompt - sees to that.
type World struct {
	sites []Site
	nodes []*Node
	rec   *record

	quit     chan struct{} // closed by Drain
	quitOnce sync.Once
	idle     chan struct{} // closed once Run sends no more
}

// New returns a World with one node per config. It starts nothing.
func New(air Air, nodes []Config, o Options) (*World, error) {
	if o.Source == nil {
		o.Source = rand.NewPCG(rand.Uint64(), rand.Uint64())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &World{
		sites: append([]Site{{Air: air}}, o.Sites...), rec: newRecord(recordLimit),
		quit: make(chan struct{}), idle: make(chan struct{}),
	}
	names, keys := map[string]bool{}, map[secret.AES128]bool{}
	for _, cfg := range nodes {
		if err := cfg.validate(); err != nil {
			return nil, err
		}
		if names[cfg.Name] {
			return nil, fmt.Errorf("two nodes are named %q", cfg.Name)
		}
		if cfg.otaa() && keys[cfg.rootKey()] {
			return nil, fmt.Errorf("node %q: another node has the same root key", cfg.Name)
		}
		names[cfg.Name], keys[cfg.rootKey()] = true, true
		// A generator of its own keeps each node's choices the same whatever
		// the others do.
		rng := rand.New(rand.NewPCG(o.Source.Uint64(), o.Source.Uint64()))
		w.nodes = append(w.nodes, newNode(cfg.withDefaults(), w.sites, w.rec, o.Now, rng))
	}
	return w, nil
}

// String names the part in logs.
func (w *World) String() string { return fmt.Sprintf("simulated air with %d nodes", len(w.nodes)) }

// Node returns the node of that name, nil if there is none.
func (w *World) Node(name string) *Node {
	for _, n := range w.nodes {
		if n.cfg.Name == name {
			return n
		}
	}
	return nil
}

// Sent lists the data uplinks, oldest first: the newest 4096.
func (w *World) Sent() []Sent {
	w.rec.mu.Lock()
	defer w.rec.mu.Unlock()
	return values(w.rec.sent.all())
}

// Joins lists the join and rejoin requests, oldest first: the newest 4096.
func (w *World) Joins() []Join {
	w.rec.mu.Lock()
	defer w.rec.mu.Unlock()
	return values(w.rec.joins.all())
}

// Received lists the valid data downlinks, oldest first: the newest 4096.
func (w *World) Received() []Received {
	w.rec.mu.Lock()
	defer w.rec.mu.Unlock()
	return w.rec.received.all()
}

// Violations lists what the concentrator did wrong, oldest first: the newest
// 4096.
func (w *World) Violations() []Violation {
	w.rec.mu.Lock()
	defer w.rec.mu.Unlock()
	return w.rec.violations.all()
}

// Totals counts everything since New.
func (w *World) Totals() Totals {
	w.rec.mu.Lock()
	defer w.rec.mu.Unlock()
	return w.rec.totals
}

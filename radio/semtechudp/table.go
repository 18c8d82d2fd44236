package semtechudp

import (
	"maps"
	"slices"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// maxGateways bounds the memory that strangers can fill.
	maxGateways = 256

	// settledAfter is how long a gateway must have been heard to be kept
	// before others. A flood of made-up EUIs then pushes out itself.
	settledAfter = 30 * time.Second
)

// table holds the gateways of one listener. Owner: Concentrator.mu.
type table struct {
	allowed  map[radio.EUI64]bool // empty: all are
	gateways map[radio.EUI64]*gateway
}

func newTable(allowed []radio.EUI64) table {
	t := table{allowed: map[radio.EUI64]bool{}, gateways: map[radio.EUI64]*gateway{}}
	for _, e := range allowed {
		t.allowed[e] = true
	}
	return t
}

// admits reports whether the gateway may speak to us.
func (t *table) admits(eui radio.EUI64) bool { return len(t.allowed) == 0 || t.allowed[eui] }

// enter returns the gateway, which has just been heard; false if there is no
// room for it. evicted had to make room.
func (t *table) enter(eui radio.EUI64, now time.Time) (g, evicted *gateway, ok bool) {
	if g, ok := t.gateways[eui]; ok {
		g.last = now
		return g, nil, true
	}
	if len(t.gateways) >= maxGateways {
		if evicted = t.weakest(now); evicted == nil {
			return nil, nil, false
		}
		delete(t.gateways, evicted.eui)
	}
	g = &gateway{eui: eui, first: now, last: now}
	t.gateways[eui] = g
	return g, evicted, true
}

// weakest is the gateway heard least recently of those that are new or gone;
// nil if there is none.
func (t *table) weakest(now time.Time) *gateway {
	var found *gateway
	for _, g := range t.gateways {
		weak := g.last.Sub(g.first) < settledAfter || now.Sub(g.last) > silentAfter
		if weak && (found == nil || g.last.Before(found.last)) {
			found = g
		}
	}
	return found
}

// find returns the gateway a downlink is for: the one it names, or the only
// one there is.
func (t *table) find(eui radio.EUI64) (*gateway, error) {
	if eui.IsZero() {
		if len(t.gateways) != 1 {
			return nil, forwarded.Refuse(radio.TxNotRunning, "%d gateways are known, and the downlink names none", len(t.gateways))
		}
		for _, g := range t.gateways {
			return g, nil
		}
	}
	g, ok := t.gateways[eui]
	if !ok {
		return nil, forwarded.Refuse(radio.TxNotRunning, "gateway %s is not here", eui)
	}
	return g, nil
}

// sorted are the gateways by EUI.
func (t *table) sorted() []*gateway {
	return slices.SortedFunc(maps.Values(t.gateways), func(a, b *gateway) int { return slices.Compare(a.eui[:], b.eui[:]) })
}

package station

import (
	"maps"
	"slices"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// maxGateways bounds the memory that strangers can fill.
const maxGateways = 256

// table holds the stations of one listener. Owner: Concentrator.mu.
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

// enter returns the gateway, which has just connected; false if there is no
// room for it. One that is not connected may have to make room.
func (t *table) enter(eui radio.EUI64, now time.Time) (*gateway, bool) {
	if g, ok := t.gateways[eui]; ok {
		return g, true
	}
	if len(t.gateways) >= maxGateways {
		out := t.idle()
		if out == nil {
			return nil, false
		}
		delete(t.gateways, out.eui)
	}
	g := &gateway{eui: eui, first: now, last: now}
	t.gateways[eui] = g
	return g, true
}

// idle is the gateway heard least recently of those not connected; nil if
// there is none.
func (t *table) idle() *gateway {
	var found *gateway
	for _, g := range t.gateways {
		if g.way == nil && (found == nil || g.last.Before(found.last)) {
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
			return nil, forwarded.Refuse(radio.TxNotRunning, "%d stations are known, and the downlink names none", len(t.gateways))
		}
		for _, g := range t.gateways {
			return g, nil
		}
	}
	g, ok := t.gateways[eui]
	if !ok {
		return nil, forwarded.Refuse(radio.TxNotRunning, "station %s is not here", eui)
	}
	return g, nil
}

// sorted are the gateways by EUI.
func (t *table) sorted() []*gateway {
	return slices.SortedFunc(maps.Values(t.gateways), func(a, b *gateway) int { return slices.Compare(a.eui[:], b.eui[:]) })
}

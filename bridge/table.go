package bridge

import (
	"slices"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// nodeState is one node and what is known of it. Owned by Bridge.Run.
type nodeState struct {
	node  Node
	feed  *feed
	state state // as committed

	// next is state as it will be once the batch at hand is committed.
	next  state
	dirty bool

	last lastUplink
	// reacked counts the acknowledgements repeated for the last uplink.
	reacked int
	// greeted is the session whose first uplink has been logged.
	greeted uint32
}

// lastUplink is what tells a second copy of a transmission from a second
// transmission. Kept in memory only.
type lastUplink struct {
	concentrator string
	ticks        radio.Ticks
	received     time.Time
}

// view returns the state as the batch at hand sees it.
func (n *nodeState) view() *state {
	if n.dirty {
		return &n.next
	}
	return &n.state
}

// table finds nodes by the addresses of frames. Owned by Bridge.Run.
type table struct {
	byID   map[string]*nodeState // by device id
	byEUI  map[radio.EUI64]*nodeState
	byAddr map[lorawan.DevAddr][]*nodeState
}

func newTable() *table {
	return &table{
		byID:   map[string]*nodeState{},
		byEUI:  map[radio.EUI64]*nodeState{},
		byAddr: map[lorawan.DevAddr][]*nodeState{},
	}
}

// add puts n under its device id, its DevEUI and the DevAddrs of its sessions.
func (t *table) add(n *nodeState) {
	t.byID[n.node.DeviceID] = n
	if n.node.OTAA {
		t.byEUI[n.node.DevEUI] = n
	}
	t.indexAddrs(n)
}

// addrs are the DevAddrs that n's committed sessions use.
func (n *nodeState) addrs() []lorawan.DevAddr {
	var a []lorawan.DevAddr
	if n.state.hasActive {
		a = append(a, n.state.active.devAddr)
	}
	if n.state.hasJoining && !slices.Contains(a, n.state.joining.devAddr) {
		a = append(a, n.state.joining.devAddr)
	}
	return a
}

func (t *table) indexAddrs(n *nodeState) {
	for _, a := range n.addrs() {
		t.byAddr[a] = append(t.byAddr[a], n)
	}
}

func (t *table) unindexAddrs(n *nodeState) {
	for _, a := range n.addrs() {
		t.byAddr[a] = slices.DeleteFunc(t.byAddr[a], func(m *nodeState) bool { return m == n })
		if len(t.byAddr[a]) == 0 {
			delete(t.byAddr, a)
		}
	}
}

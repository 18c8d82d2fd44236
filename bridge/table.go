package bridge

import (
	"slices"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/bridge/mac"
	"gatewayd/radio"
)

// nodeState is one node and what is known of it. Owned by Bridge.Run.
type nodeState struct {
	node    Node // base with the settings of the desired properties over it
	base    Node // of the configuration
	feed    *feed
	reports *reports
	// desiredDoc are the desired properties in force.
	desiredDoc desiredRecord

	state state // as committed

	// next is state as it will be once the batch at hand is committed; nil:
	// the batch does not change it.
	next *state

	last lastUplink
	// reacked counts the acknowledgements repeated for the last uplink.
	reacked int
	// greeted is the session whose first uplink has been logged.
	greeted uint32
	// lastSeq is the sequence of the last downlink queued by this process.
	lastSeq uint64

	joinedAt    time.Time // when the last join accept was made
	forceRejoin bool      // an operator wants it to join anew (LoRaWAN 1.1)

	// A downlink that is not an answer (class C) is tried again at retryAt, and
	// is taken for lost when the node has not acknowledged it by ackBy.
	retryAt time.Time
	backOff time.Duration
	ackBy   time.Time
}

// lastUplink is what tells a second copy of a transmission from a second
// transmission, and who can reach the node. Kept in memory only.
type lastUplink struct {
	receiver
	ticks     radio.Ticks
	received  time.Time
	receivers []receiver // best first
	dataRate  radio.DataRate
	rssi, snr float32
}

// hear remembers who heard the node.
func (n *nodeState) hear(r reception) {
	n.last = lastUplink{
		receiver: receiverOf(r.Uplink), ticks: r.Ticks, received: r.Received,
		dataRate: r.DataRate, rssi: r.RSSI, snr: r.SNR,
	}
	for _, u := range r.receivers() {
		n.last.receivers = append(n.last.receivers, receiverOf(u))
	}
	n.reacked = 0
}

// view returns the state as the batch at hand sees it.
func (n *nodeState) view() *state {
	if n.next != nil {
		return n.next
	}
	return &n.state
}

// classC reports whether the node listens all the time. In LoRaWAN 1.1 the
// node says so itself.
func (n *nodeState) classC() bool {
	s := &n.view().active
	if s.v11 && !n.node.Multicast {
		return s.mac.ClassC
	}
	return n.node.Class == ClassC || n.node.Multicast
}

// desired is what is asked of the node's MAC layer.
func (n *nodeState) desired() *mac.Desired {
	if !n.forceRejoin {
		return &n.node.MAC
	}
	want := n.node.MAC
	want.ForceRejoin = &mac.ForceRejoin{DR: n.view().active.mac.Link.DR}
	return &want
}

// nodeField names the node in a log line.
func nodeField(n *nodeState) zap.Field { return zap.String("node", n.node.Name) }

// table finds nodes by the addresses of frames. Owned by Bridge.Run.
type table struct {
	byID   map[string]*nodeState // by device id
	byEUI  map[radio.EUI64]*nodeState
	byAddr map[lorawan.DevAddr][]*nodeState
	groups map[lorawan.DevAddr]bool // addresses of multicast groups
	// proprietary takes the frames of other protocols, and self what the
	// gateway says of itself; nil if none does.
	proprietary, self *nodeState
}

func newTable() *table {
	return &table{
		byID:   map[string]*nodeState{},
		byEUI:  map[radio.EUI64]*nodeState{},
		byAddr: map[lorawan.DevAddr][]*nodeState{},
		groups: map[lorawan.DevAddr]bool{},
	}
}

// add puts n under its device id, its DevEUI and the DevAddrs of its sessions.
func (t *table) add(n *nodeState) {
	t.byID[n.node.DeviceID] = n
	if n.node.OTAA {
		t.byEUI[n.node.DevEUI] = n
	}
	if n.node.Multicast {
		t.groups[n.node.DevAddr] = true
	}
	t.indexAddrs(n)
}

// addrs are the DevAddrs that n's committed sessions use. Nothing is heard of
// a multicast group.
func (n *nodeState) addrs() []lorawan.DevAddr {
	var a []lorawan.DevAddr
	if n.node.Multicast {
		return nil
	}
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

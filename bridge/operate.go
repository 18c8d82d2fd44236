package bridge

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gatewayd/bridge/mac"
	"gatewayd/radio"
)

// SessionInfo is what may be known of a node's session: everything but keys.
type SessionInfo struct {
	Node      string       `json:"node"`
	DevEUI    *radio.EUI64 `json:"devEui,omitempty"`
	Version   string       `json:"version"` // LoRaWAN MAC version
	Class     string       `json:"class"`
	Active    bool         `json:"active"` // it has a session
	DevAddr   string       `json:"devAddr,omitempty"`
	Heard     bool         `json:"heard"` // an uplink of this session was accepted
	FCntUp    uint32       `json:"fCntUp"`
	FCntDown  uint32       `json:"fCntDown"`            // next to use
	AFCntDown *uint32      `json:"aFCntDown,omitempty"` // LoRaWAN 1.1: next to use for application downlinks
	Joining   bool         `json:"joining"`             // a join accept was sent, and no uplink has used it yet
	JoinNonce uint32       `json:"joinNonce,omitempty"` // last used
	DataRate  string       `json:"dataRate,omitempty"`
	RSSI      float32      `json:"rssi,omitempty"` // dBm, of the last uplink
	SNR       float32      `json:"snr,omitempty"`  // dB
	LastSeen  *time.Time   `json:"lastSeen,omitempty"`
	TXPower   uint8        `json:"txPower"` // index
	NbTrans   uint8        `json:"nbTrans"`
	Battery   *uint8       `json:"battery,omitempty"` // 0 external power, 1..254, 255 unknown
	Margin    *int8        `json:"margin,omitempty"`  // dB, of the last status request
	Queued    int          `json:"queued"`            // downlinks that wait
}

// Session says what is known of the node with the device identity.
func (b *Bridge) Session(ctx context.Context, device string) (SessionInfo, error) {
	return ask(ctx, b, func(*batch) (SessionInfo, error) {
		n, err := b.node(device)
		if err != nil {
			return SessionInfo{}, err
		}
		return n.info(), nil
	})
}

// Sessions is Session of all nodes.
func (b *Bridge) Sessions(ctx context.Context) (map[string]SessionInfo, error) {
	return ask(ctx, b, func(*batch) (map[string]SessionInfo, error) {
		all := map[string]SessionInfo{}
		for device, n := range b.table.byID {
			all[device] = n.info()
		}
		return all, nil
	})
}

func (b *Bridge) node(device string) (*nodeState, error) {
	if n := b.table.byID[device]; n != nil {
		return n, nil
	}
	return nil, &RejectError{RejectUnknown, fmt.Sprintf("no node has the device identity %q", device)}
}

func (n *nodeState) info() SessionInfo {
	st := n.view()
	s := &st.active
	i := SessionInfo{
		Node: n.node.Name, Version: n.node.Version.String(), Class: string(ClassA),
		Active: st.hasActive, Joining: st.hasJoining, JoinNonce: st.joinNonce, Queued: len(st.queue),
	}
	if eui := n.node.DevEUI; !eui.IsZero() {
		i.DevEUI = &eui
	}
	if n.classC() {
		i.Class = string(ClassC)
	}
	if !st.hasActive {
		return i
	}
	i.DevAddr, i.Heard, i.FCntUp, i.FCntDown = strings.ToUpper(s.devAddr.String()), s.heard, s.fCntUp, s.nFCntDown
	i.TXPower, i.NbTrans = s.mac.Link.TXPower, s.mac.Link.NbTrans
	if a := s.aFCntDown; s.v11 {
		i.AFCntDown = &a
	}
	if status := s.mac.Status; s.mac.HasStatus {
		i.Battery, i.Margin = &status.Battery, &status.Margin
	}
	if !n.last.received.IsZero() {
		at := n.last.received.UTC()
		i.DataRate, i.RSSI, i.SNR, i.LastSeen = n.last.dataRate.String(), n.last.rssi, n.last.snr, &at
	}
	return i
}

// ResetNonces forgets the DevNonces of a node, so that one that has lost its
// own counter can join again. Whoever recorded its old join requests can then
// replay them, each once: the node is not disturbed by that, because its
// session stays until it uses another.
func (b *Bridge) ResetNonces(ctx context.Context, device string) error {
	return b.do(ctx, func(bt *batch) error {
		n, err := b.node(device)
		if err != nil {
			return err
		}
		st := bt.edit(n)
		st.devNonce, st.rjCount1 = -1, -1
		st.nonceEpoch++
		return nil
	})
}

// ForceRejoin asks a node of LoRaWAN 1.1 to rejoin, with its next downlink.
func (b *Bridge) ForceRejoin(ctx context.Context, device string) error {
	return b.do(ctx, func(*batch) error {
		n, err := b.node(device)
		if err != nil {
			return err
		}
		if !n.node.OTAA || n.node.Version < mac.V1_1_0 {
			return &RejectError{RejectVersion, "only nodes that join and are configured for LoRaWAN 1.1 can be asked to rejoin"}
		}
		n.forceRejoin = true
		return nil
	})
}

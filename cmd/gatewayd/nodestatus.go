package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"gatewayd/bridge"
	"gatewayd/hub"
)

// nodeStatus is one node on both sides.
type nodeStatus struct {
	Device     string             `json:"device"`
	Connection hub.State          `json:"connection"`
	Reason     string             `json:"reason,omitempty"` // why it is not connected
	Since      time.Time          `json:"since"`
	Waiting    int                `json:"waiting"` // messages for the hub
	Session    bridge.SessionInfo `json:"session"`
}

// notYetHeard is why a node has no connection that the provisioning service is
// to find a hub for.
const notYetHeard = "becomes a device of the hub when it is heard for the first time"

// nodes are all nodes, by name.
func (d *daemon) nodes(ctx context.Context) ([]nodeStatus, error) {
	sessions, err := d.bridge.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	connections := map[string]hub.DeviceStatus{}
	for _, s := range d.hub.Status() {
		connections[s.ID] = s
	}
	waiting := d.store.Waiting()
	var list []nodeStatus
	for device, session := range sessions {
		c, ok := connections[device]
		if !ok {
			c.State, c.Reason, c.Since = hub.StateIdle, notYetHeard, d.started
		}
		list = append(list, nodeStatus{
			Device: device, Connection: c.State, Reason: c.Reason, Since: c.Since,
			Waiting: waiting["device:"+device], Session: session,
		})
	}
	slices.SortFunc(list, func(a, b nodeStatus) int { return strings.Compare(a.Session.Node, b.Session.Node) })
	return list, nil
}

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

// nodes are all nodes, by name.
func (d *daemon) nodes(ctx context.Context) ([]nodeStatus, error) {
	sessions, err := d.bridge.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	waiting := d.store.Waiting()
	var list []nodeStatus
	for _, s := range d.hub.Status() {
		session, ok := sessions[s.ID]
		if !ok {
			continue // the gateway itself
		}
		list = append(list, nodeStatus{
			Device: s.ID, Connection: s.State, Reason: s.Reason, Since: s.Since,
			Waiting: waiting["device:"+s.ID], Session: session,
		})
	}
	slices.SortFunc(list, func(a, b nodeStatus) int { return strings.Compare(a.Session.Node, b.Session.Node) })
	return list, nil
}

package bridge

import (
	"context"
	"encoding/json"
	"maps"
	"time"
)

// TwinInfo is what is known of a device's twin, without asking the hub.
type TwinInfo struct {
	Version  int64             `json:"version"`           // of the desired properties in force; 0: none
	Settings json.RawMessage   `json:"desired,omitempty"` // the settings among them
	Errors   map[string]string `json:"errors,omitempty"`  // why settings could not be applied, by name
	// Reported is when the node's state was reported last, by this process.
	Reported *time.Time `json:"stateReported,omitempty"`
}

// Twin says what is known of the twin of a node's device.
func (b *Bridge) Twin(ctx context.Context, device string) (TwinInfo, error) {
	return ask(ctx, b, func(*batch) (TwinInfo, error) {
		n, err := b.node(device)
		if err != nil {
			return TwinInfo{}, err
		}
		t := TwinInfo{Version: n.desiredDoc.Version, Settings: n.desiredDoc.Settings}
		r := b.reportsOf(n.node)
		r.mu.Lock()
		defer r.mu.Unlock()
		t.Errors = maps.Clone(r.bad)
		if !r.stateAt.IsZero() {
			at := r.stateAt.UTC()
			t.Reported = &at
		}
		return t, nil
	})
}

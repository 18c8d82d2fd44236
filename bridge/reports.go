package bridge

import (
	"encoding/json"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatewayd/hub"
)

// defaultReport is how often a node's state is reported at most. Updates of a
// twin count as messages of the hub's daily quota.
const defaultReport = time.Hour

// reports collect what a device's twin says of its node. Written by
// Bridge.Run, read by the hub connection.
type reports struct {
	log    *zap.Logger
	device string
	ready  hub.Signal

	mu       sync.Mutex
	revision uint64
	waiting  map[string]any // members of the reported settings property
	refused  bool           // the hub has refused the last patch
	stateAt  time.Time      // when the state was reported last
	said     bool           // version and bad have been told
	version  int64
	bad      map[string]string
	seen     stateReport

	kitSaid    *kitReport // what the starter kit's properties were reported as last; nil: not yet
	kitWaiting bool       // it has not been taken
}

var _ hub.Reports = (*reports)(nil)

// stateReport is the state of a node.
type stateReport struct {
	LastSeen  string  `json:"lastSeen,omitempty"`
	DataRate  string  `json:"dataRate,omitempty"`
	RSSI      float32 `json:"rssi"` // dBm, of the last uplink
	SNR       float32 `json:"snr"`  // dB
	FCntUp    uint32  `json:"fCntUp"`
	Battery   *uint8  `json:"battery"` // null: never said
	Margin    *int8   `json:"margin"`
	Class     string  `json:"class"`
	Version   string  `json:"lorawan"` // MAC version
	Uplinks   uint64  `json:"uplinks"` // since the gateway started
	DevAddr   string  `json:"devAddr,omitempty"`
	Receivers int     `json:"receivers"` // that heard the last uplink
}

func newReports(log *zap.Logger, device string) *reports {
	return &reports{log: log, device: device, waiting: map[string]any{}}
}

// applied says which version of the desired properties is in force, and what
// of it could not be applied. null takes the errors of an earlier version
// away; what has been said is not said again.
func (r *reports) applied(version int64, bad map[string]string) {
	r.mu.Lock()
	said := r.said && r.version == version
	errs := map[string]any{}
	for name := range settings() {
		errs[name] = nil
	}
	for name := range r.bad {
		errs[name] = nil
	}
	for name, why := range bad {
		errs[name] = why
	}
	r.said, r.version, r.bad = true, version, bad
	r.mu.Unlock()
	if !said {
		r.put(map[string]any{"appliedVersion": version, "errors": errs})
	}
}

// recall says what could not be applied of the desired properties that an
// earlier process took over: the twin may still show it.
func (r *reports) recall(bad map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.said {
		r.bad = bad
	}
}

// state says how the node is, if that is due.
func (r *reports) state(now time.Time, every time.Duration, s stateReport) {
	r.mu.Lock()
	s.Uplinks = r.seen.Uplinks + 1
	r.seen = s
	due := r.stateAt.IsZero() || now.Sub(r.stateAt) >= or(every, defaultReport)
	if due {
		r.stateAt = now
	}
	r.mu.Unlock()
	if due {
		r.put(map[string]any{"state": s})
	}
}

func (r *reports) put(members map[string]any) {
	r.mu.Lock()
	for k, v := range members {
		r.waiting[k] = v
	}
	r.revision++
	r.mu.Unlock()
	r.ready.Tell()
}

// Patch is hub.Reports'.
func (r *reports) Patch() (patch []byte, revision uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 && !r.kitWaiting {
		return nil, r.revision
	}
	var members struct {
		*kitReport
		Own map[string]any `json:"gatewayd,omitempty"`
	}
	members.Own = r.waiting
	if r.kitWaiting {
		members.kitReport = r.kitSaid
	}
	b, err := json.Marshal(members)
	if err != nil { // a NaN from the radio
		delete(r.waiting, "state")
		return nil, r.revision
	}
	return b, r.revision
}

// Done is hub.Reports'.
func (r *reports) Done(revision uint64, _ int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && !r.refused {
		r.log.Warn("the hub does not take the reported properties", zap.String("device", r.device), zap.Error(err))
	}
	r.refused = err != nil
	if revision == r.revision {
		r.waiting, r.kitWaiting = map[string]any{}, false
	}
}

// Ready is hub.Reports'.
func (r *reports) Ready() *hub.Signal { return &r.ready }

// Reports is where node's connection takes reported properties from.
func (b *Bridge) Reports(node Node) hub.Reports { return b.reportsOf(node) }

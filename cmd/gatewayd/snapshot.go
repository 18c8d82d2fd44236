package main

import (
	"time"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/internal/metric"
)

// snapshot is what the daemon says of itself, to people and to the hub.
type snapshot struct {
	Version       string               `json:"version"`
	Started       time.Time            `json:"started"`
	Uptime        int64                `json:"uptimeSeconds"`
	ClockTrusted  bool                 `json:"clockTrusted"`
	ClockReason   string               `json:"clockReason,omitempty"` // why it is not
	Nodes         int                  `json:"nodes"`
	Devices       int                  `json:"devices"`   // of nodes, groups and the gateway itself
	Connected     int                  `json:"connected"` // devices
	States        map[hub.State]int    `json:"states"`    // devices, by state of their connection
	Concentrators []concentratorStatus `json:"concentrators"`
	Outbox        outboxStatus         `json:"outbox"`
	Frames        framesStatus         `json:"frames"`
	Quota         []quotaStatus        `json:"quota,omitempty"`
}

type concentratorStatus struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	State string `json:"state"`
}

type outboxStatus struct {
	Messages     int    `json:"messages"`
	Bytes        int64  `json:"bytes"`
	OldestAge    int64  `json:"oldestAgeSeconds"`
	Dropped      uint64 `json:"dropped"`     // by the bounds
	DeviceBytes  int64  `json:"deviceBytes"` // given to the disk to write since the start, estimated
	YearlyBytes  int64  `json:"deviceBytesPerYear"`
	Failure      string `json:"failure,omitempty"` // why the disk cannot be written at the moment
	Held         uint64 `json:"held"`              // frames in memory until it can
	StoreCommits uint64 `json:"storeCommits"`
}

type framesStatus struct {
	Accepted uint64                   `json:"accepted"`
	Joined   uint64                   `json:"joined"`
	Dropped  map[bridge.Reason]uint64 `json:"dropped"` // reasons that occurred
	Sent     uint64                   `json:"sent"`    // downlinks
	Unsent   uint64                   `json:"unsent"`
	Refused  uint64                   `json:"regulated"` // by a regulation
	Acked    uint64                   `json:"acked"`     // confirmed downlinks

	all          map[bridge.Reason]uint64 // Dropped, with those that did not occur
	slack, codec metric.Buckets
}

type quotaStatus struct {
	Hub      string `json:"hub"`
	Used     uint64 `json:"used"`
	Limit    uint64 `json:"limit"`
	Forecast uint64 `json:"forecast"`
	Short    bool   `json:"short"`
}

// snapshot looks at every part.
func (d *daemon) snapshot() snapshot {
	now := d.clock.Now()
	s := snapshot{
		Version: version, Started: d.started.UTC(), Uptime: int64(now.Sub(d.started) / time.Second),
		Nodes: len(d.now.Load().Nodes), Devices: d.devicesWanted(), States: map[hub.State]int{},
	}
	s.ClockTrusted, s.ClockReason = d.clock.Trusted()
	for _, status := range d.hub.Status() {
		s.States[status.State]++
	}
	s.Connected = s.States[hub.StateConnected]
	for _, u := range d.fleet.list() {
		s.Concentrators = append(s.Concentrators, concentratorStatus{u.cfg.Name, u.cfg.Type, radioState(u.radio)})
	}
	frames := d.bridge.Stats()
	s.Frames = framesStatus{
		Accepted: frames.Accepted, Joined: frames.Joined, Sent: frames.Sent, Unsent: frames.Unsent, Refused: frames.Regulated,
		Acked: frames.Acked, Dropped: map[bridge.Reason]uint64{}, all: frames.Dropped, slack: frames.Slack, codec: frames.Codec,
	}
	for r, n := range frames.Dropped {
		if n > 0 {
			s.Frames.Dropped[r] = n
		}
	}
	s.Outbox = d.outboxStatus(now, frames)
	for _, q := range d.hub.Quota() {
		s.Quota = append(s.Quota, quotaStatus{q.Host, q.Used, q.Limit, q.Forecast, q.Short})
	}
	return s
}

// devicesWanted counts the devices of the configuration, connected or not.
func (d *daemon) devicesWanted() int {
	cfg := d.now.Load()
	n := len(cfg.Nodes) + len(cfg.Groups)
	if d.self != nil {
		n++
	}
	return n
}

func (d *daemon) outboxStatus(now time.Time, frames bridge.Stats) outboxStatus {
	stats := d.store.Stats()
	o := outboxStatus{Dropped: frames.Overflowed, DeviceBytes: stats.DeviceBytes, StoreCommits: stats.Commits}
	o.Messages, o.Bytes = d.store.Depth()
	o.Held = frames.Held
	if frames.StoreFailure != nil {
		o.Failure = frames.StoreFailure.Error()
	}
	o.YearlyBytes = yearly(stats.DeviceBytes, now.Sub(d.started))
	if !stats.Oldest.IsZero() {
		o.OldestAge = int64(max(0, now.Sub(stats.Oldest)) / time.Second)
	}
	return o
}

// year, and the least time after which a forecast for it is made.
const (
	year           = 365 * 24 * time.Hour
	tooEarlyToTell = time.Minute
)

// yearly is what a year costs the disk if it goes on as it has since the start;
// 0 while that is too early to say.
func yearly(written int64, since time.Duration) int64 {
	if since < tooEarlyToTell {
		return 0
	}
	return int64(float64(written) * (year.Seconds() / since.Seconds()))
}

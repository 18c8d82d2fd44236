package soak

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/simulator"
)

// maxProblems bounds what a Judge remembers of what went wrong.
const maxProblems = 50

// Judge compares what the nodes sent and heard with what the hub got and was
// told. A frame is known by the number in its payload.
type Judge struct {
	mu        sync.Mutex
	ids       map[uint64]string // message id of each frame at the hub
	last      map[string]uint64 // by device: the frame that arrived last
	acked     map[uint64]string // device of each frame that was acknowledged on the air
	downlinks map[string]*downlink
	joins     map[string]bool // message ids of join events
	arrivals  int             // with repetitions
	problems  []string
	news      chan struct{} // closed and made anew whenever anything is noted
}

// NewJudge has seen nothing yet.
func NewJudge() *Judge {
	return &Judge{
		ids: map[uint64]string{}, last: map[string]uint64{}, acked: map[uint64]string{},
		downlinks: map[string]*downlink{}, joins: map[string]bool{}, news: make(chan struct{}),
	}
}

// message is what a Judge reads of a message's body.
type message struct {
	FPort      *uint8 `json:"fPort"`
	Payload    string `json:"payloadHex"`
	DownlinkID string `json:"downlinkId"`
	State      string `json:"state"`
	Reason     string `json:"reason"`
}

// Record notes an event of the hub.
func (j *Judge) Record(e hubtest.Event) {
	if e.Kind != hubtest.EventD2C {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.noted()
	var m message
	if err := json.Unmarshal(e.Body, &m); err != nil {
		j.problem("%s sent what is not JSON: %v", e.Device, err)
		return
	}
	switch e.Properties["event"] {
	case "up":
		j.up(e, m)
	case "join":
		j.joins[e.Properties["$.mid"]] = true
	case "txack", "ack":
		j.told(m)
	}
}

// noted wakes those who wait. The caller holds mu.
func (j *Judge) noted() {
	close(j.news)
	j.news = make(chan struct{})
}

func (j *Judge) problem(format string, args ...any) {
	if len(j.problems) < maxProblems {
		j.problems = append(j.problems, fmt.Sprintf(format, args...))
	}
}

// up notes an uplink. The caller holds mu.
func (j *Judge) up(e hubtest.Event, m message) {
	if m.FPort == nil || *m.FPort != 1 {
		return // MAC commands, or an acknowledgement
	}
	raw, err := hex.DecodeString(m.Payload)
	if err != nil || len(raw) != 8 {
		j.problem("%s: no node sent the payload %q", e.Device, m.Payload)
		return
	}
	frame, id := binary.BigEndian.Uint64(raw), e.Properties["$.mid"]
	j.arrivals++
	if before, ok := j.ids[frame]; ok {
		if before != id {
			j.problem("%s: frame %d has come as message %s and as %s", e.Device, frame, before, id)
		}
		return // delivered again, as at-least-once allows
	}
	j.ids[frame] = id
	if last := j.last[e.Device]; frame <= last {
		j.problem("%s: frame %d came after %d", e.Device, frame, last)
	}
	j.last[e.Device] = frame
}

// Look takes over what the nodes have recorded. Call it before their record is
// full: every 1,000 frames or so.
func (j *Judge) Look(w *simulator.World) {
	sent, received := w.Sent(), w.Received()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range sent {
		if s.Acked && len(s.Payload) == 8 {
			j.acked[binary.BigEndian.Uint64(s.Payload)] = s.Node
		}
	}
	for _, r := range received {
		if r.HasFPort && r.FPort == downlinkPort {
			j.heard(string(r.Payload))
		}
	}
}

// Missing are the frames that were acknowledged to a node and have not arrived
// at the hub.
func (j *Judge) Missing() (frames []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, frame := range slices.Sorted(maps.Keys(j.acked)) {
		if _, ok := j.ids[frame]; !ok {
			frames = append(frames, fmt.Sprintf("%s: frame %d", j.acked[frame], frame))
		}
	}
	return frames
}

// Problems are the promises that were not kept.
func (j *Judge) Problems() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.problems)
}

// Totals counts what has happened.
type Totals struct {
	Frames, Repeated, Acked, Joins int // at the hub; acknowledged on the air
	Downlinks, Delivered, Told     int // enqueued; heard by the node; told acked
}

// Totals so far.
func (j *Judge) Totals() Totals {
	j.mu.Lock()
	defer j.mu.Unlock()
	t := Totals{
		Frames: len(j.ids), Repeated: j.arrivals - len(j.ids), Acked: len(j.acked), Joins: len(j.joins), Downlinks: len(j.downlinks),
	}
	for _, d := range j.downlinks {
		if d.heard {
			t.Delivered++
		}
		if d.state == stateAcked {
			t.Told++
		}
	}
	return t
}

// changed is closed when anything new is noted.
func (j *Judge) changed() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.news
}

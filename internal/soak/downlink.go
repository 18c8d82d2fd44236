package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gatewayd/hub/hubtest"
)

// downlinkPort is the FPort of all downlinks.
const downlinkPort = 10

// stateAcked is what the hub is told of a downlink that the node acknowledged.
const stateAcked = "acked"

// downlink is one confirmed C2D message.
type downlink struct {
	heard bool   // by the node
	state string // as last told to the hub
}

// Enqueue sends a confirmed downlink to the first node, a class A one, unless
// as many as may wait already do.
func (s *Stage) Enqueue(mayWait int) error {
	s.Judge.Look(s.World)
	id, ok := s.Judge.next(mayWait)
	if !ok {
		return nil
	}
	body := fmt.Sprintf(`{"fPort": %d, "payloadText": %q, "confirmed": true, "attempts": 15}`, downlinkPort, id)
	return s.Hub.SendC2D(Device(0), hubtest.C2D{ID: id, Body: []byte(body)})
}

// next is the id of the next downlink, which is its payload too.
func (j *Judge) next(mayWait int) (id string, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	waiting := 0
	for _, d := range j.downlinks {
		if d.state != stateAcked {
			waiting++
		}
	}
	if waiting >= mayWait {
		return "", false
	}
	id = fmt.Sprintf("down-%05d", len(j.downlinks))
	j.downlinks[id] = &downlink{}
	return id, true
}

// heard notes that the node has got a downlink. The caller holds mu.
func (j *Judge) heard(payload string) {
	d, ok := j.downlinks[payload]
	if !ok {
		j.problem("a downlink that nobody sent: %q", payload)
		return
	}
	d.heard = true
}

// told notes what the hub is told of a downlink. The caller holds mu.
func (j *Judge) told(m message) {
	d, ok := j.downlinks[m.DownlinkID]
	switch {
	case !ok:
		j.problem("an event of a downlink that nobody sent: %q", m.DownlinkID)
	case m.State == "rejected" || m.State == "expired" || m.State == "nacked":
		j.problem("downlink %s: %s %s", m.DownlinkID, m.State, m.Reason)
	case d.state != stateAcked:
		d.state = m.State
	}
}

// Undelivered are the downlinks that neither were acknowledged nor wait in the
// daemon's queue, and those told as acknowledged that the node has never
// heard.
func (s *Stage) Undelivered(ctx context.Context) ([]string, error) {
	s.Judge.Look(s.World)
	answer, err := s.Hub.Invoke(ctx, Device(0), hubtest.Method{Name: "queue"})
	if err != nil {
		return nil, err
	}
	var queue struct {
		Queue []struct {
			ID string `json:"id"`
		} `json:"queue"`
	}
	if err := json.Unmarshal(answer.Payload, &queue); err != nil {
		return nil, fmt.Errorf("answer of the method queue: %w", err)
	}
	waits := map[string]bool{}
	for _, q := range queue.Queue {
		waits[q.ID] = true
	}
	return s.Judge.undelivered(waits), nil
}

func (j *Judge) undelivered(waits map[string]bool) (lost []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, d := range j.downlinks {
		switch {
		case d.state == stateAcked && !d.heard:
			lost = append(lost, id+": told as acknowledged, but the node has not heard it")
		case d.state != stateAcked && !waits[id]:
			lost = append(lost, fmt.Sprintf("%s: neither acknowledged nor in the queue, last told %q", id, d.state))
		}
	}
	slices.Sort(lost)
	return lost
}

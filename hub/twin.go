package hub

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Limits of the requests about a twin.
const (
	twinTimeout  = 30 * time.Second // for an answer
	minTwinRetry = 2 * time.Second
	maxTwinRetry = 5 * time.Minute
	maxReported  = 32 << 10
	// behindToBelieve is after how many reads that are older than an update
	// the read is believed.
	behindToBelieve = 3
)

// twin is one device's side of its twin: at most one read and one patch of
// reported properties are under way at a time.
type twin struct {
	mu       sync.Mutex
	rid      uint64 // latest request id
	get      request
	patch    request
	revision uint64 // of the patch under way

	known   bool  // the Handler has the properties of version
	version int64 // of the desired properties
	seen    int64 // highest version that was heard of
	again   int   // reads in a row that must be repeated
}

// request is a question to the hub, "" when none is under way.
type request struct {
	rid       string
	tries     int       // without success; the next connection goes on counting
	notBefore time.Time // of the next; the same
}

// next is a request id that no answer of another session can carry. t.mu is
// held.
func (t *twin) next() string {
	t.rid++
	return strconv.FormatUint(t.rid, 10)
}

// detach forgets what was under way, but not how long to wait with more.
func (t *twin) detach() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.get.rid, t.patch.rid, t.known, t.seen, t.again = "", "", false, 0, 0
}

// overdue gives up on the answer to r.
func (t *twin) overdue(r *request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.rid = ""
}

// wait is how long r must wait.
func (t *twin) wait(r *request) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, time.Until(r.notBefore))
}

// putOff makes r wait, and k ring when it is over.
func (c *connection) putOff(r *request, k alarm, wait time.Duration) {
	c.twin.mu.Lock()
	r.notBefore = time.Now().Add(wait)
	c.twin.mu.Unlock()
	c.alarms.set(k, wait)
}

// twinRetry is the wait before try n, from 1.
func (c *connection) twinRetry(n int) time.Duration {
	wait := min(minTwinRetry<<min(n, 10), maxTwinRetry)
	return wait/2 + time.Duration(c.random()*float64(wait/2))
}

// readTwin asks for the whole twin, unless that is under way.
func (c *connection) readTwin(s *session) {
	if c.device.Handler == nil || s.endpoint.hub.Tier.basic() {
		return
	}
	t := &c.twin
	if wait := t.wait(&t.get); wait > 0 {
		c.alarms.set(alarmTwin, wait)
		return
	}
	t.mu.Lock()
	if t.get.rid != "" {
		t.mu.Unlock()
		return
	}
	if l := s.endpoint.twinReads; l != nil && !l.Allow() {
		t.mu.Unlock()
		c.alarms.set(alarmTwin, c.twinRetry(1))
		return
	}
	t.get.rid = t.next()
	t.get.tries++
	topic := twinGetTopic(t.get.rid)
	t.mu.Unlock()
	c.alarms.set(alarmTwin, twinTimeout)
	_ = s.publish(topic, nil, 0, 0) // a failed write ends the session, which is its reader's to tell
}

// report sends the reported properties that wait, unless a patch is under way:
// then what has come meanwhile goes with the next. It is called by the pump
// only, so nobody else starts one.
func (c *connection) report(s *session) {
	if c.device.Reports == nil || s.endpoint.hub.Tier.basic() || c.twin.reporting() {
		return
	}
	if wait := c.twin.wait(&c.twin.patch); wait > 0 {
		c.alarms.set(alarmReport, wait)
		return
	}
	patch, revision := c.device.Reports.Patch()
	if len(patch) == 0 {
		return
	}
	if err := checkPatch(patch); err != nil {
		c.refuseReport(revision, err)
		return
	}
	if l := s.endpoint.twinUpdates; l != nil && !l.Allow() {
		c.alarms.set(alarmReport, c.twinRetry(1))
		return
	}
	rid := c.twin.beginReport(revision)
	c.alarms.set(alarmReport, twinTimeout)
	s.endpoint.quota.add(len(patch))
	_ = s.publish(twinPatchTopic(rid), patch, 0, 0) // the same
}

// reporting reports whether a patch is under way.
func (t *twin) reporting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.patch.rid != ""
}

// beginReport notes that a patch is under way, and returns its request id.
func (t *twin) beginReport(revision uint64) (rid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.patch.rid, t.revision = t.next(), revision
	t.patch.tries++
	return t.patch.rid
}

// checkPatch finds what the hub would refuse.
func checkPatch(patch []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(patch, &object); err != nil {
		return fmt.Errorf("reported properties are not a JSON object: %w", err)
	}
	if len(patch) > maxReported {
		return fmt.Errorf("reported properties take %d bytes: at most %d", len(patch), maxReported)
	}
	return nil
}

// refuseReport gives up a patch, and looks for another after a while.
func (c *connection) refuseReport(revision uint64, err error) {
	c.logger().Error("the hub does not take reported properties, leaving them out", zap.Error(err))
	c.device.Reports.Done(revision, 0, err)
	c.alarms.set(alarmReport, maxTwinRetry)
}

// answered is called with each answer about the twin.
func (c *connection) answered(s *session, r twinResponse, body []byte) {
	t := &c.twin
	t.mu.Lock()
	switch r.rid {
	case t.get.rid:
		t.get.rid = ""
		tries := t.get.tries
		t.mu.Unlock()
		s.endpoint.quota.add(len(body))
		c.twinRead(r.status, body, tries)
	case t.patch.rid:
		t.patch.rid = ""
		revision, tries := t.revision, t.patch.tries
		t.mu.Unlock()
		c.reported(r, body, revision, tries)
	default: // of a request that was given up
		t.mu.Unlock()
	}
}

// twinRead takes in the answer to a read.
func (c *connection) twinRead(status int, body []byte, tries int) {
	if status != 200 {
		if tries == 1 || !retryable(status) {
			c.logger().Warn("the hub does not give the device's twin", zap.Int("status", status))
		}
		if retryable(status) {
			c.putOff(&c.twin.get, alarmTwin, c.twinRetry(tries))
		} else {
			c.alarms.clear(alarmTwin)
		}
		return
	}
	c.alarms.clear(alarmTwin)
	var document struct{ Desired json.RawMessage }
	var desired struct {
		Version int64 `json:"$version"`
	}
	if json.Unmarshal(body, &document) != nil || json.Unmarshal(document.Desired, &desired) != nil {
		c.logger().Error("the device's twin is not what the hub's documentation says", zap.Int("bytes", len(body)))
		return
	}
	c.twin.mu.Lock()
	t := &c.twin
	t.get.tries, t.known, t.version = 0, true, desired.Version
	behind := t.seen > t.version
	if behind && t.again >= behindToBelieve {
		behind, t.seen = false, t.version
	}
	t.mu.Unlock()
	if !c.call(&update{Desired{Version: desired.Version, Full: true, JSON: document.Desired}}) || behind {
		c.readAgain()
		return
	}
	t.mu.Lock()
	t.again = 0
	t.mu.Unlock()
}

// reported takes in the answer to a patch.
func (c *connection) reported(r twinResponse, body []byte, revision uint64, tries int) {
	switch {
	case r.status == 200 || r.status == 204:
		c.twin.mu.Lock()
		c.twin.patch.tries = 0
		c.twin.mu.Unlock()
		c.alarms.clear(alarmReport)
		c.device.Reports.Done(revision, r.version, nil)
		c.kick(workReport)
	case retryable(r.status):
		c.putOff(&c.twin.patch, alarmReport, c.twinRetry(tries))
	default:
		c.refuseReport(revision, fmt.Errorf("status %d: %.200q", r.status, body))
	}
}

// retryable reports whether the same request may succeed later.
func retryable(status int) bool { return status == 429 || status >= 500 }

// desired takes in a change of desired properties. One that does not follow
// what is known has the twin read again.
func (c *connection) desired(version int64, patch []byte) {
	t := &c.twin
	t.mu.Lock()
	t.seen = max(t.seen, version)
	if !t.known || version <= t.version { // the read will tell, or has told
		t.mu.Unlock()
		return
	}
	follows := version == t.version+1
	t.version = version
	t.mu.Unlock()
	if !follows || !c.call(&update{Desired{Version: version, JSON: patch}}) {
		c.readAgain()
	}
}

// readAgain reads the twin a little later, and each time later than before:
// where one change was missed, more may be under way.
func (c *connection) readAgain() {
	c.twin.mu.Lock()
	c.twin.known = false
	c.twin.again++
	again := c.twin.again
	c.twin.mu.Unlock()
	wait := time.Duration(c.random() * float64(time.Second))
	if again > 1 {
		wait = c.twinRetry(again)
	}
	c.putOff(&c.twin.get, alarmTwin, wait)
}

// update is desired properties on their way to the Handler.
type update struct{ desired Desired }

func (u *update) do(c *connection) { c.device.Handler.Twin(c.ctx, u.desired) }

func (*update) drop() {}

package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/simulator"
	"gatewayd/radio/radiotest"
)

// arrival is one message at the hub, as the demo shows it.
type arrival struct {
	Event    string    `json:"event"` // "arrival"
	At       time.Time `json:"at"`
	DeviceID string    `json:"deviceId"`
	FCnt     uint32    `json:"fCnt"`
	FPort    *uint8    `json:"fPort"`
	Payload  string    `json:"payloadHex"`
	DataRate string    `json:"dataRate"`
	Freq     uint32    `json:"frequency"`
	RSSI     float32   `json:"rssi"`
	SNR      float32   `json:"snr"`
	Received time.Time `json:"receivedAt"`
	ID       string    `json:"messageId"`
}

// frameKey is what makes a sent frame and a message the same.
type frameKey struct {
	device  string
	fCnt    uint32
	payload string
}

// arrivals compares what the nodes sent with what the hub got.
type arrivals struct {
	world    *simulator.World
	picocell *radiotest.PicoCell
	printer  *demoPrinter

	mu    sync.Mutex
	ids   map[string]int   // message ids, how often
	got   map[frameKey]int // different messages per frame
	added chan struct{}
}

func newArrivals(s *stage, p *demoPrinter) *arrivals {
	return &arrivals{world: s.world, picocell: s.picocell, printer: p, ids: map[string]int{}, got: map[frameKey]int{}, added: make(chan struct{}, 1)}
}

// collect notes and prints the hub's messages until ctx ends.
func (a *arrivals) collect(ctx context.Context, events <-chan hubtest.Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events:
			if !ok {
				return
			}
			if e.Kind == hubtest.EventD2C && e.Properties["event"] == "up" {
				a.note(e)
			}
		}
	}
}

// newArrival reads the default body.
func newArrival(e hubtest.Event) (arrival, error) {
	a := arrival{Event: "arrival", At: e.At, ID: e.Properties["$.mid"]}
	if err := json.Unmarshal(e.Body, &a); err != nil {
		return a, fmt.Errorf("a message of %s is not the default body: %w", e.Device, err)
	}
	a.DeviceID = e.Device // who was connected, not who the body says
	return a, nil
}

func (a *arrivals) note(e hubtest.Event) {
	m, err := newArrival(e)
	if err != nil {
		a.printer.problem(err.Error())
		return
	}
	if m.FPort == nil {
		return // MAC commands only, or an acknowledgement
	}
	a.mu.Lock()
	a.ids[m.ID]++
	if a.ids[m.ID] == 1 {
		a.got[frameKey{m.DeviceID, m.FCnt, m.Payload}]++
	}
	a.mu.Unlock()
	a.printer.arrival(m)
	select {
	case a.added <- struct{}{}:
	default:
	}
}

// wait returns when every frame heard has arrived, or ctx ends.
func (a *arrivals) wait(ctx context.Context) {
	for a.lost() > 0 {
		select {
		case <-a.added:
		case <-ctx.Done():
			return
		}
	}
}

// lost is how many frames are missing. Those that the concentrator forgot when
// it began to send, as a real one does, count as not heard.
func (a *arrivals) lost() int {
	return max(0, len(a.missing())-int(a.picocell.Stats().Lost))
}

// missing are the frames that the concentrator heard and the hub has not got.
func (a *arrivals) missing() []simulator.Sent {
	a.mu.Lock()
	defer a.mu.Unlock()
	var missing []simulator.Sent
	for _, s := range a.sent() {
		if s.Heard > 0 && a.got[frameKey{s.Node, s.FCnt, hex.EncodeToString(s.Payload)}] == 0 {
			missing = append(missing, s)
		}
	}
	return missing
}

// sent are the uplinks with something for the application.
func (a *arrivals) sent() []simulator.Sent {
	return slices.DeleteFunc(a.world.Sent(), func(s simulator.Sent) bool { return s.FPort == 0 })
}

// demoResult is how the demo went.
type demoResult struct {
	Event      string   `json:"event"` // "summary"
	Sent       int      `json:"sent"`
	NotHeard   int      `json:"notHeard"` // the concentrator was sending at that moment
	Arrived    int      `json:"arrived"`
	Lost       int      `json:"lost"`
	Accepted2x int      `json:"acceptedTwice"`
	Forged     int      `json:"forged"`             // arrived although no node sent it
	Repeated   int      `json:"repeatedDeliveries"` // same message id again, as at-least-once allows
	Confirmed  int      `json:"confirmed"`
	Acked      int      `json:"acknowledged"`
	Joined     int      `json:"joined"`
	LateSends  uint64   `json:"lateSends"` // downlinks that reached the concentrator too late: this machine is overloaded
	Violations []string `json:"violations"`
}

func (a *arrivals) result() demoResult {
	r := demoResult{Event: "summary", Lost: a.lost(), LateSends: a.picocell.Stats().Late, Violations: []string{}}
	r.NotHeard = len(a.missing()) - r.Lost
	complete := a.world.Totals().Sent == len(a.world.Sent()) // a long demo forgets its first frames
	sent := map[frameKey]bool{}
	for _, s := range a.sent() {
		r.Sent++
		sent[frameKey{s.Node, s.FCnt, hex.EncodeToString(s.Payload)}] = true
		if s.Heard == 0 {
			r.NotHeard++
			continue
		}
		if s.Confirmed {
			r.Confirmed++
		}
		if s.Acked {
			r.Acked++
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, n := range a.got {
		if !sent[k] && complete {
			r.Forged++
			continue
		}
		r.Arrived++
		r.Accepted2x += n - 1
	}
	for _, n := range a.ids {
		r.Repeated += n - 1
	}
	for _, j := range a.world.Joins() {
		if j.Accepted {
			r.Joined++
		}
	}
	for _, v := range a.world.Violations() {
		r.Violations = append(r.Violations, v.String())
	}
	r.Violations = append(r.Violations, a.picocell.Violations()...)
	return r
}

// verdict is an error unless everything arrived, once, and nothing was done
// that a real node or concentrator would not bear.
func (r demoResult) verdict() error {
	var errs []error
	if r.Lost > 0 {
		errs = append(errs, fmt.Errorf("%s lost", count(r.Lost, "frame")))
	}
	if r.Accepted2x > 0 {
		errs = append(errs, fmt.Errorf("%s accepted twice", count(r.Accepted2x, "frame")))
	}
	if r.Forged > 0 {
		errs = append(errs, fmt.Errorf("%s arrived that no node sent", count(r.Forged, "frame")))
	}
	if n := len(r.Violations); n > 0 {
		errs = append(errs, fmt.Errorf("%s of a protocol", count(n, "violation")))
	}
	if r.Arrived == 0 {
		errs = append(errs, errors.New("no frame arrived"))
	}
	return errors.Join(errs...)
}

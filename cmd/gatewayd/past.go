package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/internal/config"
	"gatewayd/internal/control"
	"gatewayd/internal/history"
)

const (
	// historyFile is in the state directory, and its predecessor beside it.
	historyFile = "history"
	// saveEvery is how often it is written, and what waits is noted in it.
	saveEvery = 5 * time.Minute
)

// openPast is the history of the page's charts; without a page nobody looks.
func openPast(cfg *config.Config, log *zap.Logger) *history.History {
	path := filepath.Join(cfg.StateDir, historyFile)
	if cfg.Status.Listen == "" {
		path = ""
	}
	return history.Open(path, log.Named("status"))
}

// watch is told of every frame, on the bridge's goroutine.
func (d *daemon) watch(h bridge.Heard) {
	d.frames.Add(h)
	if h.Verdict != "accepted" {
		return
	}
	d.chronicle(history.Entry{Kind: history.Uplink, Device: h.Device, DataRate: h.DataRate, RSSI: h.RSSI, SNR: h.SNR})
}

// chronicle takes e into the history, as of now if it does not say when, if the
// time can be believed.
func (d *daemon) chronicle(e history.Entry) {
	if ok, _ := d.clock.Trusted(); ok {
		if e.At.IsZero() {
			e.At = d.clock.Now()
		}
		e.At = e.At.UTC()
		d.past.Add(e)
	}
}

// decoded is told what a codec made of an uplink.
func (d *daemon) decoded(device string, at time.Time, data json.RawMessage) {
	if values := numbers(data); len(values) > 0 {
		d.past.Note(device, at, values)
	}
}

// What is kept of one payload's values.
const (
	maxValues    = 8
	maxValueName = 40
)

// numbers are the numbers of an object, and of objects in it as "outer.inner";
// the first ones by name, if there are many.
func numbers(data json.RawMessage) map[string]float64 {
	all := map[string]float64{}
	var collect func(prefix string, v any, depth int)
	collect = func(name string, v any, depth int) {
		switch v := v.(type) {
		case float64:
			if name != "" && len(name) <= maxValueName {
				all[name] = v
			}
		case map[string]any:
			for key, inner := range v {
				if depth == 0 {
					collect(key, inner, 1)
				} else if depth < 3 {
					collect(name+"."+key, inner, depth+1)
				}
			}
		}
	}
	var v any
	if json.Unmarshal(data, &v) != nil {
		return nil
	}
	collect("", v, 0)
	for _, name := range slices.Sorted(maps.Keys(all))[min(maxValues, len(all)):] {
		delete(all, name)
	}
	return all
}

// samples looks at the daemon now and then until ctx ends: for the charts of
// the last two hours in memory, and for those of the last days on disk.
func (d *daemon) samples(ctx context.Context) error {
	tick, save := time.NewTicker(sampleEvery), time.NewTicker(saveEvery)
	defer tick.Stop()
	defer save.Stop()
	defer d.past.Save()
	known := map[string]hub.DeviceStatus{}
	for {
		s := d.snapshot()
		d.charts.Add(sampled{d.clock.Now().UTC(), s.Outbox.Messages, s.Frames.Accepted, s.Connected})
		d.connections(known)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-save.C:
			d.chronicle(history.Entry{Kind: history.Outbox, Messages: s.Outbox.Messages, Accepted: s.Frames.Accepted, Connected: s.Connected})
			d.past.Save()
		}
	}
}

// connections notes which connections have come, and which have gone and why,
// since known, which is what was noted last.
func (d *daemon) connections(known map[string]hub.DeviceStatus) {
	seen := map[string]bool{}
	for _, s := range d.hub.Status() {
		seen[s.ID] = true
		if noteworthy(known[s.ID], s) {
			known[s.ID] = s
			d.chronicle(history.Entry{Kind: history.Connection, At: s.Since, Device: s.ID, State: string(s.State), Reason: s.Reason})
		}
	}
	maps.DeleteFunc(known, func(id string, _ hub.DeviceStatus) bool { return !seen[id] })
}

// noteworthy reports whether a connection that was so when it was noted last is
// to be noted again. Attempts that fail for the same reason are one.
func noteworthy(was, is hub.DeviceStatus) bool {
	wasUp := was.State == hub.StateConnected
	if is.State == hub.StateConnected {
		return !wasUp || !is.Since.Equal(was.Since)
	}
	return wasUp || is.Reason != "" && is.Reason != was.Reason
}

// nodeHistory is what is known of a node's last days, oldest first.
type nodeHistory struct {
	Uplinks     []history.Entry `json:"uplinks"`
	Connections []history.Entry `json:"connections"`
}

func (d *daemon) historyOf(device string) nodeHistory {
	h := nodeHistory{[]history.Entry{}, []history.Entry{}}
	d.past.Each(history.Uplink, device, func(e history.Entry) { h.Uplinks = append(h.Uplinks, e) })
	d.past.Each(history.Connection, device, func(e history.Entry) { h.Connections = append(h.Connections, e) })
	return h
}

// getHistory is the samples of the last days, and the closer ones since the
// start.
func (d *daemon) getHistory(w http.ResponseWriter, _ *http.Request) {
	list := []sampled{}
	entries, _ := d.charts.Since(0)
	d.past.Each(history.Outbox, "", func(e history.Entry) {
		if len(entries) == 0 || e.At.Before(entries[0].Value.At) {
			list = append(list, sampled{e.At, e.Messages, e.Accepted, e.Connected})
		}
	})
	for _, e := range entries {
		list = append(list, e.Value)
	}
	control.Answer(w, list)
}

// timing is how long before their windows answers were handed to a
// concentrator; the last count is beyond all bounds.
type timing struct {
	Bounds []float64 `json:"boundsSeconds"`
	Counts []uint64  `json:"counts"`
}

func (d *daemon) getTiming(w http.ResponseWriter, _ *http.Request) {
	slack := d.bridge.Stats().Slack
	t := timing{Counts: slack.Counts}
	for _, b := range slack.Bounds {
		t.Bounds = append(t.Bounds, b.Seconds())
	}
	control.Answer(w, t)
}

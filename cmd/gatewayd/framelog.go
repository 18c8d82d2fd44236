package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gatewayd/bridge"
	"gatewayd/internal/control"
	"gatewayd/internal/journal"
)

// What is kept for people who look: frames, and samples for charts.
const (
	keptFrames  = 2000
	keptSamples = 720
	sampleEvery = 10 * time.Second
)

// sampled is one point of the charts.
type sampled struct {
	At        time.Time `json:"at"`
	Messages  int       `json:"messages"` // that wait for the hub
	Accepted  uint64    `json:"accepted"` // uplinks, since the start
	Connected int       `json:"connected"`
}

// loggedFrame is a frame as it is told.
type loggedFrame struct {
	Seq uint64 `json:"seq"`
	bridge.Heard
}

// getFrames tells the frames behind ?after=, one JSON object a line, and with
// ?follow=1 those to come; with ?node= and ?verdict= those alone. A reader that
// is too slow misses some: seq jumps.
func (d *daemon) getFrames(w http.ResponseWriter, r *http.Request) {
	after, err := afterOf(r)
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	d.tell(w, r, after, r.URL.Query().Get("follow") != "", func(_ uint64, raw []byte) string { return string(raw) + "\n" })
}

// getEvents tells the same as server-sent events, for the page. A browser that
// comes back says which it had last.
func (d *daemon) getEvents(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	w.Header().Set("Content-Type", "text/event-stream")
	d.tell(w, r, after, true, func(seq uint64, raw []byte) string { return fmt.Sprintf("id: %d\ndata: %s\n\n", seq, raw) })
}

// wanted are the frames that a request asks for.
func wanted(r *http.Request) func(bridge.Heard) bool {
	q := r.URL.Query()
	node, verdict := q.Get("node"), q.Get("verdict")
	return func(h bridge.Heard) bool {
		return (node == "" || h.Node == node || h.Device == node || h.DevAddr == node) &&
			(verdict == "" || h.Verdict == verdict || verdict == "dropped" && bridge.Dropped(h.Verdict))
	}
}

func afterOf(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return 0, nil
	}
	after, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("after: want the seq of a frame")
	}
	return after, nil
}

// writeWithin is how long a reader may take for what it is told at once.
const writeWithin = 20 * time.Second

func (d *daemon) tell(w http.ResponseWriter, r *http.Request, after uint64, follow bool, line func(uint64, []byte) string) {
	out, want := http.NewResponseController(w), wanted(r)
	// That of the listener is for requests; it would end the stream.
	_ = out.SetReadDeadline(time.Time{})
	for {
		entries, more := d.frames.Since(after)
		_ = out.SetWriteDeadline(time.Now().Add(writeWithin))
		for _, e := range entries {
			after = e.Seq
			if !want(e.Value) {
				continue
			}
			raw, err := json.Marshal(loggedFrame{e.Seq, e.Value})
			if err != nil {
				continue
			}
			if _, err := w.Write([]byte(line(e.Seq, raw))); err != nil {
				return
			}
		}
		if !follow || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-d.stopping:
			return
		case <-more:
		}
	}
}

// newJournals are empty.
func newJournals() (frames *journal.Journal[bridge.Heard], charts *journal.Journal[sampled]) {
	return journal.New[bridge.Heard](keptFrames), journal.New[sampled](keptSamples)
}

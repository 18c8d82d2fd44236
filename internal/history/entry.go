package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"
)

// Kind is what an Entry is of.
type Kind string

// The kinds.
const (
	Uplink     Kind = "uplink"     // of a node, with what its codec made of it
	Connection Kind = "connection" // of a device, as it changed
	Outbox     Kind = "outbox"     // what waits
)

// Entry is what was so at one moment.
type Entry struct {
	Kind   Kind      `json:"kind"`
	At     time.Time `json:"at"`
	Device string    `json:"device,omitempty"`

	DataRate string             `json:"dataRate,omitempty"`
	RSSI     float32            `json:"rssi,omitempty"` // dBm
	SNR      float32            `json:"snr,omitempty"`  // dB
	Values   map[string]float64 `json:"values,omitempty"`

	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"`

	Messages  int    `json:"messages,omitempty"`
	Accepted  uint64 `json:"accepted,omitempty"` // uplinks, since the daemon's start
	Connected int    `json:"connected,omitempty"`
}

// maxLine bounds a line, in bytes.
const maxLine = 4 << 10

// line is the entry as it stands in a file: its checksum, and JSON. nil if it
// is none for a file.
func (e Entry) line() []byte {
	raw, err := json.Marshal(e)
	if err != nil || len(raw) > maxLine {
		return nil
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(raw), raw)
}

// sumLength is the checksum's, with the blank behind it.
const sumLength = 9

// parse reads the lines of a file, and counts those that are no entry.
func parse(text []byte) (entries []Entry, bad int) {
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		e, ok := parseLine(line)
		if !ok {
			bad++
			continue
		}
		entries = append(entries, e)
	}
	return entries, bad
}

func parseLine(line []byte) (e Entry, ok bool) {
	if len(line) <= sumLength || len(line) > sumLength+maxLine || line[sumLength-1] != ' ' {
		return e, false
	}
	sum, err := strconv.ParseUint(string(line[:sumLength-1]), 16, 32)
	if err != nil || sum != uint64(crc32.ChecksumIEEE(line[sumLength:])) {
		return e, false
	}
	err = json.Unmarshal(line[sumLength:], &e)
	return e, err == nil && (e.Kind == Uplink || e.Kind == Connection || e.Kind == Outbox)
}

package roster

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Format is a form in which lists of nodes come.
type Format string

// The formats.
const (
	CSV         Format = "csv"          // columns named after the keys of [[node]], or as others call them
	JSON        Format = "json"         // objects with the keys of [[node]]
	IoTHub      Format = "iothub"       // export of a hub's devices, or an array of twins
	ChirpStack  Format = "chirpstack"   // objects of ChirpStack's API, version 3 or 4, or CSV with its names
	ThingsStack Format = "things-stack" // end devices of The Things Stack, JSON or CSV
)

// Formats are all of them.
func Formats() []Format { return []Format{CSV, JSON, IoTHub, ChirpStack, ThingsStack} }

// Entry is one node of a list, or what stands in its place.
type Entry struct {
	Line  int // where it begins, from 1
	Node  Node
	Notes []string // what the list says of it that a [[node]] has no place for
	Skip  string   // why it is nothing that could be a node; "" if it is
	Err   error    // why it cannot be read; it quotes nothing
	// Kinds are the names of what kind of device the list says it is, the
	// narrowest first; a profile of such a name is its own.
	Kinds []string
}

func (e *Entry) note(format string, args ...any) {
	e.Notes = append(e.Notes, fmt.Sprintf(format, args...))
}

// set puts text under a key; what cannot be read becomes the entry's error.
func (e *Entry) set(key, text string) {
	if err := e.Node.Set(key, text); err != nil {
		e.Err = errors.Join(e.Err, err)
	}
}

// List is what a file holds.
type List struct {
	Format  Format
	Entries []Entry
	Notes   []string // of all entries together
}

// maxEntries bounds a list: a hub has a million devices at most.
const maxEntries = 1_000_000

// Read reads a list of nodes. An empty format is found out. The error is that
// of a file that is no such list; what is wrong with one node is in its entry.
func Read(data []byte, format Format) (List, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // spreadsheets put it there
	if len(bytes.TrimSpace(data)) == 0 {
		return List{}, errors.New("is empty")
	}
	if first := bytes.TrimSpace(data)[0]; first != '{' && first != '[' {
		return readCSV(data, format)
	}
	items, err := readJSON(data)
	if err != nil {
		return List{}, err
	}
	if format == "" {
		format = detect(items)
	}
	l := List{Format: format}
	switch format {
	case JSON:
		l.Entries = ownEntries(items)
	case IoTHub:
		l.Entries = hubEntries(items)
	case ChirpStack:
		l.Entries = chirpStackEntries(items)
	case ThingsStack:
		l.Entries = thingsStackEntries(items)
	case CSV:
		return l, errors.New("is JSON and not CSV")
	default:
		return l, fmt.Errorf("holds JSON of a kind that is not known; name it with --format: %s", formatNames())
	}
	return l, nil
}

func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// detect finds out whose JSON it is, by the first object that tells.
func detect(items []item) Format {
	for _, it := range items {
		o := it.object
		switch {
		case o.has("ids", "enddeviceids"):
			return ThingsStack
		case o.has("properties", "authentication", "etag", "connectionstate", "capabilities", "twinetag"):
			return IoTHub
		case o.has("device", "devicekeys", "deviceactivation", "deviceprofile", "deviceprofileid", "applicationid", "skipfcntcheck"):
			return ChirpStack
		case o.has("deviceid", "registrationid", "devaddr", "joineui", "appkey", "nwkskey", "deveui"):
			return JSON
		}
	}
	return ""
}

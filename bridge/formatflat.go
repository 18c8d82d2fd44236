package bridge

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// flat writes the decoded values of an uplink side by side, as dashboards and
// time series like them: what lies deeper has the keys on the way to it joined
// with "_". What cannot be decoded goes out as it is, with the reason.
func (f facts) flat() (any, bool) {
	if f.Kind != kindUp {
		return nil, false
	}
	values := f.values
	var w flatWriter
	w.add("time", json.RawMessage(strconv.Quote(f.at.Format(timeFormat))))
	if values == nil || len(values.Errors) > 0 || !w.flatten("", values.Data) {
		w.add("payload", quoted(base64.StdEncoding.EncodeToString(f.Payload)))
		if values != nil && len(values.Errors) > 0 {
			w.add("error", quoted(values.Errors[0]))
		}
	}
	return w.object(), true
}

// flatWriter collects the members of an object, in order.
type flatWriter struct {
	out  []byte
	seen map[string]bool
}

func (w *flatWriter) add(key string, value json.RawMessage) {
	if w.seen[key] {
		return
	}
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	w.seen[key] = true
	if len(w.out) > 0 {
		w.out = append(w.out, ',')
	}
	w.out = append(append(append(w.out, quoted(key)...), ':'), value...)
}

func (w *flatWriter) object() json.RawMessage { return append(append([]byte{'{'}, w.out...), '}') }

// maxFlatDepth bounds how deep values are looked into; deeper ones stay whole.
const maxFlatDepth = 8

// flatten adds what is in value, below key. It reports false if there is
// nothing, or no object.
func (w *flatWriter) flatten(key string, value json.RawMessage) bool {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || value[0] != '{' {
		return false
	}
	before := len(w.out)
	w.walk(key, value, 0)
	return len(w.out) > before
}

func (w *flatWriter) walk(key string, value json.RawMessage, depth int) {
	value = bytes.TrimSpace(value)
	if depth < maxFlatDepth && len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		if w.members(key, value, depth) {
			return
		}
	}
	w.add(key, value)
}

// members walks over an object or list, in its order.
func (w *flatWriter) members(key string, value json.RawMessage, depth int) bool {
	d := json.NewDecoder(bytes.NewReader(value))
	if _, err := d.Token(); err != nil {
		return false
	}
	for i := 0; d.More(); i++ {
		name := strconv.Itoa(i)
		if value[0] == '{' {
			t, err := d.Token()
			if err != nil {
				return false
			}
			name, _ = t.(string)
		}
		var inner json.RawMessage
		if d.Decode(&inner) != nil {
			return false
		}
		if key != "" {
			name = key + "_" + name
		}
		w.walk(name, inner, depth+1)
	}
	return true
}

// quoted is s as a JSON string.
func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always can be
	return b
}

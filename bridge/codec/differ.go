package codec

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// differ collects the differences between what should be and what is.
type differ struct{ found []string }

func (d *differ) add(path, want, got string) {
	d.found = append(d.found, fmt.Sprintf("%s: want %s, got %s", path, want, got))
}

// texts compares lists of messages.
func (d *differ) texts(path string, want, got []string) {
	if !slices.Equal(want, got) {
		d.add(path, fmt.Sprintf("%q", want), fmt.Sprintf("%q", got))
	}
}

// json compares two documents by value; the order of keys does not count.
func (d *differ) json(path string, want, got json.RawMessage) {
	var w, g any
	if err := json.Unmarshal(want, &w); err != nil {
		d.add(path, "JSON", err.Error())
		return
	}
	if err := json.Unmarshal(got, &g); err != nil {
		d.add(path, "JSON", err.Error())
		return
	}
	d.value(path, w, g)
}

// value compares two decoded documents.
func (d *differ) value(path string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			d.object(path, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			for i := range w {
				d.value(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
			}
			return
		}
	}
	if !reflect.DeepEqual(want, got) {
		d.add(path, compact(want), compact(got))
	}
}

func (d *differ) object(path string, want, got map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if g, ok := got[key]; ok {
			d.value(path+"."+key, want[key], g)
		} else {
			d.add(path+"."+key, compact(want[key]), "nothing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			d.add(path+"."+key, "nothing", compact(got[key]))
		}
	}
}

// compact is v as JSON; it came from there.
func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

package roster

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ownEntries reads objects with the keys of [[node]], as export writes them.
func ownEntries(items []item) []Entry {
	list := make([]Entry, len(items))
	for i, it := range items {
		e := Entry{Line: it.line, Node: Node{}}
		for _, key := range slices.Sorted(maps.Keys(it.raw)) {
			text, err := ownText(it.raw[key])
			if err != nil {
				e.Err = errors.Join(e.Err, fmt.Errorf("%s: %w", name(key), err))
				continue
			}
			if _, known := keys().byName[key]; !known && text != "" {
				e.note("%s is no key of a node", name(key))
				continue
			}
			e.set(key, text)
			keepEmpty(e.Node, key, text)
		}
		list[i] = e
	}
	return list
}

// keepEmpty keeps a list that is empty: it may be there to replace one of a
// profile.
func keepEmpty(n Node, key, text string) {
	if text == "[]" {
		n[key] = []int64{}
	}
}

// name quotes the name of a key, if it looks like one.
func name(key string) string {
	if len(key) > 40 {
		return "a long key"
	}
	return fmt.Sprintf("%q", key)
}

func ownText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

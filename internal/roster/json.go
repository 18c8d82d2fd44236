package roster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is a JSON object. Its keys are in lower case, without '_' and '-':
// each system writes them in several ways.
type object map[string]any

// item is an object of a list and the line in which it begins.
type item struct {
	object object
	raw    map[string]any // the same with the keys as they are written
	line   int
}

// readJSON reads one array of objects, or any number of objects one after the
// other, and unpacks the envelopes that lists come in.
func readJSON(data []byte) ([]item, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var items []item
	lines := lineCounter{data: data}
	add := func() error {
		begin := skipSeparators(data, dec.InputOffset())
		var raw any
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if len(items) == maxEntries {
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		line := lines.at(begin)
		for _, m := range unpack(raw) {
			items = append(items, item{fold(m), m, line})
		}
		return nil
	}
	array := bytes.HasPrefix(bytes.TrimSpace(data), []byte("["))
	if array {
		if _, err := dec.Token(); err != nil {
			return nil, jsonError(err, &lines)
		}
	}
	for !array || dec.More() {
		switch err := add(); {
		case errors.Is(err, io.EOF) && !array:
			return items, nil
		case err != nil:
			return nil, jsonError(err, &lines)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, jsonError(err, &lines)
	}
	if rest := bytes.TrimSpace(data[dec.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("line %d: more behind the end of the array", lines.at(int64(len(data)-len(rest))))
	}
	return items, nil
}

// skipSeparators is where the value behind offset begins.
func skipSeparators(data []byte, offset int64) int64 {
	for offset < int64(len(data)) && strings.IndexByte(" \t\r\n,", data[offset]) >= 0 {
		offset++
	}
	return offset
}

// lineCounter counts lines up to offsets that ascend.
type lineCounter struct {
	data   []byte
	offset int64
	lines  int
}

func (c *lineCounter) at(offset int64) int {
	if offset < c.offset {
		c.offset, c.lines = 0, 0
	}
	offset = min(offset, int64(len(c.data)))
	c.lines += bytes.Count(c.data[c.offset:offset], []byte("\n"))
	c.offset = offset
	return c.lines + 1
}

// jsonError says where, and nothing of what stands there.
func jsonError(err error, lines *lineCounter) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: not JSON", lines.at(syntax.Offset))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("ends in the middle of a JSON value")
	}
	return err
}

// unpack finds the objects in what a list was put into by an API: an array, or
// {"result": [...]} and the like.
func unpack(raw any) []map[string]any {
	switch raw := raw.(type) {
	case map[string]any:
		for _, key := range []string{"end_devices", "result", "devices", "items", "value"} {
			if list, ok := raw[key].([]any); ok {
				return unpack(list)
			}
		}
		return []map[string]any{raw}
	case []any:
		var all []map[string]any
		for _, v := range raw {
			if m, ok := v.(map[string]any); ok {
				all = append(all, m)
			}
		}
		return all
	}
	return []map[string]any{{}} // reported as an entry without anything
}

// fold gives objects, all the way down, keys that compare.
func fold(m map[string]any) object {
	o := object{}
	for key, v := range m {
		o[foldKey(key)] = foldValue(v)
	}
	return o
}

func foldValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return fold(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = foldValue(v[i])
		}
		return list
	}
	return v
}

// foldKey is a name as it compares: DevEUI, dev_eui and dev-eui are one.
func foldKey(key string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(key))
}

func (o object) has(keys ...string) bool {
	for _, key := range keys {
		if _, ok := o[key]; ok {
			return true
		}
	}
	return false
}

// in is the object under a path of keys; nil if there is none.
func (o object) in(path ...string) object {
	for _, key := range path {
		o, _ = o[key].(object)
	}
	return o
}

// text is the first of keys that has a text, number or flag, as text.
func (o object) text(keys ...string) string {
	for _, key := range keys {
		switch v := o[key].(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		case bool:
			return fmt.Sprint(v)
		}
	}
	return ""
}

// boxed is text, which The Things Stack may put into {"value": ...} or {"key":
// ...}.
func (o object) boxed(key string) string {
	if s := o.text(key); s != "" {
		return s
	}
	return o.in(key).text("value", "key")
}

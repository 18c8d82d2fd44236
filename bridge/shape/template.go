package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Template is a JSON object with one member for each event that is published:
// what its message looks like. Texts may have placeholders, ${path}, for what
// is at that path of the message in V2: keys and indexes with dots in
// between. A text that is one placeholder alone becomes that value, a number
// for instance, or null; in a longer text it becomes text, or nothing. "$${" is
// "${" itself.
type Template struct {
	shapes map[string]any // by event
}

// Bounds of a template: its size in bytes, and how deep it may be.
const (
	maxTemplate      = 64 << 10
	maxTemplateDepth = 32
)

// Parse reads a template. Errors say what is wrong with it.
func Parse(text []byte) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("larger than %d bytes", maxTemplate)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var shapes map[string]any
	if err := d.Decode(&shapes); err != nil {
		return nil, placeJSON(text, err)
	}
	if d.More() {
		return nil, errors.New("something follows the object")
	}
	if len(shapes) == 0 {
		return nil, errors.New(`no event; want a member such as "up" for each event that is published`)
	}
	for name, shape := range shapes {
		if !slices.Contains(events(), name) {
			return nil, fmt.Errorf("unknown event %q; want one of %s", name, strings.Join(events(), ", "))
		}
		if _, isObject := shape.(map[string]any); !isObject {
			return nil, fmt.Errorf("%s: want an object", name)
		}
		if err := checkShape(name, shape, 0); err != nil {
			return nil, err
		}
	}
	return &Template{shapes}, nil
}

// placeJSON says in which line JSON is broken.
func placeJSON(text []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n")), err)
	}
	return err
}

// events are what messages may be about.
func events() []string {
	return []string{"up", "join", "txack", "ack", "status", "log", "drop", "proprietary"}
}

// checkShape looks at every text for a placeholder without an end.
func checkShape(path string, v any, depth int) error {
	if depth > maxTemplateDepth {
		return fmt.Errorf("%s: deeper than %d", path, maxTemplateDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if err := checkShape(path+"."+k, inner, depth+1); err != nil {
				return err
			}
		}
	case []any:
		for i, inner := range v {
			if err := checkShape(path+"."+strconv.Itoa(i), inner, depth+1); err != nil {
				return err
			}
		}
	case string:
		if _, err := parts(v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// part of a text: as it is, or what is at a path.
type part struct {
	text string
	path []string // nil: text
}

// parts takes a text apart.
func parts(s string) ([]part, error) {
	var all []part
	for s != "" {
		i := strings.Index(s, "${")
		if i < 0 {
			return append(all, part{text: s}), nil
		}
		if i > 0 && s[i-1] == '$' {
			all = append(all, part{text: s[:i-1] + "${"})
			s = s[i+2:]
			continue
		}
		if i > 0 {
			all = append(all, part{text: s[:i]})
		}
		path, rest, ended := strings.Cut(s[i+2:], "}")
		if !ended || path == "" {
			return nil, fmt.Errorf("%q: a placeholder is ${path}", s[i:])
		}
		all = append(all, part{path: strings.Split(path, ".")})
		s = rest
	}
	return all, nil
}

// Fill writes the message about an event, which is decoded JSON in V2; ok is
// false if the template has none.
func (t *Template) Fill(event string, message any) (filled any, ok bool) {
	shape, ok := t.shapes[event]
	if !ok {
		return nil, false
	}
	return fillShape(shape, message), true
}

func fillShape(shape, message any) any {
	switch v := shape.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			out[k] = fillShape(inner, message)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = fillShape(inner, message)
		}
		return out
	case string:
		return fillText(v, message)
	}
	return shape
}

func fillText(s string, message any) any {
	all, err := parts(s)
	if err != nil { // checked when it was read
		return s
	}
	if len(all) == 1 && all[0].path != nil {
		return at(message, all[0].path)
	}
	var b strings.Builder
	for _, p := range all {
		if p.path == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(textOf(at(message, p.path)))
	}
	return b.String()
}

// at is what lies at path of v; nil if nothing does.
func at(v any, path []string) any {
	for _, step := range path {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

// textOf is v within a longer text.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

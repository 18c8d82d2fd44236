package roster

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// TOML is the node as a [[node]] table.
func (n Node) TOML() string { return n.table("[[node]]") }

// ProfileTOML is what n holds as a [[profile]] table.
func (n Node) ProfileTOML() string { return n.table("[[profile]]") }

func (n Node) table(header string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for _, k := range keys().list {
		if v, ok := n[k.Name]; ok {
			fmt.Fprintf(&b, "%s = %s\n", k.Name, tomlValue(v))
		}
		if r := n.text("region"); k.Name == "name" && r != "" { // of profiles alone
			b.WriteString("region = " + Quote(r) + "\n")
		}
	}
	return b.String()
}

func tomlValue(v any) string {
	switch v := v.(type) {
	case string:
		return Quote(v)
	case float64:
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	case []int64:
		words := make([]string, len(v))
		for i, n := range v {
			words[i] = strconv.FormatInt(n, 10)
		}
		return "[" + strings.Join(words, ", ") + "]"
	case map[string]string:
		words := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			words = append(words, Quote(key)+" = "+Quote(v[key]))
		}
		return "{ " + strings.Join(words, ", ") + " }"
	}
	return fmt.Sprint(v) // int64, bool
}

// Quote writes a basic string of TOML.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7F:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Placed is a node and where it stands.
type Placed struct {
	Node
	File string
	Line int // of its [[node]], from 1

	span span
}

// span is where in a file a table stands, in bytes. The comments right above it
// are a part of it.
type span struct{ start, header, end int }

// Profiles are the [[profile]] tables of a file, by name.
func Profiles(file string, text []byte) (map[string]Node, error) {
	var doc struct {
		Profile []map[string]any `toml:"profile"`
	}
	if err := toml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: not TOML, or its profiles are no [[profile]] tables; gatewayd check says where", file)
	}
	all := map[string]Node{}
	for _, tree := range doc.Profile {
		n := Node{}
		for key, v := range tree {
			n[key] = plain(v)
		}
		all[n.text("name")] = n
	}
	return all, nil
}

// Tables finds the [[node]] tables of a file.
func Tables(file string, text []byte) ([]Placed, error) {
	var doc struct {
		Node []map[string]any `toml:"node"`
	}
	if err := toml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: not TOML, or its nodes are no [[node]] tables; gatewayd check says where", file)
	}
	starts := nodeTables(text)
	if len(starts) != len(doc.Node) {
		return nil, fmt.Errorf("%s: nodes stand in it in another way than as [[node]] tables; write them so", file)
	}
	nodes := make([]Placed, len(doc.Node))
	for i, tree := range doc.Node {
		n := Node{}
		for key, v := range tree {
			n[key] = plain(v)
		}
		nodes[i] = Placed{Node: n, File: file, Line: bytes.Count(text[:starts[i].header], []byte("\n")) + 1, span: starts[i]}
	}
	return nodes, nil
}

// plain gives lists and tables the types that a Node holds.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		list := []int64{}
		for _, item := range v {
			if n, ok := item.(int64); ok {
				list = append(list, n)
			}
		}
		return list
	case map[string]any:
		table := map[string]string{}
		for key, item := range v {
			table[key] = fmt.Sprint(item)
		}
		return table
	}
	return v
}

// nodeTables finds where each [[node]] stands.
func nodeTables(text []byte) (spans []span) {
	var p unstable.Parser
	p.Reset(text)
	open := false
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
			continue
		}
		it := e.Key()
		it.Next()
		first, depth := string(it.Node().Data), 1
		line := bytes.LastIndexByte(text[:it.Node().Raw.Offset], '\n') + 1
		for it.Next() {
			depth++
		}
		if first == "node" && depth > 1 {
			continue // a table inside of the node
		}
		if open {
			spans[len(spans)-1].end = aboveComments(text, line)
		}
		if open = first == "node" && e.Kind == unstable.ArrayTable; open {
			spans = append(spans, span{aboveComments(text, line), line, len(text)})
		}
	}
	return spans
}

// aboveComments is where the comment lines right above the line at offset
// begin.
func aboveComments(text []byte, offset int) int {
	for offset > 0 {
		previous := bytes.LastIndexByte(text[:offset-1], '\n') + 1
		if !bytes.HasPrefix(bytes.TrimLeft(text[previous:offset], " \t"), []byte("#")) {
			break
		}
		offset = previous
	}
	return offset
}

// Append adds nodes behind what a file holds. It returns the line in which each
// begins.
func Append(text []byte, nodes []Node) (whole []byte, lines []int) {
	whole = slices.Clone(text)
	if len(whole) > 0 && whole[len(whole)-1] != '\n' {
		whole = append(whole, '\n')
	}
	line := bytes.Count(whole, []byte("\n")) + 1
	for _, n := range nodes {
		table := n.TOML()
		if len(whole) > 0 {
			table = "\n" + table
			line++
		}
		lines = append(lines, line)
		whole = append(whole, table...)
		line += strings.Count(strings.TrimPrefix(table, "\n"), "\n")
	}
	return whole, lines
}

// Remove takes nodes, which Tables found there, out of a file.
func Remove(text []byte, nodes []Placed) []byte {
	rest := slices.Clone(text)
	for _, n := range slices.Backward(slices.SortedFunc(slices.Values(nodes), func(a, b Placed) int { return a.span.start - b.span.start })) {
		rest = slices.Delete(rest, n.span.start, n.span.end)
	}
	return rest
}

package config

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Position is a place in a file. Line and Column count from 1; Column counts
// bytes, as compilers do.
type Position struct {
	File         string
	Line, Column int
}

// String is "file:line:col".
func (p Position) String() string {
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// index finds where a key stands. Keys are full paths with the elements of
// arrays numbered from 0: "hub.host", "node[1].dev_addr",
// "concentrator[0].radio[1].frequency".
type index struct {
	offsets  map[string]int // of the first byte of the key, first mention
	elements map[string]int // how many [[tables]] an array path has so far
	headers  []header       // in order
	lines    []int          // offset of the first byte of each line
}

// header is one [table] or [[table]].
type header struct {
	offset int
	path   string
}

// newIndex reads as much of a TOML document as its syntax allows. It does not
// judge: that has been done, or will be, by a real decoder.
func newIndex(data []byte) *index {
	ix := &index{offsets: map[string]int{}, elements: map[string]int{}, lines: []int{0}}
	for i, b := range data {
		if b == '\n' {
			ix.lines = append(ix.lines, i+1)
		}
	}
	var p unstable.Parser
	p.Reset(data)
	table := ""
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = ix.header(e)
		case unstable.KeyValue:
			ix.keyValue(table, e)
		default:
		}
	}
	return ix
}

// header enters a [table] or [[table]] and returns its path.
func (ix *index) header(e *unstable.Node) string {
	path := ""
	for it := e.Key(); it.Next(); {
		key := it.Node()
		path = joinKey(path, string(key.Data))
		ix.add(path, key)
		if it.IsLast() && e.Kind == unstable.ArrayTable {
			ix.elements[path]++
		}
		if n := ix.elements[path]; n > 0 {
			path = element(path, n-1)
			ix.add(path, key)
		}
	}
	ix.headers = append(ix.headers, header{ix.offsets[path], path})
	return path
}

// keyValue enters one "key = value" of a table, and what is inside the value.
func (ix *index) keyValue(table string, e *unstable.Node) {
	path, at := table, (*unstable.Node)(nil)
	for it := e.Key(); it.Next(); {
		at = it.Node()
		path = joinKey(path, string(at.Data))
		ix.add(path, at)
	}
	ix.value(path, at, e.Value())
}

// value enters the keys inside an inline table or array, which stands at key.
func (ix *index) value(path string, key, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			ix.keyValue(path, it.Node())
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); i++ {
			at := key
			if item := it.Node(); item.Kind == unstable.InlineTable && item.Child() != nil {
				at = firstKey(item.Child())
			}
			ix.add(element(path, i), at)
			ix.value(element(path, i), at, it.Node())
		}
	default:
	}
}

// firstKey is the first part of the key of a "key = value".
func firstKey(keyValue *unstable.Node) *unstable.Node {
	it := keyValue.Key()
	it.Next()
	return it.Node()
}

func (ix *index) add(path string, key *unstable.Node) {
	if _, ok := ix.offsets[path]; !ok {
		ix.offsets[path] = int(key.Raw.Offset)
	}
}

// has reports whether the document mentions path.
func (ix *index) has(path string) bool {
	_, ok := ix.offsets[path]
	return ok
}

// find returns the line and column of path or, if the document does not
// mention it, of the nearest table around it that is mentioned, else 1:1.
func (ix *index) find(path string) (line, column int) {
	for path != "" && !ix.has(path) {
		path = parent(path)
	}
	return ix.lineColumn(ix.offsets[path])
}

// tableAt is the path of the table that a line belongs to.
func (ix *index) tableAt(line int) string {
	path := ""
	for _, h := range ix.headers {
		if l, _ := ix.lineColumn(h.offset); l <= line {
			path = h.path
		}
	}
	return path
}

func (ix *index) lineColumn(offset int) (line, column int) {
	line = sort.SearchInts(ix.lines, offset+1)
	return line, offset - ix.lines[line-1] + 1
}

// joinKey appends a key to the path of its table, quoted where TOML would.
func joinKey(table, key string) string {
	if !isBareKey(key) {
		key = strconv.Quote(key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element is the path of element i of an array.
func element(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}

// parent is the path of the table or array around path, "" at the top.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

func isBareKey(key string) bool {
	return key != "" && strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

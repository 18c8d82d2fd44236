package config

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const documentFile = "../../docs/config.md"

// TestDocument holds docs/config.md against the reference configuration and
// the keys of the code.
func TestDocument(t *testing.T) {
	t.Parallel()
	text := string(mustRead(t, "../../configs/gatewayd.reference.toml").data)
	got := renderDocument(readReference(text))
	if *update {
		if err := os.WriteFile(documentFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(mustRead(t, documentFile).data), got); diff != "" {
		t.Errorf("docs/config.md is stale: run make docs (-there +code):\n%s", diff)
	}
	for _, key := range typeKeys("", reflect.TypeFor[rawConfig]()) {
		name := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(got, "`"+name+"`") && !strings.Contains(got, name+"]") && !strings.Contains(got, name+" = ") {
			t.Errorf("docs/config.md does not name %s", key)
		}
	}
}

// TestReadReference checks the forms that the reference has.
func TestReadReference(t *testing.T) {
	t.Parallel()
	got := renderDocument(readReference(`# About the file.
#
# More of it.

# What it is.
state_dir = ""

[hub] # the first
# One for
# two.
tier = "" # a word
units = 1

# The network.
[lorawan]
# A list.
channels = [
    { frequency = 1 },
]
`))
	for _, want := range []string{
		"About the file.\n\nMore of it.\n",
		"| `state_dir` | `\"\"` | text | What it is. |",
		"## `[hub]`\n\nthe first\n",
		"| `tier` | `\"\"` a word | text | One for two. |\n| `units` | `1` | integer | ″ |\n",
		"## `[lorawan]`\n\nThe network.\n",
		"| `channels` | `[{ frequency = 1 }, ...]` | tables | A list. |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

// referenceTable is one table of the reference configuration.
type referenceTable struct {
	header string // as written; "" for the keys above all tables
	about  string
	groups []keyGroup
}

// keyGroup is keys that share a comment.
type keyGroup struct {
	about string
	keys  []referenceKey
}

type referenceKey struct{ name, value, note string }

var (
	referenceHeader = regexp.MustCompile(`^(\[+[^\]]+\]+)(?: # (.*))?$`)
	referenceValue  = regexp.MustCompile(`^(\w+) = ("[^"]*"|\[.*\]|\{.*\}|\[|[^ ]+)(?: # (.*))?$`)
)

// readReference reads the reference line by line: comments go before what
// they are about.
func readReference(text string) (about string, tables []referenceTable) {
	tables = []referenceTable{{}}
	var comment []string
	said := func() string {
		s := strings.Join(comment, " ")
		comment = nil
		return s
	}
	fresh, inValue := true, false // fresh: the next key begins a group
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		last := &tables[len(tables)-1]
		switch header, value := referenceHeader.FindStringSubmatch(line), referenceValue.FindStringSubmatch(line); {
		case inValue:
			inValue = line != "]"
			group := &last.groups[len(last.groups)-1]
			if key := &group.keys[len(group.keys)-1]; key.value == "[" {
				key.value = "[" + strings.TrimSpace(line) + " ...]"
			}
		case line == "#" || line == "" && about == "" && len(comment) > 0 || line == "" && len(tables) == 1 && last.groups == nil:
			about += said() + "\n\n"
		case line == "":
			fresh = true
		case strings.HasPrefix(line, "# "):
			comment, fresh = append(comment, line[2:]), true
		case header != nil:
			intro := said()
			tables = append(tables, referenceTable{header: header[1], about: strings.TrimSpace(intro + " " + header[2])})
		case value != nil:
			inValue = value[2] == "["
			if fresh {
				last.groups = append(last.groups, keyGroup{about: said()})
			}
			group := &last.groups[len(last.groups)-1]
			group.keys = append(group.keys, referenceKey{value[1], value[2], value[3]})
			fresh = false
		}
	}
	return about, tables
}

// renderDocument writes the tables as a page. What comes again becomes part
// of what was there, as far as it says more.
func renderDocument(about string, tables []referenceTable) string {
	var b bytes.Buffer
	b.WriteString("# Configuration\n\nEvery key. Made by `make docs` from [gatewayd.reference.toml](../configs/gatewayd.reference.toml), which is checked " +
		"against the code; do not edit.\n`gatewayd check` tries a configuration; a reload takes over `[lorawan]`, concentrators, nodes and groups, " +
		"everything else a restart.\n\n")
	b.WriteString(strings.TrimSpace(about) + "\n")
	shown := map[string][]string{}
	for _, table := range tables {
		title := titleOf(table)
		_, again := shown[title]
		if title != "" && !again {
			fmt.Fprintf(&b, "\n## %s\n", title)
		}
		if table.about != "" && !again {
			fmt.Fprintf(&b, "\n%s\n", table.about)
		}
		if len(table.groups) > 0 && !again {
			b.WriteString("\n| key | as shown | takes | |\n|---|---|---|---|\n")
		}
		for _, g := range table.groups {
			renderGroup(&b, strings.Trim(table.header, "[]"), g.beyond(shown[title]))
			for _, k := range g.keys {
				shown[title] = append(shown[title], k.name)
			}
		}
	}
	return b.String()
}

// titleOf names a table as a document does.
func titleOf(table referenceTable) string {
	if table.header == "" {
		return ""
	}
	title := "`" + table.header + "`"
	for _, g := range table.groups {
		for _, k := range g.keys {
			if k.name == "type" && table.header == "[[concentrator]]" {
				title += " of type " + strings.Trim(k.value, `"`)
			}
		}
	}
	return title
}

// beyond leaves of a group what has not been shown, or all of it if the
// comment is what is new.
func (g keyGroup) beyond(shown []string) keyGroup {
	keys := slices.DeleteFunc(slices.Clone(g.keys), func(k referenceKey) bool { return slices.Contains(shown, k.name) })
	if len(keys) > 0 || g.about == "" {
		g.keys = keys
	}
	return g
}

// renderGroup writes a row for each key; the comment stands in the first.
func renderGroup(b *bytes.Buffer, table string, g keyGroup) {
	about := strings.ReplaceAll(g.about, "|", `\|`)
	for _, k := range g.keys {
		kind := kindOfKey(joinKey(table, k.name))
		if kind == "secret" && k.value != `""` {
			k.value = `"..."`
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", k.name, strings.TrimSpace("`"+k.value+"` "+k.note), kind, about)
		if about != "" {
			about = "″"
		}
	}
}

// kindOfKey says in a word or two what a key of the raw structs takes.
func kindOfKey(path string) string {
	t := reflect.TypeFor[rawConfig]()
	for name := range strings.SplitSeq(path, ".") {
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		f, ok := fieldOf(fieldsOf(t), name)
		if !ok {
			return "unknown"
		}
		if t = f.Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	switch {
	case t == reflect.TypeFor[duration]():
		return "time span"
	case t == reflect.TypeFor[secretText]():
		return "secret"
	case t == reflect.TypeFor[size]():
		return "size"
	}
	return map[reflect.Kind]string{
		reflect.String: "text", reflect.Int64: "integer", reflect.Float64: "number", reflect.Bool: "true or false",
		reflect.Map: "table of texts", reflect.Struct: "table",
		reflect.Slice: map[bool]string{true: "tables", false: "list"}[t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct],
	}[t.Kind()]
}

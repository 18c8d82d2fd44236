package roster

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead checks that any bytes give entries or an error, and that what is read
// survives a nodes_file and an export.
func FuzzRead(f *testing.F) {
	for _, file := range lists(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "")
	}
	f.Fuzz(func(t *testing.T, data []byte, format string) {
		l, err := Read(data, Format(format))
		if err != nil {
			return
		}
		nodes := Nodes(Plan(l.Entries, nil, Options{}))
		text, lines := Append(nil, nodes)
		placed, err := Tables("n", text)
		if err != nil || len(placed) != len(nodes) {
			t.Fatalf("%d nodes are %d in a file: %v\n%s", len(nodes), len(placed), err, text)
		}
		for i, p := range placed {
			if p.Line != lines[i] {
				t.Errorf("line %d is line %d", lines[i], p.Line)
			}
		}
		var b bytes.Buffer
		if err := Export(&b, nodes, JSON, true); err != nil {
			t.Fatal(err)
		}
		again, err := Read(b.Bytes(), JSON)
		if err != nil || len(again.Entries) != len(nodes) {
			t.Fatalf("%d nodes are %d in an export: %v\n%s", len(nodes), len(again.Entries), err, b.Bytes())
		}
	})
}

// FuzzTables checks that a file without its nodes has none, and is as it was
// otherwise.
func FuzzTables(f *testing.F) {
	f.Add([]byte(oneNode))
	f.Add([]byte("[[group]]\n[[node]]\n[node.codec_variables]\na=\"b\"\n# x\n[[group]]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		placed, err := Tables("n", text)
		if err != nil {
			return
		}
		rest := Remove(text, placed)
		if left, err := Tables("n", rest); err != nil || len(left) != 0 {
			t.Errorf("%d left: %v in %q", len(left), err, rest)
		}
		whole, _ := Append(text, []Node{{"device_id": "a"}})
		if more, err := Tables("n", whole); err != nil || len(more) != len(placed)+1 || !cmp.Equal(more[0].Line, append(placed, more[len(more)-1])[0].Line) {
			t.Errorf("%d and one more are %d: %v", len(placed), len(more), err)
		}
	})
}

package vectors_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/vectors"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	all, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 99 {
		t.Errorf("%d vectors, want 99", len(all))
	}
	seen := map[string]bool{}
	for _, v := range all {
		if v.ID == "" || seen[v.ID] || v.Kind == "" || v.Source == "" || len(v.In) == 0 {
			t.Errorf("%+v: want an id of its own, a kind, a source and an input", v)
		}
		seen[v.ID] = true
		if v.In.Has("phyPayload") && len(v.In.Bytes("phyPayload")) == 0 {
			t.Errorf("%s: phyPayload %q is not hexadecimal", v.ID, v.In.Text("phyPayload"))
		}
	}
}

func TestOfKind(t *testing.T) {
	t.Parallel()
	data, err := vectors.OfKind("data11")
	if err != nil || len(data) != 7 {
		t.Errorf("%d vectors of kind data11, %v; want 7", len(data), err)
	}
	if got, err := vectors.OfKind("data12"); err == nil {
		t.Errorf("a kind that is not there gives %v", got)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	f := vectors.Fields{
		"none": []byte("null"), "hex": []byte(`"0a0B"`), "word": []byte(`"xyz"`), "n": []byte("7"), "big": []byte("-1"),
		"list": []byte("[1,2]"), "yes": []byte("true"), "one": []byte("1"), "zero": []byte("0"),
	}
	type row struct {
		Has     bool
		Text    string
		Bytes   []byte
		Number  uint32
		Numbers []uint32
		Flag    bool
	}
	for name, want := range map[string]row{
		"absent": {Bytes: []byte{}},
		"none":   {Bytes: []byte{}},
		"hex":    {Has: true, Text: "0a0B", Bytes: []byte{10, 11}, Number: 0x0a0b, Flag: true},
		"word":   {Has: true, Text: "xyz"},
		"n":      {Has: true, Bytes: []byte{}, Number: 7, Flag: true},
		"big":    {Has: true, Bytes: []byte{}},
		"list":   {Has: true, Bytes: []byte{}, Numbers: []uint32{1, 2}},
		"yes":    {Has: true, Bytes: []byte{}, Flag: true},
		"one":    {Has: true, Bytes: []byte{}, Number: 1, Flag: true},
		"zero":   {Has: true, Bytes: []byte{}},
	} {
		got := row{f.Has(name), f.Text(name), f.Bytes(name), f.Number(name), f.Numbers(name), f.Flag(name)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

package config

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const indexed = `top = 1
[hub]
  host = "x"
log.level = "y" # hub.log.level: TOML puts it there

[[concentrator]]
tx_gain = [
  { power = 9, pa = 0 },
  { power = 11 },
]
[concentrator.firmware_sha256]
agc = ""
[[concentrator.radio]]
frequency = 1
[[concentrator.radio]]
frequency = 2

[[concentrator]]
"a.b" = 1
[[concentrator.radio]]
type = { name = "z", "x y" = 2 }
`

func TestIndex(t *testing.T) {
	t.Parallel()
	ix := newIndex([]byte(indexed))
	got := map[string]string{}
	for path := range ix.offsets {
		line, column := ix.find(path)
		got[path] = fmt.Sprintf("%d:%d", line, column)
	}
	want := map[string]string{
		"top":                                 "1:1",
		"hub":                                 "2:2",
		"hub.host":                            "3:3",
		"hub.log":                             "4:1",
		"hub.log.level":                       "4:5",
		"concentrator":                        "6:3",
		"concentrator[0]":                     "6:3",
		"concentrator[0].tx_gain":             "7:1",
		"concentrator[0].tx_gain[0]":          "8:5",
		"concentrator[0].tx_gain[0].power":    "8:5",
		"concentrator[0].tx_gain[0].pa":       "8:16",
		"concentrator[0].tx_gain[1]":          "9:5",
		"concentrator[0].tx_gain[1].power":    "9:5",
		"concentrator[0].firmware_sha256":     "11:15",
		"concentrator[0].firmware_sha256.agc": "12:1",
		"concentrator[0].radio":               "13:16",
		"concentrator[0].radio[0]":            "13:16",
		"concentrator[0].radio[0].frequency":  "14:1",
		"concentrator[0].radio[1]":            "15:16",
		"concentrator[0].radio[1].frequency":  "16:1",
		"concentrator[1]":                     "18:3",
		`concentrator[1]."a.b"`:               "19:1",
		"concentrator[1].radio":               "20:16",
		"concentrator[1].radio[0]":            "20:16",
		"concentrator[1].radio[0].type":       "21:1",
		"concentrator[1].radio[0].type.name":  "21:10",
		`concentrator[1].radio[0].type."x y"`: "21:22",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
}

func TestIndexFindsTheNearestTable(t *testing.T) {
	t.Parallel()
	ix := newIndex([]byte(indexed))
	for path, want := range map[string]string{
		"hub.ca_file":                       "2:2",
		"concentrator[1].port":              "18:3",
		"concentrator[1].lora_std.radio":    "18:3",
		"concentrator[0].radio[1].enable":   "15:16",
		"concentrator[0].channel[7]":        "6:3",
		"node[0].device_id":                 "1:1",
		"":                                  "1:1",
		`concentrator[1].radio[0].type."."`: "21:1",
	} {
		line, column := ix.find(path)
		if got := fmt.Sprintf("%d:%d", line, column); got != want {
			t.Errorf("%s: at %s, want %s", path, got, want)
		}
	}
}

func TestIndexTableAt(t *testing.T) {
	t.Parallel()
	ix := newIndex([]byte(indexed))
	for line, want := range map[int]string{
		1: "", 2: "hub", 5: "hub", 6: "concentrator[0]", 14: "concentrator[0].radio[0]",
		16: "concentrator[0].radio[1]", 19: "concentrator[1]", 99: "concentrator[1].radio[0]",
	} {
		if got := ix.tableAt(line); got != want {
			t.Errorf("line %d: in %q, want %q", line, got, want)
		}
	}
}

// A document that stops being TOML is indexed up to there.
func TestIndexOfBrokenDocument(t *testing.T) {
	t.Parallel()
	ix := newIndex([]byte("a = 1\n[b]\nc = \nd = 1\n"))
	if !ix.has("a") || !ix.has("b") || ix.has("b.d") {
		t.Errorf("has %v, want a and b only", ix.offsets)
	}
}

package roster

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of testdata/list")

// TestRead compares what is read from each file of testdata/list with the golden
// file beside it, keys included: all of them are made up.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, file := range lists(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			l := mustList(t, file, "")
			var b strings.Builder
			fmt.Fprintf(&b, "# format %s\n", l.Format)
			for _, note := range l.Notes {
				fmt.Fprintf(&b, "# %s\n", note)
			}
			for _, e := range l.Entries {
				fmt.Fprintf(&b, "\n# line %d", e.Line)
				switch {
				case e.Skip != "":
					fmt.Fprintf(&b, ", skipped: %s\n", e.Skip)
				case e.Err != nil:
					fmt.Fprintf(&b, ", invalid: %v\n", e.Err)
				default:
					fmt.Fprintf(&b, "\n%s", e.Node.TOML())
				}
				for _, kind := range e.Kinds {
					fmt.Fprintf(&b, "# kind %s\n", kind)
				}
				for _, note := range e.Notes {
					fmt.Fprintf(&b, "# %s\n", note)
				}
			}
			golden := file + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRoundTrip checks that every list, exported and read again, is the same
// nodes, and that they stand in a nodes_file as they were.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, file := range lists(t) {
		want := Nodes(Plan(mustList(t, file, "").Entries, nil, Options{}))
		if len(want) == 0 {
			continue
		}
		for _, format := range []Format{CSV, JSON} {
			var b bytes.Buffer
			if err := Export(&b, want, format, true); err != nil {
				t.Fatal(err)
			}
			again, err := Read(b.Bytes(), "")
			if err != nil {
				t.Fatalf("%s as %s: %v\n%s", file, format, err, b.Bytes())
			}
			got := Nodes(Plan(again.Entries, nil, Options{}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s as %s (-want +got):\n%s", file, format, diff)
			}
		}
		text, _ := Append([]byte("# mine\n"), want)
		placed, err := Tables("n.toml", text)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range Plan(mustList(t, file, "").Entries, placed, Options{}) {
			if o.Status == Added || o.Status == Conflict {
				t.Errorf("%s, imported twice: %v", file, o)
			}
		}
		if rest := string(Remove(text, placed)); rest != "# mine\n\n" {
			t.Errorf("%s: all removed, and there is %q", file, rest)
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, format, want string }{
		"nothing":        {" \n", "", "is empty"},
		"cut off":        {`[{"device_id":"a"`, "", "ends in the middle of a JSON value"},
		"no JSON":        {"{\"device_id\":\n topsecret}", "", "line 2: not JSON"},
		"two arrays":     {"[]\n[]", "", "line 2: more behind the end of the array"},
		"other JSON":     {`{"colour":"red"}`, "", "name it with --format"},
		"no header":      {"a,b\n1,2\n", "", "line 1: names neither dev_eui nor dev_addr"},
		"CSV as JSON":    {"dev_eui\n1\n", "iothub", "is not JSON"},
		"JSON as CSV":    {`{"ids":{}}`, "csv", "is JSON and not CSV"},
		"unknown format": {`{"ids":{}}`, "excel", "csv, json, iothub, chirpstack, things-stack"},
	} {
		_, err := Read([]byte(tt.text), Format(tt.format))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestErrorsQuoteNothing checks that a key in the wrong place is not repeated.
func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	const key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
	for _, text := range []string{
		"dev_eui,rx_delay\n70B3D57ED0000001," + key + "\n", "dev_eui,rx_delay\n" + key + "\n", "dev_eui,\"" + key + "\n",
		`{"dev_eui":"a","f_ports":"` + key + `"}`, `{"dev_eui":"a","flush_on_join":"` + key + `","adr_margin":"` + key + `","codec_variables":"` + key + `"}`,
	} {
		l, err := Read([]byte(text), "")
		said := fmt.Sprint(err)
		for _, o := range Plan(l.Entries, nil, Options{}) {
			said += o.String() + fmt.Sprintf("%v %+v %#v", o.Node, o.Node, o.Node)
		}
		if strings.Contains(said, key) {
			t.Errorf("%s: %s", text, said)
		}
	}
}

func lists(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, ext := range []string{"csv", "json"} {
		some, err := filepath.Glob("testdata/list/*." + ext)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		t.Fatal("no lists")
	}
	return all
}

func mustList(t *testing.T, file string, format Format) List {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Read(data, format)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return l
}

package roster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/config"
)

const mainFile = `nodes_file = "nodes.toml"
[hub]
host = "contoso.azure-devices.net"
[[concentrator]]
type = "semtech-udp"
region = "EU868"
`

const oneNode = `# kept by hand
[[node]] # the barn
device_id = "lora1"
device_key = "ZmFrZSBrZXkgb2YgbG9yYTIsIDMyIGJ5dGVzIGxvbmc="
dev_eui = "70b3d57ed0000001"
join_eui = "0000000000000000"
app_key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
# the last line
`

// TestPlanAndCheck takes a list through all that can become of an entry.
func TestPlanAndCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"gatewayd.toml": mainFile, "nodes.toml": oneNode} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := config.ReadNodesFiles(filepath.Join(dir, "gatewayd.toml"))
	if err != nil {
		t.Fatal(err)
	}
	have, err := Tables("nodes.toml", files.Text)
	if err != nil {
		t.Fatal(err)
	}
	const key = ",ZmFrZSBrZXkgb2YgbG9yYTIsIDMyIGJ5dGVzIGxvbmc="
	l, err := Read([]byte("device_id,dev_eui,join_eui,app_key,profile,device_key\n"+
		"lora1,70B3D57ED0000001,,8f1120ce5a3b77e1094c6d2b10fa99e7,"+key+"\n"+
		"lora1,70B3D57ED0000001,,8F1120CE5A3B77E1094C6D2B10FA99E8,"+key+"\n"+
		"lora2,70B3D57ED0000002,,8F1120CE5A3B77E1094C6D2B10FA99E7,"+key+"\n"+
		"lora2,70B3D57ED0000002,,8F1120CE5A3B77E1094C6D2B10FA99E7,"+key+"\n"+
		"lora3,70B3D57ED0000002,,8F1120CE5A3B77E1094C6D2B10FA99E7,"+key+"\n"+
		",70B3D57ED0000004,,8F11,"+key+"\n"+
		",70B3D57ED0000005,,8F1120CE5A3B77E1094C6D2B10FA99E7,valve"+key+"\n"+
		",70B3D57ED0000006,,8F1120CE5A3B77E1094C6D2B10FA99E7,,\n"+
		",70B3D57ED0000007,,8F1120CE5A3B77E1094C6D2B10FA99E7,,\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	outcomes := Plan(l.Entries, have, Options{Defaults: Node{"join_eui": "0000000000000000"}})
	later := func(n Node) bool { return strings.HasSuffix(n.DeviceID(), "7") }
	if err := Check(outcomes, files, func(string) string { return "" }, later); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range outcomes {
		got = append(got, o.String())
	}
	want := []string{
		"line 2: lora1: same: as at nodes.toml:2",
		"line 3: lora1: conflict: device_id is that of the node at nodes.toml:2, which differs in app_key",
		"line 4: lora2: added",
		"line 5: lora2: same: as at line 4",
		"line 6: lora3: conflict: dev_eui is that of the node at line 4, which differs in device_id",
		"line 7: 70B3D57ED0000004: invalid: app_key: not a key; want 32 hexadecimal digits (16 bytes)",
		"line 8: 70B3D57ED0000005: invalid: profile: not the name of a [[profile]]; name one, or leave it empty",
		"line 9: 70B3D57ED0000006: invalid: device_key: missing; add device_key, connection_string, sas_token, or x509_cert and x509_key",
		"line 10: 70B3D57ED0000007: added",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// TestAppendKeepsWhatIsThere checks that nothing of a file changes, and that a
// node that is removed takes its comments with it and no others.
func TestAppendKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	text, lines := Append([]byte(oneNode), []Node{{"device_id": "lora2"}, {"device_id": "lora3", "f_ports": []int64{1}}})
	if !strings.HasPrefix(string(text), oneNode) {
		t.Errorf("what was there has changed:\n%s", text)
	}
	placed, err := Tables("n", text)
	if err != nil || len(placed) != 3 {
		t.Fatalf("%d nodes, %v", len(placed), err)
	}
	if got := fmt.Sprint(placed[0].Line, placed[1].Line, placed[2].Line, lines); got != "2 10 13 [10 13]" {
		t.Errorf("lines %s", got)
	}
	more := append(slices.Clone(text), "# the group\n[[group]]\ndevice_id = \"g\"\n\n[[node]]\ndevice_id = \"lora4\"\n[node.codec_variables]\nunit = \"C\"\n"...)
	if placed, err = Tables("n", more); err != nil {
		t.Fatal(err)
	}
	want := "[[node]]\ndevice_id = \"lora2\"\n\n# the group\n[[group]]\ndevice_id = \"g\"\n\n"
	if got := string(Remove(more, []Placed{placed[3], placed[0], placed[2]})); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyTables(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"node = [{device_id = \"a\"}]\n", "node = 1\n", "[node]\ndevice_id = \"a\"\n", "[["} {
		if _, err := Tables("n.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "n.toml: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestExportWithoutKeys checks that no secret leaves without being asked for,
// and that it is said where one is kept.
func TestExportWithoutKeys(t *testing.T) {
	t.Parallel()
	n := Node{"device_id": "a", "app_key": "8F1120CE5A3B77E1094C6D2B10FA99E7", "device_key": "env:KEY", "sas_token": "x"}
	for _, f := range []Format{CSV, JSON} {
		var b strings.Builder
		if err := Export(&b, []Node{n}, f, false); err != nil {
			t.Fatal(err)
		}
		if s := b.String(); strings.Contains(s, "8F11") || strings.Contains(s, "sas_token") || !strings.Contains(s, "env:KEY") {
			t.Errorf("%s: %s", f, s)
		}
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	like, name, link := filepath.Join(dir, "like"), filepath.Join(dir, "n"), filepath.Join(dir, "link")
	if err := os.WriteFile(like, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("n", link); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{name, link} {
		if err := WriteFile(target, []byte(target), like, ModeOpen); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		info, _ := os.Lstat(name)
		if err != nil || string(got) != target || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %q, %v, %v", target, got, info.Mode(), err)
		}
		if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("left behind: %v", entries)
	}
	if err := WriteFile(filepath.Join(dir, "none", "n"), nil, like, ModeKeys); err == nil {
		t.Error("written into a folder that is not there")
	}
}

// TestKind checks that a new node gets the profile of its kind, if there is one,
// and that one that is there already is left as it is.
func TestKind(t *testing.T) {
	t.Parallel()
	entries := func() []Entry {
		return mustList(t, "testdata/list/things-stack.json", "").Entries
	}
	profiles := Options{Profiles: map[string]bool{"dragino/lht65": true}}
	first := Plan(entries(), nil, profiles)
	if p := first[0].Node["profile"]; p != "dragino/lht65" || first[1].Node["profile"] != nil {
		t.Errorf("profile %v, and %v of another", p, first[1].Node["profile"])
	}
	text, _ := Append(nil, Nodes(Plan(entries(), nil, Options{})))
	have, err := Tables("n", text)
	if err != nil {
		t.Fatal(err)
	}
	if again := Plan(entries(), have, profiles); again[0].Status != Same {
		t.Errorf("%v", again[0])
	}
}

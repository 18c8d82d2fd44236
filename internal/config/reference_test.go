package config

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pelletier/go-toml/v2"

	"gatewayd/bridge/region"
	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// required is all that a configuration needs.
const required = `
[hub]
host = "contoso.azure-devices.net"
[[concentrator]]
type = "picocell"
port = "/dev/ttyACM0"
region = "EU868"
`

func noEnv(string) string { return "" }

func loadShipped(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Load("../../configs/"+name, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReferenceShowsTheDefaults checks that a configuration with the
// reference's values is one with none but the required ones.
func TestReferenceShowsTheDefaults(t *testing.T) {
	t.Parallel()
	want := mustCheck(t, required+`
[[other_hub]]
name = "north"
host = "fabrikam.azure-devices.net"
[dps]
id_scope = "0ne00ABCDEF"
[[concentrator]]
type = "semtech-udp"
region = "EU868"
[[concentrator]]
type = "basicstation"
region = "EU868"
[[concentrator]]
type = "concentratord"
region = "EU868"
[[concentrator]]
type = "rn2483"
region = "EU868"
port = "/dev/ttyUSB0"
frequency = 868100000
data_rate = 5
`)
	got := loadShipped(t, "gatewayd.reference.toml")
	opts := cmp.Options{
		cmpopts.IgnoreFields(Config{}, "Nodes", "Groups", "Warnings"),
		cmpopts.IgnoreTypes(Position{}), samePlan(), cmpopts.EquateEmpty(), cmpopts.EquateComparable(Proxy{}, secret.Text{}),
	}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Errorf("reference differs from the defaults (-default +reference):\n%s", diff)
	}
}

// samePlan compares regions by what they hold.
func samePlan() cmp.Option {
	return cmp.Comparer(func(a, b *region.Region) bool { return reflect.DeepEqual(a, b) })
}

// TestReferenceNodesShowTheDefaults checks the nodes and the group that show
// every optional key.
func TestReferenceNodesShowTheDefaults(t *testing.T) {
	t.Parallel()
	reference := loadShipped(t, "gatewayd.reference.toml")
	want := mustCheck(t, required+nodeA+nodeB+groupA)
	same := func(name string, want, got any) {
		if diff := cmp.Diff(want, got, samePlan(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-default +reference):\n%s", name, diff)
		}
	}
	same("ABP", want.Nodes[0].MAC, reference.Nodes[0].MAC)
	otaa, own := want.Nodes[1], reference.Nodes[1]
	same("OTAA", otaa.MAC, own.MAC)
	same("downlinks", otaa.Downlink, own.Downlink)
	if own.Version != otaa.Version || own.Class != otaa.Class || own.Counters != otaa.Counters {
		t.Errorf("reference: %v %s %s, default: %v %s %s", own.Version, own.Class, own.Counters, otaa.Version, otaa.Class, otaa.Counters)
	}
	same("codec", [2]any{otaa.Codec, otaa.CodecVariables}, [2]any{own.Codec, own.CodecVariables})
	same("messages", otaa.Format, own.Format)
	same("published", [2]any{otaa.Ports, otaa.ReportInterval}, [2]any{own.Ports, own.ReportInterval})
	asHub := Connection{Policy: hub.PolicyPersistent, KeepAlive: want.Hub.KeepAlive, APIVersion: want.Hub.APIVersion}
	same("connection", asHub, own.Connection)
	group, shown := want.Groups[0], reference.Groups[0]
	same("connection of a group", asHub, shown.Connection)
	same("downlinks of a group", group.Downlink, shown.Downlink)
	if shown.Frequency != group.Frequency || shown.DataRate != group.DataRate || shown.FCnt != group.FCnt {
		t.Errorf("group: %d Hz at %d from %d", shown.Frequency, shown.DataRate, shown.FCnt)
	}
}

// TestReferenceSpellsTheDefaults checks that the reference writes them as the
// code does ("60s" and not "1m").
func TestReferenceSpellsTheDefaults(t *testing.T) {
	t.Parallel()
	want := defaults()
	got := defaults()
	file, ok := parse(mustRead(t, "../../configs/gatewayd.reference.toml"), newReport())
	if !ok {
		t.Fatal("the reference is not TOML")
	}
	file.into(&got, profiles{})
	want.Hub.Host, want.DPS.IDScope = got.Hub.Host, got.DPS.IDScope // required, so examples
	opts := cmp.Options{
		cmp.AllowUnexported(rawHub{}, rawGateway{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(rawConfig{}, "OtherHub", "Concentrator", "Profile", "Node", "Group"),
		// Defaults that are the region's, or the tier's, are compared above.
		cmpopts.IgnoreFields(rawEndpoint{}, "ConnectRate"),
		cmpopts.IgnoreFields(rawLoRaWAN{}, "Channels", "rawWindows", "rawADR", "SubBand"),
	}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Errorf("reference differs from the defaults (-default +reference):\n%s", diff)
	}
}

// TestReferenceIsComplete checks that every key in the code is in the
// reference. The other way round, Load refuses keys that the code has not.
func TestReferenceIsComplete(t *testing.T) {
	t.Parallel()
	var tree map[string]any
	if err := toml.Unmarshal(mustRead(t, "../../configs/gatewayd.reference.toml").data, &tree); err != nil {
		t.Fatal(err)
	}
	got := treeKeys("", tree)
	want := typeKeys("", reflect.TypeFor[rawConfig]())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of the reference (-code +reference):\n%s", diff)
	}
}

// typeKeys lists the paths of all keys that a raw struct has.
func typeKeys(path string, table reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(table) {
		at := joinKey(path, f.Tag.Get("toml"))
		keys = append(keys, at)
		t := f.Type
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() == reflect.Struct {
			keys = append(keys, typeKeys(at, t)...)
		}
	}
	slices.Sort(keys)
	return keys
}

// TestNoKeyIsHidden checks that no embedded struct hides a key of another one.
func TestNoKeyIsHidden(t *testing.T) {
	t.Parallel()
	for _, table := range []reflect.Type{
		reflect.TypeFor[rawConfig](), reflect.TypeFor[rawLoRaWAN](), reflect.TypeFor[rawNode](), reflect.TypeFor[rawGroup](), reflect.TypeFor[rawProfile](),
	} {
		want := taggedFields(table)
		slices.Sort(want)
		if diff := cmp.Diff(want, keysOf(table)); diff != "" {
			t.Errorf("%v (-written +read):\n%s", table, diff)
		}
	}
}

// taggedFields lists the keys of a raw struct and of what it embeds.
func taggedFields(table reflect.Type) []string {
	var keys []string
	for i := range table.NumField() {
		if f := table.Field(i); f.Anonymous {
			keys = append(keys, taggedFields(f.Type)...)
		} else {
			keys = append(keys, f.Tag.Get("toml"))
		}
	}
	return keys
}

// treeKeys lists the paths of all keys in a tree, elements of arrays merged.
func treeKeys(path string, tree map[string]any) []string {
	var keys []string
	for key, v := range tree {
		at := joinKey(path, key)
		keys = append(keys, at)
		items, _ := v.([]any)
		if table, ok := v.(map[string]any); ok {
			items = []any{table}
		}
		for _, item := range items {
			if table, ok := item.(map[string]any); ok {
				keys = append(keys, treeKeys(at, table)...)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// TestReferenceExplainsItself checks that no block of keys stands in the
// reference without a comment, and that lines fit.
func TestReferenceExplainsItself(t *testing.T) {
	t.Parallel()
	text := string(mustRead(t, "../../configs/gatewayd.reference.toml").data)
	for block := range strings.SplitSeq(text, "\n\n") {
		if strings.Contains(block, "=") && !strings.Contains(block, "#") {
			t.Errorf("keys without a comment:\n%s", block)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > 140 && !strings.HasPrefix(line, "sas_token") {
			t.Errorf("line of %d columns: %s", len(line), line)
		}
	}
}

func TestShippedExamples(t *testing.T) {
	t.Parallel()
	minimal := loadShipped(t, "gatewayd.toml")
	if got := names(minimal.Nodes); !slices.Equal(got, []string{"lora1", "lora2"}) {
		t.Errorf("gatewayd.toml has nodes %v", got)
	}
	if minimal.Nodes[0].OTAA || !minimal.Nodes[1].OTAA {
		t.Error("gatewayd.toml: want one ABP node, then one OTAA node")
	}
	reference := loadShipped(t, "gatewayd.reference.toml")
	if got := names(reference.Nodes); !slices.Equal(got, []string{"greenhouse", "lora2", "lora3", "lora4", "lora5"}) {
		t.Errorf("gatewayd.reference.toml has nodes %v", got)
	}
	nodes := mustRead(t, "../../configs/nodes.toml")
	env := environment{getenv: noEnv, read: func(string) (source, error) { return nodes, nil }}
	c, err := check(source{name: "main.toml", data: []byte(`nodes_file = "nodes.toml"` + required)}, env)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(c.Nodes); !slices.Equal(got, []string{"greenhouse", "barn"}) {
		t.Errorf("nodes.toml has nodes %v", got)
	}
}

// TestShippedKeysAreFake checks that every key in the shipped files gets the
// warning that it is an example.
func TestShippedKeysAreFake(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gatewayd.toml", "gatewayd.reference.toml"} {
		c := loadShipped(t, name)
		text := string(mustRead(t, "../../configs/"+name).data)
		keys := 0
		for _, key := range []string{
			"device_key", "app_key", "nwk_key", "nwk_s_key", "f_nwk_s_int_key", "s_nwk_s_int_key", "nwk_s_enc_key", "app_s_key", "group_key",
		} {
			keys += strings.Count(text, "\n"+key+` = "`) - strings.Count(text, "\n"+key+` = ""`)
		}
		warned := 0
		for _, w := range c.Warnings {
			if strings.Contains(w, "an example key") {
				warned++
			}
		}
		if warned != keys {
			t.Errorf("%s: %d of %d keys are known as examples: %s", name, warned, keys, strings.Join(c.Warnings, "\n"))
		}
	}
}

func names(nodes []Node) []string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Name)
	}
	return list
}

func mustRead(t *testing.T, path string) source {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return source{name: path, data: data, mode: 0o640}
}

// mustCheck loads a configuration from its text.
func mustCheck(t *testing.T, text string) *Config {
	t.Helper()
	c, err := check(source{name: "gatewayd.toml", data: []byte(text), mode: 0o640}, badEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

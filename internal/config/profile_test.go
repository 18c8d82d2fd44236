package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatewayd/bridge/codec"
	"gatewayd/hub"
)

const profileC = `
[[profile]]
name = "valve"
region = "EU868"
version = "1.0.4"
class = "C"
codec = "files/variables.js"
codec_variables = { unit = "K", offset = "1" }
f_ports = [2]
rx_delay = 5
adr = "off"
policy = "linger"
linger = "1m"
factory_rx_delay = 3
confirmed_attempts = 7
ack_timeout = "20s"
`

// TestProfile checks that a node has what its profile says, that its own keys
// win, and that what does not concern it is left aside.
func TestProfile(t *testing.T) {
	t.Parallel()
	text := required + profileC + nodeA + `
profile = "valve"
rx_delay = 2
codec_variables = { offset = "2" }
f_ports = []
` + nodeB + `
profile = "valve"
codec = "hex"
policy = "on-demand"
adr = "on"
max_data_rate = 3
`
	env := badEnvironment()
	env.codec = func(string) (codec.Report, error) { return codec.Report{}, nil }
	c, err := check(source{name: "gatewayd.toml", data: []byte(text), mode: 0o640}, env)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
	a, b := c.Nodes[0], c.Nodes[1]
	type summary struct {
		Profile, Class, Version, Codec string
		Variables                      map[string]string
		Ports                          []uint8
		RXDelay, FactoryRXDelay        uint8
		Policy                         hub.Policy
		Linger                         time.Duration
		Attempts                       int
	}
	sum := func(n Node) summary {
		return summary{
			n.Profile, n.Class, n.Version.String(), n.Codec, n.CodecVariables, n.Ports,
			n.MAC.RXDelay, n.MAC.Factory.RXDelay, n.Policy, n.Linger, n.Downlink.Attempts,
		}
	}
	got := []summary{sum(a), sum(b)}
	want := []summary{
		{"valve", "C", "1.0.4", "files/variables.js", map[string]string{"unit": "K", "offset": "2"}, nil, 2, 3, hub.PolicyLinger, time.Minute, 7},
		{"valve", "C", "1.0.4", "hex", nil, []uint8{2}, 5, 1, hub.PolicyOnDemand, 0, 7},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if b.MAC.ADR.MaxDR != 3 {
		t.Errorf("the node's own adr: %+v", b.MAC.ADR)
	}
}

// TestProfileOfNodesFile: the nodes of both files know the profiles of both.
func TestProfileOfNodesFile(t *testing.T) {
	t.Parallel()
	main := `nodes_file = "nodes.toml"` + required + "[[profile]]\nname = \"c\"\nclass = \"C\"\n"
	own := "[[profile]]\nname = \"late\"\nreport_interval = \"2h\"\n"
	c, err := Load(write(t, 0o600, "gatewayd.toml", main, "nodes.toml", own+nodeA+"profile = \"late\"\n"+nodeB+"profile = \"c\"\n"), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.Nodes[0], c.Nodes[1]; a.ReportInterval != 2*time.Hour || b.Class != "C" {
		t.Errorf("got %v and %s", a.ReportInterval, b.Class)
	}
	c, err = Load(write(t, 0o600, "gatewayd.toml", main+nodeA+"profile = \"late\"\n", "nodes.toml", own), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if a := c.Nodes[0]; a.ReportInterval != 2*time.Hour {
		t.Errorf("a node of the main file with a profile of the nodes_file: %v", a.ReportInterval)
	}
}

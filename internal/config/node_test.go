package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
)

func TestNodeDefaults(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+nodeA)
	n := c.Nodes[0]
	want := mac.DefaultDesired(c.LoRaWAN.Plan)
	want.StatusInterval = 24 * time.Hour
	if diff := cmp.Diff(want, n.MAC, samePlan()); diff != "" {
		t.Errorf("MAC (-want +got):\n%s", diff)
	}
	downlink := Downlink{Attempts: 3, AckTimeout: 8 * time.Second, Expiry: 24 * time.Hour, MaxWaiting: 50}
	if n.Version != mac.V1_0_3 || n.Class != "A" || n.Counters != CountersStrict || n.Downlink != downlink {
		t.Errorf("got %+v", n)
	}
}

func TestNodeSettings(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+`
[lorawan]
rx_delay = 2
rx1_dr_offset = 1
max_data_rate = 4
adr_margin = 5
status_interval = "6h"
`+nodeA+`
class = "C"
counters = "relaxed"
rx_delay = 3
rx2_data_rate = 3
min_data_rate = 1
max_tx_power = 4
min_nb_trans = 2
max_nb_trans = 4
adr_margin = 7.5
duty_cycle = 7
status_interval = "1h"
factory_rx_delay = 5
factory_rx1_dr_offset = 2
factory_rx2_data_rate = 1
factory_rx2_frequency = 869100000
factory_channels = [867300000, 867100000]
downlink_window = "rx2"
confirmed_attempts = 5
ack_timeout = "20s"
downlink_expiry = "1h"
downlink_queue = 7
flush_on_join = true
`)
	n := c.Nodes[0]
	want := mac.DefaultDesired(c.LoRaWAN.Plan)
	want.RXDelay, want.RX1DROffset, want.RX2DataRate = 3, 1, 3
	want.ADR = mac.ADR{Mode: mac.ADROn, MinDR: 1, MaxDR: 4, MaxTXPower: 4, MinNbTrans: 2, MaxNbTrans: 4, Margin: 7.5}
	want.DutyCycle, want.StatusInterval = 7, time.Hour
	want.Factory = mac.Start{
		RX1DROffset: 2, RX2DataRate: 1, RX2Frequency: 869_100_000, RXDelay: 5,
		Channels: []region.Channel{{Frequency: 867_300_000, MaxDR: 5}, {Frequency: 867_100_000, MaxDR: 5}},
	}
	if diff := cmp.Diff(want, n.MAC, samePlan()); diff != "" {
		t.Errorf("MAC (-want +got):\n%s", diff)
	}
	downlink := Downlink{RX2First: true, Attempts: 5, AckTimeout: 20 * time.Second, Expiry: time.Hour, MaxWaiting: 7, FlushOnJoin: true}
	if n.Class != "C" || n.Counters != CountersRelaxed || n.Downlink != downlink {
		t.Errorf("got %+v", n)
	}
}

func TestNodeADR(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		network, node string
		want          mac.ADR
	}{
		"static": {"", "adr = \"static\"\ndata_rate = 3\ntx_power = 2", mac.ADR{
			Mode: mac.ADRStatic, MaxDR: 5, MaxTXPower: 7, MinNbTrans: 1, MaxNbTrans: 3, Margin: 10,
			Static: mac.LinkSetting{DR: 3, TXPower: 2, NbTrans: 1},
		}},
		"off but for this node": {"[lorawan]\nadr = \"off\"", `adr = "on"`, mac.ADR{
			Mode: mac.ADROn, MaxDR: 5, MaxTXPower: 7, MinNbTrans: 1, MaxNbTrans: 3, Margin: 10,
		}},
		"fewer powers in LoRaWAN 1.0.1": {"", `version = "1.0.1"`, mac.ADR{
			Mode: mac.ADROn, MaxDR: 5, MaxTXPower: 5, MinNbTrans: 1, MaxNbTrans: 3, Margin: 10,
		}},
	} {
		c := mustCheck(t, required+tt.network+nodeB+tt.node)
		if diff := cmp.Diff(tt.want, c.Nodes[0].MAC.ADR); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestKeysOfLoRaWAN11(t *testing.T) {
	t.Parallel()
	c := loadShipped(t, "gatewayd.reference.toml")
	otaa, abp := c.Nodes[3], c.Nodes[4]
	if otaa.Version != mac.V1_1_0 || !otaa.OTAA || otaa.AppKey.Reveal()[0] != 0x40 || otaa.NwkKey.Reveal()[0] != 0x50 {
		t.Errorf("OTAA: %+v", otaa)
	}
	if diff := cmp.Diff(&mac.Rejoin{TimeN: 10, CountN: 10}, otaa.MAC.Rejoin); diff != "" {
		t.Errorf("rejoin (-want +got):\n%s", diff)
	}
	first := []byte{abp.NwkSKey.Reveal()[0], abp.SNwkSIntKey.Reveal()[0], abp.NwkSEncKey.Reveal()[0], abp.AppSKey.Reveal()[0]}
	if abp.Version != mac.V1_1_0 || abp.OTAA || !cmp.Equal(first, []byte{0x60, 0x70, 0x80, 0x90}) {
		t.Errorf("ABP: %+v, keys begin % x", abp, first)
	}
}

// TestNoAppSKey checks that the payloads of a node may stay encrypted, which
// needs no warning.
func TestNoAppSKey(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+`
[[node]]
device_id = "a"
device_key = "0ZkQp2vH6s1Jx8bYtLr4Wg=="
dev_addr = "26011BDA"
nwk_s_key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
`)
	if n := c.Nodes[0]; !n.AppSKey.IsZero() || n.OTAA || n.NwkSKey.IsZero() || len(c.Warnings) != 0 {
		t.Errorf("%+v, warnings %q", n, c.Warnings)
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, `nodes_file = "files/group.toml"`+required+nodeA+groupA+`
name = "street lights"
frequency = 869100000
data_rate = 3
f_cnt = 4294967295
`)
	g := c.Groups[0]
	if g.Name != "street lights" || g.DeviceID != "lights" || g.Credential == nil || g.DevAddr.String() != "26011bff" ||
		g.NwkSKey.Reveal()[0] != 0x9F || g.AppSKey.Reveal()[0] != 0x2C ||
		g.Frequency != 869_100_000 || g.DataRate != 3 || g.FCnt != 1<<32-1 || g.Position.Line == 0 {
		t.Errorf("got %+v", g)
	}
	if more := c.Groups[1]; more.Name != "sirens" || more.Frequency != 869_525_000 || more.DataRate != 0 {
		t.Errorf("from nodes_file: %+v", more)
	}
}

func TestForwarders(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, forwarder+`
name = "roof"
listen = "[::1]:1701"
allowed_gateways = ["B8-27-EB-FF-FE-01-02-03", "0000000000000001"]
[[concentrator]]
type = "concentratord"
region = "US915"
command_url = "tcp://192.0.2.1:5001"
`+nodeA)
	udp, zmq := c.Concentrators[0], c.Concentrators[1]
	if udp.Name != "roof" || udp.Type != "semtech-udp" || udp.Listen != "[::1]:1701" || len(udp.AllowedGateways) != 2 ||
		udp.AllowedGateways[0].String() != "B827EBFFFE010203" || udp.Port != "" {
		t.Errorf("got %+v", udp)
	}
	if zmq.Name != "concentratord1" || zmq.EventURL != "ipc:///tmp/concentratord_event" || zmq.CommandURL != "tcp://192.0.2.1:5001" || zmq.Listen != "" {
		t.Errorf("got %+v", zmq)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
)

// demoHost is the emulator's name; its certificate is for it.
const demoHost = "localhost"

// castNode is one node of the demo, as both sides know it. Its keys are
// visibly fake.
type castNode struct {
	device    string
	deviceKey string // base64
	devEUI    radio.EUI64
	otaa      bool
	appKey    string // hex, OTAA
	devAddr   uint32 // ABP
	nwkSKey   string
	appSKey   string
	dataRate  uint8
	interval  time.Duration
	confirmed bool
}

// demoCast is two ABP nodes on one DevAddr, told apart by their keys, one of
// which wants its uplinks acknowledged, and two that join.
func demoCast() []castNode {
	fake := func(b byte) string { return strings.Repeat(fmt.Sprintf("%02x", b), 16) }
	key := func(name string) string {
		return base64.StdEncoding.EncodeToString([]byte("fake key of demo device " + name))
	}
	eui := func(n byte) radio.EUI64 { return radio.EUI64{0x70, 0xB3, 0xD5, 0x7E, 0xD0, 0, 0, n} }
	return []castNode{
		{device: "greenhouse", deviceKey: key("greenhouse"), devAddr: 0x26011BDA, nwkSKey: fake(0x11), appSKey: fake(0x12), dataRate: 5, interval: 2 * time.Second},
		{device: "cellar", deviceKey: key("cellar"), devAddr: 0x26011BDA, nwkSKey: fake(0x21), appSKey: fake(0x22), dataRate: 5, interval: 4 * time.Second, confirmed: true},
		{device: "beehive", deviceKey: key("beehive"), devEUI: eui(1), otaa: true, appKey: fake(0x31), dataRate: 5, interval: 3 * time.Second},
		{device: "barn", deviceKey: key("barn"), devEUI: eui(2), otaa: true, appKey: fake(0x41), dataRate: 4, interval: 5 * time.Second, confirmed: true},
	}
}

// simulated is the cast's side on the air.
func simulated(cast []castNode) []simulator.Config {
	further := []uint32{867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000}
	var nodes []simulator.Config
	for _, n := range cast {
		c := simulator.Config{
			Name: n.device, DevEUI: n.devEUI, DevAddr: simulator.DevAddr(n.devAddr),
			DataRate: n.dataRate, Interval: n.interval, Confirmed: n.confirmed,
			// A node that joined knows only the region's own channels.
			Region: simulator.EU868(),
		}
		if n.otaa {
			c.AppKey = mustKey(n.appKey)
		} else {
			c.NwkSKey, c.AppSKey, c.Region = mustKey(n.nwkSKey), mustKey(n.appSKey), simulator.EU868(further...)
		}
		nodes = append(nodes, c)
	}
	return nodes
}

// mustKey reads one of the cast's own keys, which are all right; the zero key
// that anything else gives is refused further on.
func mustKey(hex string) secret.AES128 {
	k, _ := secret.ParseAES128(hex)
	return k
}

// writeDemoConfig writes the daemon's configuration and all it refers to
// into dir.
func writeDemoConfig(dir string, h *hubtest.Hub, port, page string, cast []castNode) (string, error) {
	images := radiotest.StandInImages()
	for name, image := range images {
		if err := os.WriteFile(filepath.Join(dir, name), image, 0o600); err != nil {
			return "", err
		}
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, h.CAPEM(), 0o600); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = %q\n\n", filepath.Join(dir, "state"))
	b.WriteString("[log]\nlevel = \"warn\"\n\n[clock]\nrequire_sync = \"never\"\n\n")
	fmt.Fprintf(&b, "[status]\nlisten = %q\n\n", page)
	fmt.Fprintf(&b, "[hub]\nhost = %q\nca_file = %q\n\n", demoHost+":"+portOf(h.Addr()), ca)
	fmt.Fprintf(&b, "[[concentrator]]\ntype = \"picocell\"\nport = %q\nregion = \"EU868\"\nfirmware_dir = %q\n\n", port, dir)
	// The simulated concentrator brings images of its own.
	p := picocell.PinsFor(images)
	fmt.Fprintf(&b, "[concentrator.firmware_sha256]\nagc = %q\narb = %q\ncal = %q\ncal5_12 = %q\n",
		p[picocell.ImageAGC], p[picocell.ImageARB], p[picocell.ImageCal], p[picocell.ImageCal5to12])
	for _, n := range cast {
		n.writeTo(&b)
	}
	path := filepath.Join(dir, "gatewayd.toml")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

// writeTo writes n's [[node]] table.
func (n castNode) writeTo(b *strings.Builder) {
	fmt.Fprintf(b, "\n[[node]]\ndevice_id = %q\ndevice_key = %q\n", n.device, n.deviceKey)
	if n.otaa {
		fmt.Fprintf(b, "dev_eui = %q\njoin_eui = %q\napp_key = %q\n", n.devEUI, radio.EUI64{}, n.appKey)
		return
	}
	fmt.Fprintf(b, "dev_addr = %q\nnwk_s_key = %q\napp_s_key = %q\n", fmt.Sprintf("%08X", n.devAddr), n.nwkSKey, n.appSKey)
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"gatewayd/bridge"
	"gatewayd/bridge/codec"
	"gatewayd/bridge/mac"
	"gatewayd/hub"
	"gatewayd/internal/config"
)

func hubOptions(cfg *config.Config, clock hub.Clock, quotas hub.QuotaStore, log *zap.Logger) hub.Options {
	c := cfg.Hub
	o := hub.Options{
		Host: c.Host, Port: c.Port, Roots: c.RootCAs, APIVersion: c.APIVersion, Product: product(),
		Tier: c.Tier, Units: c.Units, Transport: c.Transport, Quota: c.Quota, Proxy: c.Proxy.Func(),
		KeepAlive: c.KeepAlive, TokenTTL: c.SASTTL, ConnectTimeout: c.ConnectTimeout, PubAckTimeout: c.PubackTimeout,
		MethodTimeout: c.MethodTimeout, ConnectRate: rate.Limit(c.ConnectRate), ConnectBurst: c.ConnectBurst,
		Clock: clock, Log: log, QuotaStore: quotas,
	}
	for _, h := range cfg.OtherHubs {
		o.Hubs = append(o.Hubs, h.Hub)
	}
	return o
}

// newProvisioner asks the Device Provisioning Service; nil if there is none.
func newProvisioner(cfg *config.Config, clock hub.Clock, cache hub.AssignmentCache, log *zap.Logger) (*hub.Provisioner, error) {
	if cfg.DPS.IDScope == "" {
		return nil, nil
	}
	return hub.NewProvisioner(hub.ProvisionerOptions{
		IDScope: cfg.DPS.IDScope, Host: cfg.DPS.Host, Port: cfg.DPS.Port, Roots: cfg.DPS.RootCAs,
		Transport: cfg.Hub.Transport, Proxy: cfg.Hub.Proxy.Func(), Cache: cache, Clock: clock, Log: log,
	})
}

// network is what the bridge serves.
func network(cfg *config.Config, gateways map[string]bridge.Transmitter, log *zap.Logger) (bridge.Network, error) {
	n := bridge.Network{
		NetID: cfg.LoRaWAN.NetID, Region: cfg.LoRaWAN.Plan, Gateways: gateways,
		Proprietary: cfg.LoRaWAN.ProprietaryDevice, Self: cfg.Gateway.DeviceID, Kit: cfg.Compat.StarterKit,
	}
	desk := codecs{log: log, loaded: map[string]bridge.Codec{}}
	n.Decoder = decoderOf(cfg.Compat.DecoderHosts)
	for _, name := range codec.BuiltIn() {
		if _, err := desk.load(name, ""); err != nil {
			return n, err
		}
	}
	for _, c := range cfg.Nodes {
		node := bridgeNode(c)
		node.Kit, node.ReportKeys = cfg.Compat.StarterKit, cfg.Compat.ReportKeys
		var err error
		if node.Codec, err = desk.load(c.Codec, c.Name); err != nil {
			return n, err
		}
		n.Nodes = append(n.Nodes, node)
	}
	for _, c := range cfg.Groups {
		group := bridgeGroup(c, cfg)
		var err error
		if group.Codec, err = desk.load(c.Codec, c.Name); err != nil {
			return n, err
		}
		n.Nodes = append(n.Nodes, group)
	}
	n.Codecs = desk.byName()
	return n, nil
}

// decoderOf makes codecs of the URLs that twins name: those of hosts that the
// configuration allows. nil: none are.
func decoderOf(hosts []string) func(string) (bridge.Codec, error) {
	if len(hosts) == 0 {
		return nil
	}
	return func(name string) (bridge.Codec, error) {
		u, err := url.Parse(name)
		if err != nil || !slices.Contains(hosts, strings.ToLower(u.Host)) && !slices.Contains(hosts, strings.ToLower(u.Hostname())) {
			return nil, fmt.Errorf("decoder_hosts of the configuration does not have its host")
		}
		return codec.Load(name, codec.Options{})
	}
}

// codecs loads each codec once.
type codecs struct {
	log    *zap.Logger
	loaded map[string]bridge.Codec
}

// byName are the codecs as desired properties name them: those that are built
// in, and scripts by their file names without directory and extension.
func (c codecs) byName() map[string]bridge.Codec {
	named := map[string]bridge.Codec{codec.None: nil}
	for name, loaded := range c.loaded {
		named[strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))] = loaded
	}
	return named
}

// load returns the codec of a node; nil for none.
func (c codecs) load(name, node string) (bridge.Codec, error) {
	if name == "" || name == codec.None {
		return nil, nil
	}
	if loaded, ok := c.loaded[name]; ok {
		return loaded, nil
	}
	loaded, err := codec.Load(name, codec.Options{Log: func(line string) { c.log.Debug("codec", zap.String("codec", name), zap.String("line", line)) }})
	if err != nil {
		return nil, fmt.Errorf("codec of node %s: %w", node, err)
	}
	c.loaded[name] = loaded
	return loaded, nil
}

func bridgeNode(n config.Node) bridge.Node {
	return bridge.Node{
		Name: n.Name, DeviceID: n.DeviceID, DevEUI: n.DevEUI, Version: n.Version, Class: class(n.Class),
		OTAA: n.OTAA, JoinEUI: n.JoinEUI, AppKey: n.AppKey, NwkKey: n.NwkKey,
		DevAddr: n.DevAddr, NwkSKey: n.NwkSKey, SNwkSIntKey: n.SNwkSIntKey, NwkSEncKey: n.NwkSEncKey, AppSKey: n.AppSKey,
		Counters: counters(n.Counters), MAC: n.MAC, Downlink: bridge.DownlinkPolicy(n.Downlink),
		Variables: n.CodecVariables, Ports: n.Ports, ReportInterval: n.ReportInterval,
		Profile: n.Profile, Shape: shapeOf(n.Format),
	}
}

func bridgeGroup(g config.Group, cfg *config.Config) bridge.Node {
	return bridge.Node{
		Name: g.Name, DeviceID: g.DeviceID, Version: mac.V1_0_3, Class: bridge.ClassC, Multicast: true,
		DevAddr: g.DevAddr, NwkSKey: g.NwkSKey, AppSKey: g.AppSKey, MAC: mac.DefaultDesired(cfg.LoRaWAN.Plan),
		Group:    bridge.Group{Frequency: g.Frequency, DataRate: g.DataRate, FCnt: g.FCnt},
		Downlink: bridge.DownlinkPolicy(g.Downlink), Variables: g.CodecVariables, Shape: shapeOf(g.Format),
	}
}

// shapeOf is how messages look.
func shapeOf(f config.Format) bridge.Shape {
	host, _ := os.Hostname() // "": it has no name
	return bridge.Shape{Format: f.Name, Template: f.Template, Gzip: f.Gzip, GatewayID: host}
}

func class(c string) bridge.Class {
	if c == "C" {
		return bridge.ClassC
	}
	return bridge.ClassA
}

func counters(p config.CounterPolicy) bridge.CounterPolicy {
	switch p {
	case config.CountersRelaxed:
		return bridge.CountersRelaxed
	case config.CountersOff:
		return bridge.CountersOff
	case config.CountersStrict:
	}
	return bridge.CountersStrict
}

// devices are the hub's side of the nodes, the groups and the gateway itself.
// d.applying is held.
func (d *daemon) devices(cfg *config.Config) []hub.Device {
	var devices []hub.Device
	waiting := d.store.Waiting()
	d.untouched = false
	for _, n := range cfg.Nodes {
		if !d.touched[n.DeviceID] && d.unprovisioned(n.Identity) && waiting["device:"+n.DeviceID] == 0 {
			d.untouched = true
			continue
		}
		d.touched[n.DeviceID] = true // it stays, whatever becomes of its messages
		devices = append(devices, d.device(n.Identity, n.Connection, bridgeNode(n)))
	}
	for _, g := range cfg.Groups {
		devices = append(devices, d.device(g.Identity, g.Connection, bridgeGroup(g, cfg)))
	}
	if d.self != nil {
		device := d.device(cfg.Gateway.Identity, config.Connection{}, bridge.Node{Name: "gateway", DeviceID: cfg.Gateway.DeviceID})
		device.Feed, device.Handler, device.Reports = d.bridge.SelfFeed(cfg.Gateway.DeviceID), d.self, d.self
		devices = append(devices, device)
	}
	return devices
}

// unprovisioned reports whether the provisioning service has not been asked yet
// where the device belongs. It is, when its node is heard for the first time.
func (d *daemon) unprovisioned(id config.Identity) bool {
	if id.RegistrationID == "" {
		return false
	}
	// The service, and so the cache, knows no upper case.
	a, err := kept[hub.Assignment]{d.store, assignmentBucket}.Load(strings.ToLower(id.RegistrationID))
	return err != nil || a.Host == ""
}

// touch has the devices provisioned whose nodes have been heard meanwhile.
func (d *daemon) touch() {
	d.applying.Lock()
	defer d.applying.Unlock()
	if d.untouched {
		d.hub.Apply(d.devices(d.now.Load()))
	}
}

// applyDevices makes cfg's the hub's side of what is served.
func (d *daemon) applyDevices(cfg *config.Config) {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.now.Store(cfg)
	d.hub.Apply(d.devices(cfg))
}

// device is the hub's side of a node or group.
func (d *daemon) device(id config.Identity, c config.Connection, n bridge.Node) hub.Device {
	device := hub.Device{
		ID: id.DeviceID, Hub: id.Hub, Credential: id.Credential,
		Feed: d.bridge.Feed(n), Handler: d.bridge.Handler(n), Reports: d.bridge.Reports(n),
		ModelID: c.ModelID, APIVersion: c.APIVersion, KeepAlive: c.KeepAlive, Policy: c.Policy, Linger: c.Linger,
		Replay: d.cfg.Outbox.Replay,
	}
	if id.RegistrationID != "" {
		device.Provisioning = hub.Provisioning{Provisioner: d.provisioner, RegistrationID: id.RegistrationID}
	}
	return device
}

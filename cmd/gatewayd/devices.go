package main

import (
	"golang.org/x/time/rate"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/hub"
	"gatewayd/internal/config"
)

func hubOptions(c config.Hub, clock hub.Clock, quotas hub.QuotaStore, log *zap.Logger) hub.Options {
	return hub.Options{
		Host: c.Host, Port: c.Port, Roots: c.RootCAs, APIVersion: c.APIVersion, Product: product(),
		KeepAlive: c.KeepAlive, TokenTTL: c.SASTTL, ConnectTimeout: c.ConnectTimeout, PubAckTimeout: c.PubackTimeout,
		ConnectRate: rate.Limit(c.ConnectRate), ConnectBurst: c.ConnectBurst, Clock: clock, Log: log, QuotaStore: quotas,
	}
}

// network is what the bridge serves.
func network(cfg *config.Config, gateways map[string]bridge.Transmitter) bridge.Network {
	return bridge.Network{
		NetID: cfg.LoRaWAN.NetID, Region: cfg.LoRaWAN.Plan, Gateways: gateways, Nodes: bridgeNodes(cfg),
		Proprietary: cfg.LoRaWAN.ProprietaryDevice, Self: cfg.Gateway.DeviceID,
	}
}

// bridgeNodes are the nodes and multicast groups of cfg as the bridge has
// them.
func bridgeNodes(cfg *config.Config) []bridge.Node {
	var nodes []bridge.Node
	for _, n := range cfg.Nodes {
		nodes = append(nodes, bridgeNode(n))
	}
	for _, g := range cfg.Groups {
		nodes = append(nodes, bridgeGroup(g, cfg))
	}
	return nodes
}

func bridgeNode(n config.Node) bridge.Node {
	return bridge.Node{
		Name: n.Name, DeviceID: n.DeviceID, DevEUI: n.DevEUI, Version: n.Version, Class: class(n.Class),
		OTAA: n.OTAA, JoinEUI: n.JoinEUI, AppKey: n.AppKey, NwkKey: n.NwkKey,
		DevAddr: n.DevAddr, NwkSKey: n.NwkSKey, SNwkSIntKey: n.SNwkSIntKey, NwkSEncKey: n.NwkSEncKey, AppSKey: n.AppSKey,
		Counters: counters(n.Counters), MAC: n.MAC, Downlink: bridge.DownlinkPolicy(n.Downlink),
	}
}

func bridgeGroup(g config.Group, cfg *config.Config) bridge.Node {
	return bridge.Node{
		Name: g.Name, DeviceID: g.DeviceID, Version: mac.V1_0_3, Class: bridge.ClassC, Multicast: true,
		DevAddr: g.DevAddr, NwkSKey: g.NwkSKey, AppSKey: g.AppSKey, MAC: mac.DefaultDesired(cfg.LoRaWAN.Plan),
		Group: bridge.Group{Frequency: g.Frequency, DataRate: g.DataRate, FCnt: g.FCnt},
	}
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

// devices are the hub's side of the nodes and groups.
func (d *daemon) devices(cfg *config.Config) []hub.Device {
	credentials := map[string]hub.Credential{}
	for _, n := range cfg.Nodes {
		credentials[n.DeviceID] = n.Credential
	}
	for _, g := range cfg.Groups {
		credentials[g.DeviceID] = g.Credential
	}
	var devices []hub.Device
	for _, n := range bridgeNodes(cfg) {
		devices = append(devices, hub.Device{
			ID: n.DeviceID, Credential: credentials[n.DeviceID],
			Feed: d.bridge.Feed(n), Handler: d.bridge.Handler(n), Reports: d.bridge.Reports(n),
		})
	}
	if d.self != nil {
		devices = append(devices, d.self.device())
	}
	return devices
}

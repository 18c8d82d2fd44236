package config

import (
	"crypto/x509"
	"strings"
	"time"

	"gatewayd/hub"
)

// Hub is the IoT Hub and how its connections behave.
type Hub struct {
	Host           string         // host name, without port
	Port           uint16         // TCP
	CAFile         string         // "" for the system's roots
	RootCAs        *x509.CertPool // content of CAFile; nil for the system's roots
	SASTTL         time.Duration  // life of a minted token
	KeepAlive      time.Duration  // MQTT keep-alive, whole seconds
	PubackTimeout  time.Duration
	ConnectTimeout time.Duration
	MethodTimeout  time.Duration // for the answer to a direct method
	ConnectRate    float64       // new connections per second, all devices together; 0: what the tier allows
	ConnectBurst   int           // connections that may start at once
	APIVersion     string
	Tier           hub.Tier // "" if it is not known
	Units          int
	Transport      hub.Transport
	Quota          hub.QuotaPolicy
	Proxy          Proxy // of all hubs and of the provisioning service
}

// OtherHub is a hub beside that of [hub], for devices that name it.
type OtherHub struct {
	Name   string
	CAFile string // "" for the system's roots
	hub.Hub
}

// maxMethodTime is the longest that the hub waits for an answer to a direct
// method.
const maxMethodTime = 5 * time.Minute

func (v validator) hub(raw rawHub) Hub {
	s := v.top.in("hub")
	e := v.endpoint(s, raw.rawEndpoint)
	return Hub{
		Host: e.Host, Port: e.Port, CAFile: v.path(raw.CAFile), RootCAs: e.Roots, APIVersion: e.APIVersion,
		Tier: e.Tier, Units: e.Units, Transport: e.Transport, Quota: e.Quota,
		ConnectRate: float64(e.ConnectRate), ConnectBurst: e.ConnectBurst,
		SASTTL:         s.duration("sas_ttl", raw.SASTTL, 5*time.Minute, 365*day),
		KeepAlive:      s.keepAlive(raw.KeepAlive),
		PubackTimeout:  s.duration("puback_timeout", raw.PubackTimeout, 5*time.Second, time.Hour),
		ConnectTimeout: s.duration("connect_timeout", raw.ConnectTimeout, time.Second, 10*time.Minute),
		MethodTimeout:  s.duration("method_timeout", raw.MethodTimeout, time.Second, maxMethodTime),
		Proxy:          v.proxy(s, string(raw.Proxy)),
	}
}

// otherHubs reads the hubs beside [hub], whose keys they take over unless they
// say otherwise, but for what depends on the size of a hub.
func (v validator) otherHubs(raw []rawOtherHub, main rawHub) []OtherHub {
	names, hosts := map[string]Position{}, map[string]Position{}
	hosts[strings.ToLower(main.Host)] = v.top.in("hub").position("host")
	var list []OtherHub
	for i := range raw {
		s, r := v.top.item("other_hub", i), &raw[i]
		inherit(s, "ca_file", &r.CAFile, main.CAFile)
		inherit(s, "transport", &r.Transport, main.Transport)
		inherit(s, "quota", &r.Quota, main.Quota)
		inherit(s, "api_version", &r.APIVersion, main.APIVersion)
		s.require("name", "add a name, by which nodes choose this hub")
		if s.has("name") {
			unique(s, names, "name", s.name("name", r.Name), "every hub needs its own name")
		}
		h := OtherHub{Name: r.Name, CAFile: v.path(r.CAFile), Hub: v.endpoint(s, r.rawEndpoint)}
		if r.Host != "" {
			unique(s, hosts, "host", strings.ToLower(r.Host), "one table for each hub is enough")
		}
		list = append(list, h)
	}
	return list
}

// inherit puts what [hub] says where a table says nothing.
func inherit(s section, key string, value *string, from string) {
	if !s.has(key) {
		*value = from
	}
}

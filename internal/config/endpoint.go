package config

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"gatewayd/hub"
)

// maxKeepAlive is the longest that still counts: the hub closes after 1.5
// times the keep-alive, and after 29.45 minutes in any case (Microsoft,
// "Communicate with an IoT hub using the MQTT protocol").
const maxKeepAlive = 1177 * time.Second

// defaultConnectRate is that of a hub of unknown tier.
const defaultConnectRate = 5

// What the key "transport" may say.
const (
	transportMQTT      = "mqtt"
	transportWebSocket = "websocket"
)

// endpoint reads what each hub has of its own.
func (v validator) endpoint(s section, raw rawEndpoint) hub.Hub {
	h := hub.Hub{Units: int(raw.Units), ConnectBurst: int(raw.ConnectBurst), APIVersion: s.apiVersion(raw.APIVersion)}
	h.Transport = s.transport(raw.Transport)
	h.Host, h.Port = hubHost(s, raw.Host, h.Transport)
	h.Roots = v.rootCAs(s, v.path(raw.CAFile))
	h.Quota = hub.QuotaPolicy(s.oneOf("quota", raw.Quota, string(hub.QuotaHold), string(hub.QuotaBatch), string(hub.QuotaDropLow)))
	if raw.Tier != "" {
		var err error
		if h.Tier, err = hub.ParseTier(raw.Tier); err != nil {
			s.fail("tier", `not a tier; want "F1", "B1", "B2", "B3", "S1", "S2" or "S3", as the portal shows it`)
		}
	}
	within(s, "units", raw.Units, 1, 200)
	within(s, "connect_burst", raw.ConnectBurst, 1, math.MaxUint16)
	s.connectRate(raw.ConnectRate, &h)
	return h
}

// connectRate reads the rate of new connections, which must be within what the
// tier takes. Without a word the hub's side chooses by the tier.
func (s section) connectRate(raw *float64, h *hub.Hub) {
	switch {
	case raw == nil && h.Tier == "":
		h.ConnectRate = defaultConnectRate
	case raw == nil || !within(s, "connect_rate", *raw, 0.01, 1000):
		return
	default:
		h.ConnectRate = rate.Limit(*raw)
	}
	o := hub.Options{Host: "checked.elsewhere", Tier: h.Tier, Units: h.Units, ConnectRate: h.ConnectRate, Clock: struct{ hub.Clock }{}}
	if _, err := hub.NewSupervisor(o); err != nil && h.Units > 0 {
		s.fail("connect_rate", "more than the tier takes from all gateways together; lower it, or remove it for half of that")
	}
}

func (s section) transport(text string) hub.Transport {
	if s.oneOf("transport", text, transportMQTT, transportWebSocket) == transportWebSocket {
		return hub.TransportWebSocket
	}
	return hub.TransportTLS
}

func (s section) apiVersion(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		s.fail("api_version", "not an API version; want a date such as 2021-04-12")
	}
	return text
}

func (s section) keepAlive(text duration) time.Duration {
	d := s.duration("keep_alive", text, 10*time.Second, maxKeepAlive)
	if d%time.Second != 0 {
		s.fail("keep_alive", "has a fraction of a second; MQTT counts whole seconds")
	}
	return d
}

// hubHost splits host. The message does not quote it: a whole connection
// string may have been put here.
func hubHost(s section, text string, t hub.Transport) (host string, port uint16) {
	if text == "" {
		s.fail("host", "missing; add the host name of the IoT hub, such as contoso.azure-devices.net")
		return "", 0
	}
	host, port, err := hostPort(text, t)
	if err != nil {
		s.fail("host", "not a host name; want host or host:port, such as contoso.azure-devices.net")
	}
	return host, port
}

// hostPort reads "host" or "host:port"; the port's default is the transport's.
func hostPort(text string, t hub.Transport) (host string, port uint16, err error) {
	host, port, err = hub.ParseHost(text)
	if t == hub.TransportWebSocket && host == text {
		port = hub.DefaultWebSocketPort
	}
	return host, port, err
}

package hub

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// Clock is the wall clock and whether it can be believed. Tokens carry
// absolute times, and a Raspberry Pi starts without knowing the time.
type Clock interface {
	Now() time.Time
	// WaitTrusted returns nil once Now can be believed, else ctx's error.
	WaitTrusted(ctx context.Context) error
}

// Limits of the keep-alive: IoT Hub never waits longer than 1.5 times 1177 s.
const (
	minKeepAlive = time.Second
	maxKeepAlive = 1177 * time.Second
)

// Options say where the hub is and how to talk to it. Zero values of all but
// Host and Clock stand for the default in brackets.
type Options struct {
	Host       string         // of the hub of devices that name none; full DNS name, without port
	Port       uint16         // [8883, or 443 with TransportWebSocket]
	Roots      *x509.CertPool // who may sign the server's certificate [the system's]
	APIVersion string         // [2021-04-12]
	Tier       Tier           // [not known: no pacing, no quota]
	Units      int            // of that tier [1]
	Transport  Transport      // [TransportTLS]
	Quota      QuotaPolicy    // what to do when the day's quota runs short [QuotaHold]

	ConnectRate  rate.Limit // new connections per second, all devices together [half of the tier's, or 5]
	ConnectBurst int        // how many of them may come at once [10]

	// Hubs are further hubs, for devices that name them. A hub that the
	// provisioning service assigns and that is not here is taken to be like
	// the first.
	Hubs []Hub

	Product string // user agent shown in the hub's diagnostics [none]

	KeepAlive      time.Duration // longest silence before PINGREQ, shortened by up to a tenth per device [230 s]
	TokenTTL       time.Duration // life of a signed token [1 h]
	ConnectTimeout time.Duration // DNS, TCP, TLS, CONNACK and SUBACK together [30 s]
	PubAckTimeout  time.Duration // wait for a PUBACK before the connection is dropped [60 s]
	MethodTimeout  time.Duration // for a Handler to answer a method; the hub's own default is 30 s [25 s]

	Clock      Clock
	Log        *zap.Logger // [none]
	QuotaStore QuotaStore  // keeps the day's counts over a restart [nothing does]

	// Dial opens the TCP connection [net.Dialer]. It must end with its ctx.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy returns the HTTP proxy for a URL, nil for none, as the ProxyFunc
	// of golang.org/x/net/http/httpproxy does [no proxy].
	Proxy func(*url.URL) (*url.URL, error)

	haste int // of backoff
}

// Hub is one IoT hub, with the fields of the same names in Options.
type Hub struct {
	Host         string
	Port         uint16
	Roots        *x509.CertPool
	APIVersion   string
	Tier         Tier
	Units        int
	Transport    Transport
	Quota        QuotaPolicy
	ConnectRate  rate.Limit
	ConnectBurst int
}

// withDefaults checks o and fills in what is zero.
func (o Options) withDefaults() (Options, error) {
	if o.Clock == nil {
		return o, errors.New("hub options: no clock")
	}
	setDefault(&o.KeepAlive, 230*time.Second)
	setDefault(&o.TokenTTL, time.Hour)
	setDefault(&o.ConnectTimeout, 30*time.Second)
	setDefault(&o.PubAckTimeout, time.Minute)
	setDefault(&o.MethodTimeout, 25*time.Second)
	setDefault(&o.Log, zap.NewNop())
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if err := checkKeepAlive(o.KeepAlive); err != nil {
		return o, err
	}
	if o.TokenTTL < 0 || o.ConnectTimeout < 0 || o.PubAckTimeout < 0 || o.MethodTimeout < 0 {
		return o, errors.New("hub options: times cannot be negative")
	}
	for _, h := range append([]Hub{o.main()}, o.Hubs...) {
		if _, err := h.withDefaults(); err != nil {
			return o, err
		}
	}
	return o, nil
}

// main is the hub of devices that name none.
func (o Options) main() Hub {
	return Hub{
		Host: o.Host, Port: o.Port, Roots: o.Roots, APIVersion: o.APIVersion, Tier: o.Tier, Units: o.Units,
		Transport: o.Transport, Quota: o.Quota, ConnectRate: o.ConnectRate, ConnectBurst: o.ConnectBurst,
	}
}

// settings are those of the hub of that host. One that the options do not
// know is like the first but for its host.
func (o Options) settings(host string) Hub {
	for _, h := range append([]Hub{o.main()}, o.Hubs...) {
		if strings.EqualFold(h.Host, host) {
			return h
		}
	}
	h := o.main()
	h.Host = host
	return h
}

func checkKeepAlive(d time.Duration) error {
	if d < minKeepAlive || d > maxKeepAlive {
		return fmt.Errorf("hub keep-alive of %v: want %v to %v", d, minKeepAlive, maxKeepAlive)
	}
	return nil
}

// withDefaults checks h and fills in what is zero.
func (h Hub) withDefaults() (Hub, error) {
	if err := checkHost(h.Host); err != nil {
		return h, fmt.Errorf("hub host: %w", err)
	}
	if h.ConnectRate < 0 || h.ConnectBurst < 0 || h.Units < 0 {
		return h, fmt.Errorf("hub %s: rates and units cannot be negative", h.Host)
	}
	limits, known := h.Tier.throttle(h.Units)
	if h.Tier != "" && !known {
		return h, fmt.Errorf("hub %s: %q is not a tier of IoT Hub", h.Host, string(h.Tier))
	}
	if known && float64(h.ConnectRate) > limits.connects {
		return h, fmt.Errorf("hub %s: %v new connections per second: tier %s with %d units takes %v, from all gateways together",
			h.Host, h.ConnectRate, h.Tier, max(h.Units, 1), limits.connects)
	}
	setDefault(&h.Units, 1)
	setDefault(&h.Transport, TransportTLS)
	setDefault(&h.Port, h.Transport.port())
	setDefault(&h.APIVersion, "2021-04-12")
	setDefault(&h.ConnectRate, max(5, rate.Limit(limits.connects/2)))
	setDefault(&h.ConnectBurst, 10)
	setDefault(&h.Quota, QuotaHold)
	return h, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

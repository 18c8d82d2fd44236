package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
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
	Host       string         // full DNS name, without port
	Port       uint16         // [8883]
	Roots      *x509.CertPool // who may sign the server's certificate [the system's]
	APIVersion string         // [2021-04-12]
	Product    string         // user agent shown in the hub's diagnostics [none]

	KeepAlive      time.Duration // longest silence before PINGREQ, shortened by up to a tenth per device [230 s]
	TokenTTL       time.Duration // life of a signed token [1 h]
	ConnectTimeout time.Duration // DNS, TCP, TLS, CONNACK and SUBACK together [30 s]
	PubAckTimeout  time.Duration // wait for a PUBACK before the connection is dropped [60 s]

	ConnectRate  rate.Limit // new connections per second, all devices together [5]
	ConnectBurst int        // how many of them may come at once [10]

	Clock Clock
	Log   *zap.Logger // [none]

	// Dial opens the TCP connection [net.Dialer]. It must end with its ctx.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// withDefaults checks o and fills in what is zero.
func (o Options) withDefaults() (Options, error) {
	if err := checkHost(o.Host); err != nil {
		return o, fmt.Errorf("hub host: %w", err)
	}
	if o.Clock == nil {
		return o, errors.New("hub options: no clock")
	}
	setDefault(&o.Port, DefaultPort)
	setDefault(&o.APIVersion, "2021-04-12")
	setDefault(&o.KeepAlive, 230*time.Second)
	setDefault(&o.TokenTTL, time.Hour)
	setDefault(&o.ConnectTimeout, 30*time.Second)
	setDefault(&o.PubAckTimeout, time.Minute)
	setDefault(&o.ConnectRate, 5)
	setDefault(&o.ConnectBurst, 10)
	setDefault(&o.Log, zap.NewNop())
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.KeepAlive < minKeepAlive || o.KeepAlive > maxKeepAlive {
		return o, fmt.Errorf("hub keep-alive of %v: want %v to %v", o.KeepAlive, minKeepAlive, maxKeepAlive)
	}
	if o.TokenTTL < 0 || o.ConnectTimeout < 0 || o.PubAckTimeout < 0 || o.ConnectRate < 0 || o.ConnectBurst < 0 {
		return o, errors.New("hub options: times and rates cannot be negative")
	}
	return o, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// address is what to dial.
func (o Options) address() string {
	return net.JoinHostPort(o.Host, strconv.Itoa(int(o.Port)))
}

// tlsConfig verifies the server always. The host goes into SNI without its
// port, and certificates are judged by the clock that has been trusted.
func (o Options) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: o.Host,
		RootCAs:    o.Roots,
		Time:       o.Clock.Now,
	}
}

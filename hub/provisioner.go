package hub

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// GlobalProvisioningHost is the Device Provisioning Service's address for all
// its instances.
const GlobalProvisioningHost = "global.azure-devices-provisioning.net"

// provisioningVersion is the API that Microsoft's SDKs use over MQTT.
const provisioningVersion = "2019-03-31"

// How a gateway with many new nodes spares the service, which takes 1,000
// registrations a minute from everybody: not many at a time, one after the
// other with a pause of chance between them.
const (
	registrationsAtOnce = 4
	registrationRate    = 2 // per second
	registrationJitter  = 500 * time.Millisecond
)

// Assignment is where the provisioning service has put a device.
type Assignment struct {
	Host     string // of its hub, without port
	DeviceID string
}

// AssignmentCache keeps assignments over a restart, by registration id. It may
// be called from any goroutine.
type AssignmentCache interface {
	// Load returns what was saved, or a zero value.
	Load(registrationID string) (Assignment, error)
	Save(registrationID string, a Assignment) error
}

// Provisioning is how a device finds its hub.
type Provisioning struct {
	Provisioner    *Provisioner
	RegistrationID string // counts in lower case
}

// ProvisionerOptions say where the provisioning service is. Zero values of all
// but IDScope and Clock stand for the default in brackets.
type ProvisionerOptions struct {
	IDScope   string
	Host      string         // [GlobalProvisioningHost]
	Port      uint16         // [8883, or 443 with TransportWebSocket]
	Roots     *x509.CertPool // [the system's]
	Transport Transport      // [TransportTLS]
	Timeout   time.Duration  // for each answer [30 s]
	Cache     AssignmentCache
	Clock     Clock
	Log       *zap.Logger // [none]

	// Dial and Proxy are as in Options.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Proxy func(*url.URL) (*url.URL, error)
}

// Provisioner registers devices with the Device Provisioning Service. It may
// be used from any goroutine.
type Provisioner struct {
	options  ProvisionerOptions
	endpoint *endpoint
	atOnce   chan struct{}
	limiter  *rate.Limiter
}

// NewProvisioner checks o. It does no I/O.
func NewProvisioner(o ProvisionerOptions) (*Provisioner, error) {
	if o.IDScope == "" || strings.ContainsAny(o.IDScope, "/?&+# ") {
		return nil, fmt.Errorf("%s is not an id scope: want the one of the provisioning service's overview page, such as 0ne00ABCDEF", quote(o.IDScope))
	}
	if o.Clock == nil {
		return nil, errors.New("provisioner: no clock")
	}
	setDefault(&o.Host, GlobalProvisioningHost)
	setDefault(&o.Transport, TransportTLS)
	setDefault(&o.Port, o.Transport.port())
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.Log, zap.NewNop())
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if err := checkHost(o.Host); err != nil {
		return nil, fmt.Errorf("provisioning host: %w", err)
	}
	return &Provisioner{
		options: o,
		endpoint: &endpoint{
			hub: Hub{Host: o.Host, Port: o.Port, Transport: o.Transport},
			dialer: &dialer{
				host: o.Host, port: o.Port, transport: o.Transport, dial: o.Dial, proxy: o.Proxy,
				tls: newTLSConfig(o.Host, o.Roots, o.Clock.Now),
			},
		},
		atOnce:  make(chan struct{}, registrationsAtOnce),
		limiter: rate.NewLimiter(registrationRate, 1),
	}, nil
}

// CheckRegistrationID reports whether id can be registered: like a device id,
// with a letter, a digit or a hyphen at its end.
func CheckRegistrationID(id string) error {
	if err := CheckDeviceID(id); err != nil {
		return fmt.Errorf("registration id: %w", err)
	}
	if last := id[len(id)-1]; !alphanumeric(last) && last != '-' {
		return fmt.Errorf("registration id %s: want a letter, a digit or - at its end", quote(id))
	}
	return nil
}

// assign returns where the device is, from the cache unless it is to be
// registered anew.
func (p *Provisioner) assign(ctx context.Context, registrationID string, c Credential, modelID string, anew bool) (a Assignment, fresh bool, err error) {
	if err := CheckRegistrationID(registrationID); err != nil {
		return Assignment{}, false, credentialError{err}
	}
	id := strings.ToLower(registrationID)
	if !anew {
		if a, ok := p.cached(id); ok {
			return a, false, nil
		}
	}
	if err := p.awaitTurn(ctx); err != nil {
		return Assignment{}, false, err
	}
	defer func() { <-p.atOnce }()
	a, err = p.register(ctx, id, c, modelID)
	if err != nil {
		return Assignment{}, false, err
	}
	p.options.Log.Info("provisioned", zap.String("registration", id), zap.String("hub", a.Host), zap.String("device", a.DeviceID))
	if p.options.Cache != nil {
		if err := p.options.Cache.Save(id, a); err != nil {
			p.options.Log.Warn("cannot keep a device's assignment: it will be provisioned again after a restart",
				zap.String("registration", id), zap.Error(err))
		}
	}
	return a, true, nil
}

// cached returns what was kept, if it is of any use.
func (p *Provisioner) cached(id string) (Assignment, bool) {
	if p.options.Cache == nil {
		return Assignment{}, false
	}
	a, err := p.options.Cache.Load(id)
	if err != nil {
		p.options.Log.Warn("cannot read a device's assignment, provisioning it again", zap.String("registration", id), zap.Error(err))
	}
	return a, err == nil && a.check() == nil
}

// check looks at what comes from outside.
func (a Assignment) check() error {
	if err := checkHost(a.Host); err != nil {
		return err
	}
	return CheckDeviceID(a.DeviceID)
}

// awaitTurn waits until one more device may register; then it holds one place
// of atOnce.
func (p *Provisioner) awaitTurn(ctx context.Context) error {
	select {
	case p.atOnce <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	err := p.limiter.Wait(ctx)
	if err == nil {
		err = wait(ctx, time.Duration(rand.Int64N(int64(registrationJitter))))
	}
	if err != nil {
		<-p.atOnce
	}
	return err
}

// wait is for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

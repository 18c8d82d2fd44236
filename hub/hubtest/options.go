package hubtest

import (
	"encoding/base64"
	"errors"
	"io"
	"time"

	"go.uber.org/zap"

	"gatewayd/internal/secret"
)

// Options says how a Hub behaves. The zero value of every field means the
// default its comment names.
type Options struct {
	// Hostname is the hub's name, as in user names and token scopes; the
	// certificate is for it, for Names, localhost, 127.0.0.1, ::1 and the
	// global name of the provisioning service.
	// Default "contoso.azure-devices.net".
	Hostname string
	// Names are further DNS names and IP addresses for the certificate.
	Names []string

	// Now is the hub's clock: token expiry, message expiry, time stamps.
	// Default time.Now. Timers always run on real time.
	Now func() time.Time
	// Record gets every event as one line of JSON in one Write, flushed if it
	// has a Flush method, before the client gets its answer. A message whose
	// line cannot be written is not acknowledged.
	Record io.Writer
	// Recorder is called with every event, in order, before the client gets
	// its answer. It must not call back into the Hub.
	Recorder func(Event)
	// Log gets what the person who runs the hub must act on. Default: none.
	Log *zap.Logger
	// Keep is how many events are remembered, KeepBytes how many bytes of
	// bodies in them; the oldest go first. Defaults 100000 and 64 MiB.
	Keep, KeepBytes int

	// Tier sets throttles and the daily quota, Units how many of it the hub
	// has. Default: no throttles, no quota, 1 unit.
	Tier  Tier
	Units int
	// Quota is how many messages a day the hub takes, whatever its tier.
	// Default: the tier's.
	Quota int
	// ThrottleBurst is how much work beyond a tier's rates is done at once, in
	// seconds of the rate; "the first minute or two", Microsoft says. Default
	// 60 s. New connections are counted over one second.
	ThrottleBurst time.Duration
	// ThrottleQueue is how long work beyond that is delayed before it is
	// refused. Default 10 s.
	ThrottleQueue time.Duration

	// PolicyKey is the key of the shared access policy iothubowner, in base64:
	// tokens that name it may use the service API and connect devices. Empty:
	// the service API asks for no token.
	PolicyKey secret.Text

	// TokenGrace is how long after its expiry a token still connects.
	// Default 300 s; negative: none.
	TokenGrace time.Duration
	// DropGrace is how long after the expiry of its token a connection lasts.
	// Seen: 300 s to 600 s. Default 300 s; negative: none.
	DropGrace time.Duration
	// ConnectTimeout is how long a client may take from TCP connect to MQTT
	// CONNECT. Default 60 s.
	ConnectTimeout time.Duration
	// MaxSilence caps 1.5 times the client's keep-alive, and stands for a
	// keep-alive of 0. Default 1767 s.
	MaxSilence time.Duration
	// C2DWindow is how many C2D messages may wait for their PUBACK. Seen: 1
	// and 10. Default 10.
	C2DWindow int
	// C2DTTL is how long a C2D message without an expiry of its own is kept.
	// Default 1 h.
	C2DTTL time.Duration
	// MaxDeliveries is how often a C2D message is sent before it is given up;
	// negative: no limit. Default 10.
	MaxDeliveries int
	// LockTime is after how long a C2D message without PUBACK is sent again
	// on the same connection. Default 60 s.
	LockTime time.Duration

	// Quirks choose where the real hub's behaviour is not certain.
	Quirks Quirks
}

// Quirks are the behaviours on which sources disagree or are silent. The zero
// value is the most likely hub.
type Quirks struct {
	// TLS13 offers TLS 1.3 too. Default: TLS 1.2 only, as the classic
	// endpoint.
	TLS13 bool
	// RSACertificate shows the RSA certificate to clients that take one, as
	// the real hub does. Default: ECDSA to those that take that, which is
	// cheaper; RSA to the others.
	RSACertificate bool
	// CloseOnBadLevel closes on a protocol level other than 4 without a
	// CONNACK. Default: CONNACK 1.
	CloseOnBadLevel bool
	// RequireAPIVersion refuses user names without api-version. Default: they
	// are accepted, for older clients leave it out.
	RequireAPIVersion bool
	// AnyAPIVersion accepts any api-version. Default: CONNACK 5 unless
	// Microsoft documents it.
	AnyAPIVersion bool
	// MalformedUsernameCode answers a malformed user name. Default 3, as the
	// protocol gateway does.
	MalformedUsernameCode byte
	// AnyHost accepts any host in user names. Default: CONNACK 5 unless it is
	// Hostname, in any case.
	AnyHost bool
	// AnyClientID accepts any client identifier. Default: CONNACK 5 unless it
	// is the device id of the user name.
	AnyClientID bool
	// DisabledCode answers a disabled device. Default 5; 3 was seen in 2017.
	DisabledCode byte
	// NeverSessionPresent hides kept sessions in CONNACK. Default: the flag
	// is set if clean session is 0 and a session was kept.
	NeverSessionPresent bool
	// IgnoreForeignWill accepts a will for another topic than the device's
	// events and never publishes it. Default: CONNACK 3.
	IgnoreForeignWill bool

	// IgnoreUnknownTopics acknowledges and forgets what is published to an
	// unknown or another device's topic, as IoT Edge does. Default: close.
	IgnoreUnknownTopics bool
	// AcceptD2CExpiry accepts telemetry with the property $.exp. Default:
	// close.
	AcceptD2CExpiry bool
	// IgnoreMissingRID ignores a twin read without $rid. Default: close.
	IgnoreMissingRID bool

	// CloseOnQuota closes when a message is beyond the daily quota. Default:
	// no PUBACK. Both were seen.
	CloseOnQuota bool

	// UnknownFilter answers a subscription outside the documented five.
	UnknownFilter FilterPolicy

	// AckAnyOrder lets a PUBACK complete a C2D message that is not the oldest
	// without one. Default: such a PUBACK is ignored and the message is sent
	// again.
	AckAnyOrder bool
	// PurgeUnsubscribed drops C2D messages for a device that is connected
	// without a C2D subscription. Default: they wait.
	PurgeUnsubscribed bool
	// PurgeOnClean drops waiting C2D messages when the device connects with
	// clean session 1. Default: they wait.
	PurgeOnClean bool
}

// FilterPolicy is what a SUBSCRIBE with an undocumented filter gets.
type FilterPolicy uint8

// The policies.
const (
	FilterClose  FilterPolicy = iota // the connection is closed
	FilterRefuse                     // SUBACK 0x80
	FilterIgnore                     // granted, never matched, as IoT Edge does
)

// withDefaults fills in what was left at zero.
func (o Options) withDefaults() Options {
	set(&o.Hostname, "contoso.azure-devices.net")
	set(&o.Keep, 100_000)
	set(&o.KeepBytes, 64<<20)
	set(&o.Units, 1)
	set(&o.ThrottleBurst, time.Minute)
	set(&o.ThrottleQueue, 10*time.Second)
	set(&o.MaxDeliveries, 10)
	set(&o.TokenGrace, 300*time.Second)
	set(&o.DropGrace, 300*time.Second)
	set(&o.ConnectTimeout, 60*time.Second)
	set(&o.MaxSilence, 1767*time.Second)
	set(&o.C2DWindow, 10)
	set(&o.C2DTTL, time.Hour)
	set(&o.LockTime, 60*time.Second)
	set(&o.Quirks.MalformedUsernameCode, refusedUnavailable)
	set(&o.Quirks.DisabledCode, refusedNotAuthorized)
	o.TokenGrace = max(o.TokenGrace, 0)
	o.DropGrace = max(o.DropGrace, 0)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return o
}

// check finds what no hub could be made of.
func (o Options) check() error {
	if _, err := o.Tier.limits(o.Units); err != nil {
		return err
	}
	if o.Units < 1 || o.Quota < 0 {
		return errors.New("want at least one unit, and a quota of 0 or more")
	}
	if _, err := base64.StdEncoding.DecodeString(o.PolicyKey.Reveal()); err != nil {
		return errors.New("the key of the policy is not base64")
	}
	return nil
}

// policyOwner is the policy of a new hub that may do everything.
const policyOwner = "iothubowner"

// policies are the keys of the hub's shared access policies.
func (o Options) policies() map[string][][]byte {
	key, _ := base64.StdEncoding.DecodeString(o.PolicyKey.Reveal()) // checked
	if len(key) == 0 {
		return nil
	}
	return map[string][][]byte{policyOwner: {key}}
}

// set gives *field a default.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

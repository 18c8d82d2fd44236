package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// step is a stage on the way to a working connection.
type step string

const (
	stepDial      step = "TCP"
	stepProxy     step = "proxy"
	stepTLS       step = "TLS"
	stepWebSocket step = "WebSocket"
	stepConnect   step = "CONNECT"
	stepSubscribe step = "SUBSCRIBE"
	stepProvision step = "provisioning"
)

// stepError says where on that way err happened.
type stepError struct {
	step step
	err  error
}

func (e *stepError) Error() string { return string(e.step) + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// refusedError is a CONNACK return code other than 0.
type refusedError struct{ code byte }

func (e refusedError) Error() string { return fmt.Sprintf("CONNACK %d", e.code) }

// CONNACK return codes, MQTT 3.1.1 section 3.2.2.3.
const (
	connackVersion     = 1
	connackID          = 2
	connackUnavailable = 3
	connackPassword    = 4
	connackForbidden   = 5
)

// credentialError is a credential that gives no token for its device.
type credentialError struct{ err error }

func (e credentialError) Error() string { return e.err.Error() }
func (e credentialError) Unwrap() error { return e.err }

// kickedError is a connection that ended within seconds of CONNACK, as several
// before it.
type kickedError struct {
	times   int
	ignored bool // messages were sent and none was acknowledged
	err     error
}

func (e kickedError) Error() string { return e.err.Error() }
func (e kickedError) Unwrap() error { return e.err }

// Ways a working connection fails.
var (
	// errNoPubAck is a message that the hub took and did not acknowledge.
	errNoPubAck = errors.New("no PUBACK")
	// errStalled is a message that the network did not take in time.
	errStalled = errors.New("not sent")
	// errGrant is a SUBACK that refuses.
	errGrant = errors.New("not granted")
)

// fault is an error with a sentence for the operator: what is wrong and what
// to do. The sentence has no addresses or times in it, so that the same
// trouble reads the same each time.
type fault struct {
	sentence string
	cause    error
}

func (f *fault) Error() string { return f.sentence + " (" + f.cause.Error() + ")" }
func (f *fault) Unwrap() error { return f.cause }

// explain turns what went wrong with a connection into a fault.
func explain(err error) *fault {
	for _, say := range []func(error) string{sayProvisioning, sayIdentity, sayTLS, sayProxy, sayNetwork, sayMQTT} {
		if s := say(err); s != "" {
			return &fault{s, err}
		}
	}
	return &fault{"the connection to the hub failed", err}
}

// sayProvisioning speaks about the way to a hub.
func sayProvisioning(err error) string {
	if profile, ok := errors.AsType[profileError](err); ok {
		return "the provisioning service assigns a hub of connection profile " + strconv.Quote(profile.profile) +
			", which this program does not speak: link a hub of the classic profile to the service"
	}
	if refused, ok := errors.AsType[provisioningError](err); ok {
		if refused.status == 429 || refused.status >= 500 {
			return "the provisioning service is busy or throttles registrations: trying again later"
		}
		return "the provisioning service refuses this device: check the id scope, that an enrolment for it exists and is enabled, and that key or certificate are the enrolment's"
	}
	if errors.Is(err, errUndecided) {
		return "the provisioning service has not decided yet: trying again; if this lasts, look at the allocation policy of the enrolment"
	}
	at, _ := errors.AsType[*stepError](err)
	if at == nil || at.step != stepProvision {
		return ""
	}
	if refused, ok := errors.AsType[refusedError](err); ok && refused.code != connackUnavailable {
		return "the provisioning service refuses the connection: check the id scope, that an enrolment for this device exists, that key or certificate are the enrolment's, and this machine's clock"
	}
	return ""
}

// sayProxy speaks about HTTP proxies on the way.
func sayProxy(err error) string {
	if refused, ok := errors.AsType[proxyError](err); ok {
		if refused.status == http.StatusProxyAuthRequired {
			return "the HTTP proxy wants a user and a password: put them into HTTPS_PROXY, http://user:password@host:port"
		}
		return "the HTTP proxy does not let this connection through: have it allow CONNECT to the hub's host and port, or name the host in NO_PROXY"
	}
	if at, ok := errors.AsType[*stepError](err); ok && at.step == stepProxy {
		return "the HTTP proxy cannot be used: check HTTPS_PROXY, or name the hub's host in NO_PROXY"
	}
	return ""
}

// sayIdentity speaks about credentials and who is connected with them.
func sayIdentity(err error) string {
	if kicked, ok := errors.AsType[kickedError](err); ok {
		if kicked.ignored {
			return "the hub accepts the connection and closes it as soon as messages are sent: its daily message quota may be used up, or it throttles; look at the hub's metrics"
		}
		return "the hub closes each connection within seconds: most likely another client uses this device id, e.g. a second gatewayd or a copied configuration; stop one of them"
	}
	if bad, ok := errors.AsType[credentialError](err); ok {
		return bad.Error()
	}
	refused, ok := errors.AsType[refusedError](err)
	if !ok {
		return ""
	}
	switch refused.code {
	case connackVersion:
		return "the server does not speak MQTT 3.1.1: check host and port"
	case connackID, connackPassword, connackForbidden:
		return "the hub refuses this device: check that it exists there and is enabled, that key or token and host are its own, and that this machine's clock is right"
	}
	return "the hub cannot take the connection now: it is busy or throttles new connections; if this lasts, check that the device is enabled"
}

// sayTLS speaks about certificates.
func sayTLS(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the server's certificate is signed by an authority that is not trusted here: install the system's CA certificates or give the CA file; if something on the way intercepts TLS, let this host through"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the server's certificate is for another host: check the host name of the hub"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "the server's certificate has expired or is not valid yet: check this machine's clock first"
		}
		return "the server's certificate is not valid: check host and CA file"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS: check the port, IoT Hub's is 8883"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return "the server ended the TLS handshake: check host and port; IoT Hub wants TLS 1.2 and the host name in SNI"
	}
	return ""
}

// sayNetwork speaks about what lies below TLS.
func sayNetwork(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "the hub's host name does not exist: check it, and the DNS of this network"
		}
		return "the hub's host name cannot be resolved: check the network and its DNS"
	}
	at, _ := errors.AsType[*stepError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens on the hub's port: check host and port, and that a firewall lets 8883 out"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way to the hub: check cable, WLAN and default route"
	case errors.Is(err, syscall.EMFILE):
		return "too many open files: raise LimitNOFILE"
	case at != nil && timedOut(err):
		return timeoutAt(at.step)
	case at != nil && at.step == stepTLS && closedByPeer(err):
		return "the server closed the connection during the TLS handshake: check host and port, and that a firewall lets 8883 out"
	}
	return ""
}

// timeoutAt says what silence means at a step.
func timeoutAt(s step) string {
	switch s {
	case stepDial:
		return "the hub's port does not answer: check host and port, and that a firewall lets 8883 out"
	case stepTLS:
		return "the server does not answer the TLS handshake: check host and port; something on the way may block it"
	default:
		return "the server does not answer " + string(s) + ": the hub may be overloaded, or something on the way swallows packets"
	}
}

// sayMQTT speaks about a connection that had worked.
func sayMQTT(err error) string {
	switch {
	case errors.Is(err, errNoPubAck):
		return "the hub does not acknowledge messages: its daily message quota may be used up, or it throttles; look at the hub's metrics"
	case errors.Is(err, errFlood):
		return "the hub sends more C2D messages than may wait for their PUBACK: beginning anew"
	case errors.Is(err, errSilent):
		return "the hub has fallen silent: check the network"
	case errors.Is(err, errGrant):
		return "the hub refuses a subscription: check that the server is an IoT Hub; one of a basic tier has no C2D messages, twins and methods, so name its tier"
	case timedOut(err), errors.Is(err, errStalled):
		return "the hub does not read what it is sent: check the network"
	case closedByPeer(err):
		return "the hub closed the connection"
	}
	return ""
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// refusal reports whether err is about the device's identity, and not about
// the way to the hub or the hub's health.
func refusal(err error) bool {
	refused, ok := errors.AsType[refusedError](err)
	return ok && (refused.code == connackID || refused.code == connackPassword || refused.code == connackForbidden)
}

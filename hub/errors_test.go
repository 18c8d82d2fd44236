package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestExplain(t *testing.T) {
	dial := func(err error) error { return &stepError{stepDial, &net.OpError{Op: "dial", Err: err}} }
	handshake := func(err error) error { return &stepError{stepTLS, err} }
	verify := func(err error) error { return handshake(&tls.CertificateVerificationError{Err: err}) }
	tests := []struct {
		err  error
		want string
	}{
		{dial(&net.DNSError{IsNotFound: true}), "does not exist"},
		{dial(&net.DNSError{IsTimeout: true}), "cannot be resolved"},
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "nothing listens"},
		{dial(os.NewSyscallError("connect", syscall.ENETUNREACH)), "default route"},
		{dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "default route"},
		{dial(os.NewSyscallError("socket", syscall.EMFILE)), "LimitNOFILE"},
		{dial(context.DeadlineExceeded), "port does not answer"},
		{handshake(context.DeadlineExceeded), "TLS handshake"},
		{handshake(io.EOF), "during the TLS handshake"},
		{handshake(tls.RecordHeaderError{}), "does not speak TLS"},
		{handshake(&net.OpError{Op: "remote error", Err: tls.AlertError(40)}), "ended the TLS handshake"},
		{verify(x509.UnknownAuthorityError{}), "CA file"},
		{verify(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}), "another host"},
		{verify(x509.CertificateInvalidError{Reason: x509.Expired}), "clock"},
		{verify(x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}), "not valid"},
		{&stepError{stepConnect, os.ErrDeadlineExceeded}, "does not answer CONNECT"},
		{&stepError{stepConnect, refusedError{5}}, "clock is right"},
		{&stepError{stepConnect, refusedError{3}}, "busy or throttles"},
		{&stepError{stepSubscribe, fmt.Errorf("%w: SUBACK 0x80", errGrant)}, "subscription"},
		{&stepError{stepSubscribe, io.EOF}, "closed the connection"},
		{fmt.Errorf("PUBLISH: %w", syscall.ECONNRESET), "closed the connection"},
		{os.ErrDeadlineExceeded, "does not read"},
		{errNoPubAck, "quota"},
		{errSilent, "fallen silent"},
		{kickedError{times: 3, err: io.EOF}, "another client"},
		{kickedError{times: 3, ignored: true, err: io.EOF}, "quota"},
		{errOther, "connection to the hub failed"},
	}
	for _, tt := range tests {
		f := explain(tt.err)
		if !strings.Contains(f.sentence, tt.want) {
			t.Errorf("%v: %q, want something with %q", tt.err, f.sentence, tt.want)
		}
		if !strings.Contains(f.Error(), f.sentence) {
			t.Errorf("%v: error text %q", tt.err, f)
		}
	}
}

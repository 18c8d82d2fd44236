package hub

import (
	"errors"
	"net"
	"testing"
)

func TestReasonOf(t *testing.T) {
	t.Parallel()
	at := func(s step, err error) error { return &stepError{s, err} }
	plain := errors.New("x")
	seen := map[string]bool{}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{credentialError{plain}, "credential"},
		{kickedError{times: 3, err: plain}, "kicked"},
		{kickedError{times: 3, ignored: true, err: plain}, "closed"},
		{at(stepProvision, refusedError{connackPassword}), "provisioning"},
		{at(stepConnect, refusedError{connackForbidden}), "refused"},
		{at(stepDial, &net.DNSError{IsNotFound: true}), "dns"},
		{at(stepDial, plain), "network"},
		{at(stepProxy, proxyError{407}), "proxy"},
		{at(stepTLS, plain), "tls"},
		{at(stepWebSocket, plain), "websocket"},
		{errNoPubAck, "silent"},
		{plain, "closed"},
	} {
		got := reasonOf(explain(tt.err))
		if got != tt.want {
			t.Errorf("%v is %s, want %s", tt.err, got, tt.want)
		}
		seen[got] = true
	}
	for _, r := range Reasons() {
		if !seen[r] {
			t.Errorf("nothing is %s", r)
		}
	}
	if len(seen) != len(Reasons()) {
		t.Errorf("%d reasons were given, and there are %d", len(seen), len(Reasons()))
	}
}

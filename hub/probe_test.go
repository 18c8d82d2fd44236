package hub

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{name: "good"},
		{name: "unknown authority", change: func(o *Options) { o.Roots = nil }, want: "CA file"},
		{name: "no such host", change: func(o *Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, &net.DNSError{IsNotFound: true} }
		}, want: "does not exist"},
		{name: "no host", change: func(o *Options) { o.Host = "" }, want: "host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, func(p *peer) {
					if got := p.read(); got != nil {
						t.Errorf("a probe sends %v", got)
					}
				})
				o := h.options()
				if tt.change != nil {
					tt.change(&o)
				}
				checkError(t, Probe(t.Context(), o), tt.want, "sig=")
			})
		})
	}
}

func TestLogin(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script func(p *peer)
		change func(*Device)
		want   string
	}{
		{name: "good", script: func(p *peer) { p.accept(); p.serve(func(string) {}) }},
		{name: "refused", script: func(p *peer) { p.answer(5) }, want: "key or token"},
		{name: "token of another", change: func(d *Device) { d.ID = "lora2" }, want: "is for"},
		{name: "unknown hub", change: func(d *Device) { d.Hub = "a b" }, want: "host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, func(p *peer) {
					if tt.script != nil {
						tt.script(p)
					}
				})
				d := Device{ID: "lora1", Credential: readyToken(t, "lora1", time.Now().Add(time.Hour))}
				if tt.change != nil {
					tt.change(&d)
				}
				checkError(t, Login(t.Context(), h.options(), d), tt.want, "sig=")
			})
		})
	}
}

package hub

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPublishOnce(t *testing.T) {
	message := Message{ID: "m1", ContentType: "text/plain", Body: []byte("hello"), Properties: []Property{{"k", "v"}}}
	const topic = "devices/lora1/messages/events/%24.mid=m1&%24.ct=text%2Fplain&k=v"
	tests := []struct {
		name   string
		script func(p *peer, said func(string))
		change func(*Options, *Device, *Message)
		want   string // error
		heard  []string
	}{
		{name: "good", heard: []string{topic, "hello", "DISCONNECT"}},
		{name: "refused", script: func(p *peer, _ func(string)) { p.answer(5) }, want: "key or token"},
		{name: "no PUBACK", script: func(p *peer, _ func(string)) { p.accept(); p.linger() }, want: "does not acknowledge"},
		{name: "closed", script: func(p *peer, _ func(string)) { p.accept(); p.publish() }, want: "closed the connection"},
		{name: "unknown authority", change: func(o *Options, _ *Device, _ *Message) { o.Roots = nil }, want: "CA file"},
		{name: "clock far off", change: func(o *Options, _ *Device, _ *Message) { o.Clock = farClock{} }, want: "clock"},
		{name: "no such host", change: func(o *Options, _ *Device, _ *Message) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, &net.DNSError{IsNotFound: true} }
		}, want: "does not exist"},
		{name: "bad id", change: func(_ *Options, d *Device, _ *Message) { d.ID = "a/b" }, want: "device id"},
		{name: "bad property", change: func(_ *Options, _ *Device, m *Message) { m.Properties = []Property{{"$.x", ""}} }, want: "belong to the hub"},
		{name: "token of another", change: func(_ *Options, d *Device, _ *Message) { d.ID = "lora2" }, want: "is for"},
		{name: "no host", change: func(o *Options, _ *Device, _ *Message) { o.Host = "" }, want: "host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got journal
				h := newTestHub(t, func(p *peer) {
					if tt.script != nil {
						tt.script(p, got.add)
						return
					}
					if !p.accept() {
						return
					}
					pub, _ := p.publish()
					got.add(pub.TopicName)
					got.add(string(pub.Payload))
					p.ack(pub.MessageID)
					p.serve(got.add)
				})
				o, m := h.options(), message
				d := Device{ID: "lora1", Credential: readyToken(t, "lora1", time.Now().Add(time.Hour))}
				if tt.change != nil {
					tt.change(&o, &d, &m)
				}
				checkError(t, PublishOnce(t.Context(), o, d.ID, d.Credential, m), tt.want, "sig=")
				synctest.Wait()
				if diff := cmp.Diff(tt.heard, got.all()); diff != "" {
					t.Errorf("heard (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// farClock is wrong by more than a certificate's life.
type farClock struct{ testClock }

func (farClock) Now() time.Time { return time.Now().Add(-365 * 24 * time.Hour) }

// The caller's patience counts too.
func TestPublishOnceCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			p.accept()
			p.linger()
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		d := testDevice(t, "lora1", nil)
		if err := PublishOnce(ctx, h.options(), d.ID, d.Credential, Message{Body: []byte("x")}); err == nil {
			t.Error("no error without a PUBACK")
		}
		if took := time.Since(begin); took > time.Second+disconnectTimeout {
			t.Errorf("took %v", took)
		}
	})
}

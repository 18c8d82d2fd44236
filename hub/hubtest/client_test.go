package hubtest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	testHost  = "contoso.azure-devices.net"
	testTopic = "devices/lora1/messages/events/"
	patience  = 20 * time.Second // a test that waits longer has failed
)

// serve starts a hub with the devices lora1 and lora2, both with keyV1.
func serve(t *testing.T, o Options) *Hub {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"lora1", "lora2"} {
		if err := h.AddDevice(id, keyV2, keyV1); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// client is a raw MQTT client: it sends what it is told and checks nothing.
type client struct {
	t    *testing.T
	conn net.Conn
}

func dial(t *testing.T, h *Hub) *client {
	t.Helper()
	conn, err := tls.Dial("tcp", h.Addr(), h.ClientTLS())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{t, conn}
}

// token signs sr as it is given.
func token(sr string, expires time.Time) string {
	key, _ := base64.StdEncoding.DecodeString(keyV1)
	return tokenWith(key, sr, expires)
}

func tokenWith(key []byte, sr string, expires time.Time) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\n%d", sr, expires.Unix())
	return fmt.Sprintf("SharedAccessSignature sr=%s&sig=%s&se=%d", sr,
		escape(base64.StdEncoding.EncodeToString(mac.Sum(nil))), expires.Unix())
}

// connectPacket is a good CONNECT of device.
func connectPacket(device string) *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.Keepalive = "MQTT", 4, 240
	p.ClientIdentifier = device
	p.UsernameFlag, p.PasswordFlag = true, true
	p.Username = testHost + "/" + device + "/?api-version=2021-04-12"
	p.Password = []byte(token(testHost+"%2Fdevices%2F"+device, time.Now().Add(time.Hour)))
	return p
}

func (c *client) send(p packets.ControlPacket) {
	c.t.Helper()
	if err := p.Write(c.conn); err != nil {
		c.t.Fatalf("send %s: %v", packetName(p), err)
	}
}

// receive reads the next packet as a P.
func receive[P packets.ControlPacket](c *client) P {
	c.t.Helper()
	p, err := packets.ReadPacket(c.conn)
	if err != nil {
		var want P
		c.t.Fatalf("no %T: %v", want, err)
	}
	got, ok := p.(P)
	if !ok {
		c.t.Fatalf("got %s, want a %T", packetName(p), got)
	}
	return got
}

// closed expects the connection to end with a FIN, and no packet before.
func (c *client) closed() {
	c.t.Helper()
	if p, err := packets.ReadPacket(c.conn); !errors.Is(err, io.EOF) {
		c.t.Fatalf("got %v, %v: want the connection closed", p, err)
	}
}

// open connects as device and expects CONNACK 0.
func open(t *testing.T, h *Hub, device string, clean bool) *client {
	t.Helper()
	p := connectPacket(device)
	p.CleanSession = clean
	return openWith(t, h, p)
}

func openWith(t *testing.T, h *Hub, p *packets.ConnectPacket) *client {
	t.Helper()
	c := dial(t, h)
	c.send(p)
	if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 0 {
		t.Fatalf("CONNACK %d", ack.ReturnCode)
	}
	return c
}

func publishPacket(topic string, qos byte, id uint16, body string) *packets.PublishPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Qos, p.MessageID, p.Payload = topic, qos, id, []byte(body)
	return p
}

func subscribePacket(qos byte, filters ...string) *packets.SubscribePacket {
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID, p.Topics = 9, filters
	for range filters {
		p.Qoss = append(p.Qoss, qos)
	}
	return p
}

func (c *client) subscribe(qos byte, filters ...string) []byte {
	c.t.Helper()
	c.send(subscribePacket(qos, filters...))
	return receive[*packets.SubackPacket](c).ReturnCodes
}

func (c *client) puback(id uint16) {
	c.t.Helper()
	p := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	p.MessageID = id
	c.send(p)
}

// disconnect says good-bye and expects a FIN.
func (c *client) disconnect() {
	c.t.Helper()
	c.send(packets.NewControlPacket(packets.Disconnect))
	c.closed()
}

// within is a context for one wait.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// wait returns the n-th event of that kind and device.
func wait(t *testing.T, h *Hub, kind Kind, device string, n int) Event {
	t.Helper()
	return waitIn(within(t), t, h, kind, device, n)
}

func waitIn(ctx context.Context, t *testing.T, h *Hub, kind Kind, device string, n int) Event {
	t.Helper()
	events, err := h.WaitEvents(ctx, n, func(e Event) bool { return e.Kind == kind && e.Device == device })
	if err != nil {
		t.Fatalf("%s of %q: %v; history: %+v", kind, device, err, h.History())
	}
	return events[n-1]
}

func nextPublish(c *client) *packets.PublishPacket {
	c.t.Helper()
	return receive[*packets.PublishPacket](c)
}

func nextSuback(c *client) []byte {
	c.t.Helper()
	return receive[*packets.SubackPacket](c).ReturnCodes
}

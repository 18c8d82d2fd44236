package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestConnectPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(chan *packets.ConnectPacket, 1)
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				seen <- p.connect
				if sni := p.conn.ConnectionState().ServerName; sni != testHost {
					t.Errorf("SNI %q", sni)
				}
				p.linger()
			}
		})
		h.run(newFeed())
		c := <-seen
		if c.ProtocolName != "MQTT" || c.ProtocolVersion != 4 || c.CleanSession || c.WillFlag || c.ClientIdentifier != "lora1" {
			t.Errorf("CONNECT %v", c)
		}
		if want := testHost + "/lora1/?api-version=2021-04-12&DeviceClientType=gatewayd%2Ftest"; c.Username != want {
			t.Errorf("user name %s, want %s", c.Username, want)
		}
		if want := SignSAS(testHost+"/devices/lora1", []byte("an-example-key-for-the-tests-0001"), time.Now().Add(time.Hour)); string(c.Password) != want {
			t.Errorf("password %s, want %s", c.Password, want)
		}
		if c.Keepalive < 207 || c.Keepalive > 230 {
			t.Errorf("keep-alive %d s, want 207 to 230", c.Keepalive)
		}
	})
}

// C2D messages are not acknowledged, and spoken of once per connection.
func TestC2DStaysInTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			for id := range uint16(3) {
				c2d := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
				c2d.Qos, c2d.MessageID = 1, id+1
				c2d.TopicName = "devices/lora1/messages/devicebound/%24.mid=order-66"
				c2d.Payload = []byte("x")
				p.write(c2d)
			}
			if packet := p.read(); packet != nil {
				if _, ok := packet.(*packets.DisconnectPacket); !ok {
					t.Errorf("answered with %v", packet)
				}
			}
		})
		h.run(newFeed())
		advance(time.Minute)
		lines := h.log.FilterMessageSnippet("C2D messages wait in the hub").All()
		if len(lines) != 1 || lines[0].ContextMap()["message_id"] != "order-66" || lines[0].ContextMap()["device"] != "lora1" {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

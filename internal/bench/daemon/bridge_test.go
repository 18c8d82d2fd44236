package daemon

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// envBridge names the binary of a chirpstack-gateway-bridge, version 4, to
// compare with. The Go module proxy has none.
const envBridge = "GATEWAYD_BENCH_BRIDGE"

// BenchmarkBridge is the CPU time for a frame, with TLS and QoS 1, at 100
// frames a second over UDP. The others do no LoRaWAN: they neither check nor
// decrypt nor decode, and keep nothing. "minimal" is about the least that a
// bridge written with paho's client does.
func BenchmarkBridge(b *testing.B) {
	const rate = 100
	b.Run("gatewayd", func(b *testing.B) {
		s := newStage(b, 1000, "")
		s.air = newUDP(b, s)
		s.frames(b, s.daemon(b, gatewayd(b)), rate)
	})
	b.Run("minimal", func(b *testing.B) {
		s := newStage(b, 0, "")
		u := newUDP(b, s)
		server := s.broker(b)
		cmd := exec.Command(os.Args[0], "-test.run=^TestMinimalBridge$")
		cmd.Env = append(os.Environ(), envMinimal+"="+strings.Join([]string{u.server, server, s.write(b, "ca.pem", s.hub.CAPEM())}, " "))
		s.relay(b, u, cmd, rate)
	})
	b.Run("chirpstack", func(b *testing.B) {
		binary := os.Getenv(envBridge)
		if binary == "" {
			b.Skipf("%s names no binary", envBridge)
		}
		s := newStage(b, 0, "")
		u := newUDP(b, s)
		config := s.write(b, "bridge.toml", fmt.Appendf(nil, `[general]
log_level = 2
[backend]
type = "semtech_udp"
[backend.semtech_udp]
udp_bind = %q
[integration]
marshaler = "protobuf"
[integration.mqtt]
event_topic_template = "gateway/{{ .GatewayID }}/event/{{ .EventType }}"
[integration.mqtt.auth]
type = "generic"
[integration.mqtt.auth.generic]
servers = ["ssl://%s"]
qos = 1
ca_cert = %q
`, u.server, s.broker(b), s.write(b, "ca.pem", s.hub.CAPEM())))
		s.relay(b, u, exec.Command(binary, "-c", config), rate)
	})
}

// relay measures a bridge that passes everything on to the broker.
func (s *stage) relay(b *testing.B, u *udp, cmd *exec.Cmd, rate int) {
	b.Helper()
	s.air, s.nodes = u, 1000
	u.one = true
	p := start(b, cmd)
	<-u.ready()
	if err := s.arrivals.online(1); err != nil {
		b.Fatalf("the bridge does not connect: %v", err)
	}
	s.frames(b, p, rate)
}

// broker is just enough of one for a bridge, at the address that it returns.
// What it counts are uplinks.
func (s *stage) broker(b *testing.B) string {
	b.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.hub.ServiceTLS())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String()) // the certificate is for a name
	return net.JoinHostPort(hostname, port)
}

func (s *stage) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		packet, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		if p, ok := packet.(*packets.PublishPacket); ok && strings.HasSuffix(p.TopicName, "event/up") {
			s.arrivals.arrive("")
		}
		if answer := s.answer(packet); answer != nil && answer.Write(conn) != nil {
			return
		}
	}
}

func (s *stage) answer(packet packets.ControlPacket) packets.ControlPacket {
	switch p := packet.(type) {
	case *packets.ConnectPacket:
		s.arrivals.connect()
		return packets.NewControlPacket(packets.Connack)
	case *packets.PingreqPacket:
		return packets.NewControlPacket(packets.Pingresp)
	case *packets.SubscribePacket:
		ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		ack.MessageID, ack.ReturnCodes = p.MessageID, p.Qoss
		return ack
	case *packets.PublishPacket:
		if p.Qos == 0 {
			return nil
		}
		ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		ack.MessageID = p.MessageID
		return ack
	}
	return nil
}

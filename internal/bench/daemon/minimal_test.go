package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// envMinimal makes TestMinimalBridge one: "its UDP address, the broker's, the
// broker's CA".
const envMinimal = "GATEWAYD_BENCH_MINIMAL"

// rxpk is a frame as packet forwarders report it, in what a bridge needs.
type rxpk struct {
	Tmst uint32  `json:"tmst"`
	Freq float64 `json:"freq"`
	Stat int     `json:"stat"`
	Datr string  `json:"datr"`
	Codr string  `json:"codr"`
	RSSI float64 `json:"rssi"`
	LSNR float64 `json:"lsnr"`
	Data []byte  `json:"data"`
}

// TestMinimalBridge is a bridge from UDP to MQTT, in the child that
// BenchmarkBridge starts.
func TestMinimalBridge(t *testing.T) {
	words := strings.Fields(os.Getenv(envMinimal))
	if len(words) != 3 {
		t.Skip("for the benchmark")
	}
	ca, err := os.ReadFile(words[2])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	o := mqtt.NewClientOptions().AddBroker("ssl://" + words[1]).SetClientID("minimal").
		SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: hostname, MinVersion: tls.VersionTLS12})
	client := mqtt.NewClient(o)
	if err := mqtt.WaitTokenTimeout(client.Connect(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", words[0])
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		acknowledge := map[byte]byte{0: 1, 2: 4}
		if n < 12 {
			continue
		}
		if kind, ok := acknowledge[buf[3]]; ok {
			_, _ = conn.WriteTo([]byte{buf[0], buf[1], buf[2], kind}, from)
		}
		if buf[3] == 0 {
			publish(client, buf[12:n])
		}
	}
}

// publish passes a datagram's frames on.
func publish(client mqtt.Client, body []byte) {
	var push struct {
		Rxpk []rxpk `json:"rxpk"`
	}
	if json.Unmarshal(body, &push) != nil {
		return
	}
	for _, r := range push.Rxpk {
		if event, err := json.Marshal(r); err == nil && r.Stat == 1 {
			client.Publish("gateway/00aa11bb22cc33dd/event/up", 1, false, event)
		}
	}
}

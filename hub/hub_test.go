package hub_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
)

// patience is when a test that waits has failed.
const patience = 30 * time.Second

// systemClock is this machine's, trusted.
type systemClock struct{}

func (systemClock) Now() time.Time                    { return time.Now() }
func (systemClock) WaitTrusted(context.Context) error { return nil }

// server is a hub or a broker to test the client against.
type server struct {
	options  hub.Options
	arrived  func(t *testing.T, n int) []string // message ids, oldest first, once there are n different
	emulator *hubtest.Hub                       // nil for a plain broker
}

// servers are the emulator and, if the environment names one, a plain MQTT
// broker with TLS that takes any user: GATEWAYD_TEST_BROKER is its host:port,
// GATEWAYD_TEST_BROKER_CA the file of its CA.
func servers(t *testing.T, run func(t *testing.T, s *server)) {
	t.Run("emulator", func(t *testing.T) { run(t, emulator(t, hubtest.Options{})) })
	t.Run("broker", func(t *testing.T) {
		address := os.Getenv("GATEWAYD_TEST_BROKER")
		if address == "" {
			t.Skip("GATEWAYD_TEST_BROKER is not set")
		}
		run(t, broker(t, address, os.Getenv("GATEWAYD_TEST_BROKER_CA")))
	})
}

func emulator(t *testing.T, o hubtest.Options) *server {
	t.Helper()
	h, err := hubtest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.AddDevice("lora1", hub.DeviceTestKey()); err != nil {
		t.Fatal(err)
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &server{emulator: h}
	s.options = hub.Options{
		Host: "contoso.azure-devices.net", Roots: h.Roots(), Clock: systemClock{},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, h.Addr())
		},
	}
	s.arrived = func(t *testing.T, n int) []string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for want := n; ; want++ {
			messages, err := h.WaitMessages(ctx, want)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, m := range messages {
				ids = append(ids, m.Properties["$.mid"])
			}
			if len(firsts(ids)) >= n {
				return ids
			}
			want = len(messages)
		}
	}
	return s
}

// broker watches a plain broker with a client of its own.
func broker(t *testing.T, address, caFile string) *server {
	t.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", caFile)
	}
	host, port, err := hub.ParseHost(address)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1000)
	o := mqtt.NewClientOptions().AddBroker("ssl://" + address).SetClientID("observer").SetProtocolVersion(4)
	o.SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12})
	client := mqtt.NewClient(o)
	for _, start := range []func() mqtt.Token{client.Connect, func() mqtt.Token {
		return client.Subscribe("devices/lora1/messages/events/#", 1, func(_ mqtt.Client, m mqtt.Message) { heard <- messageID(m.Topic()) })
	}} {
		if err := mqtt.WaitTokenTimeout(start(), patience); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { client.Disconnect(100) })
	var ids []string
	return &server{
		options: hub.Options{Host: host, Port: port, Roots: roots, Clock: systemClock{}},
		arrived: func(t *testing.T, n int) []string {
			t.Helper()
			for len(firsts(ids)) < n {
				select {
				case id := <-heard:
					ids = append(ids, id)
				case <-time.After(patience):
					t.Fatalf("%d of %d messages arrived", len(ids), n)
				}
			}
			return ids
		},
	}
}

// messageID finds $.mid in a topic, where it comes first.
func messageID(topic string) string {
	_, id, _ := strings.Cut(topic, "%24.mid=")
	id, _, _ = strings.Cut(id, "&")
	return id
}

// cutter is a Dial whose connections can be cut.
type cutter struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dial(ctx, network, address)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// run starts a supervisor and stops it when the test ends.
func run(t *testing.T, o hub.Options, devices ...hub.Device) *hub.Supervisor {
	t.Helper()
	s, err := hub.NewSupervisor(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(devices)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("Run does not end")
		}
	})
	return s
}

func ids(from, to int) []string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("m%d", i))
	}
	return all
}

// awaitDone waits until n more messages are done.
func awaitDone(t *testing.T, done <-chan uint64, n int) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for i := range n {
		select {
		case <-done:
		case <-timer.C:
			t.Fatalf("%d of %d messages done", i, n)
		}
	}
}

// firsts drops repetitions: a message may arrive twice, with the same id.
func firsts(ids []string) []string {
	seen := make(map[string]bool)
	var first []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			first = append(first, id)
		}
	}
	return first
}

func TestOrderAndPubAck(t *testing.T) {
	servers(t, func(t *testing.T, s *server) {
		f, done := hub.NewTestFeed(ids(1, 50)...), make(chan uint64, 1000)
		f.Notify(done)
		run(t, s.options, hub.NewTestDevice(t, "lora1", f))
		awaitDone(t, done, 50)
		f.Add(ids(51, 60)...)
		awaitDone(t, done, 10)
		if diff := cmp.Diff(ids(1, 60), s.arrived(t, 60)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

// The connection is cut again and again in the middle of the work.
func TestReconnect(t *testing.T) {
	servers(t, func(t *testing.T, s *server) {
		c := &cutter{dial: s.options.Dial}
		if c.dial == nil {
			c.dial = new(net.Dialer).DialContext
		}
		s.options.Dial = c.Dial
		f, done := hub.NewTestFeed(), make(chan uint64, 1000)
		f.Notify(done)
		run(t, s.options, hub.NewTestDevice(t, "lora1", f))
		for i := range 3 {
			f.Add(ids(20*i+1, 20*i+20)...)
			awaitDone(t, done, 5)
			c.cut()
			awaitDone(t, done, 15)
		}
		if diff := cmp.Diff(ids(1, 60), firsts(s.arrived(t, 60))); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if n := len(f.DoneSeqs()); n != 60 {
			t.Errorf("%d messages done, want 60", n)
		}
	})
}

func TestPublishOnceAgainstServers(t *testing.T) {
	servers(t, func(t *testing.T, s *server) {
		d := hub.NewTestDevice(t, "lora1", nil)
		if err := hub.PublishOnce(t.Context(), s.options, d.ID, d.Credential, hub.Message{ID: "once", Body: []byte("hello")}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"once"}, s.arrived(t, 1)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

// Whatever the hub does to the first messages, all arrive, in order, and none
// is done before.
func TestFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault hubtest.Fault
	}{
		{"refused", hubtest.Fault{Kind: hubtest.FaultRefuse, Code: 3, Count: 2}},
		{"refused once for its token", hubtest.Fault{Kind: hubtest.FaultRefuse, Code: 5, Count: 1}},
		{"closed at CONNECT", hubtest.Fault{Kind: hubtest.FaultCloseConnect, Count: 2}},
		{"reset at CONNECT", hubtest.Fault{Kind: hubtest.FaultResetConnect, Count: 1}},
		{"hangs at CONNECT", hubtest.Fault{Kind: hubtest.FaultHang, Count: 1}},
		{"closed at PUBLISH", hubtest.Fault{Kind: hubtest.FaultDrop, Count: 2}},
		{"stored, then closed", hubtest.Fault{Kind: hubtest.FaultDrop, Count: 1, Store: true}},
		{"reset at PUBLISH", hubtest.Fault{Kind: hubtest.FaultReset, Count: 1}},
		{"no PUBACK", hubtest.Fault{Kind: hubtest.FaultNoPuback, Count: 1}},
		{"half a PUBACK", hubtest.Fault{Kind: hubtest.FaultCutPuback, Count: 1, Store: true}},
		{"late PUBACK", hubtest.Fault{Kind: hubtest.FaultDelayPuback, Delay: 50 * time.Millisecond, Count: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := emulator(t, hubtest.Options{})
			if err := s.emulator.Inject("lora1", tt.fault); err != nil {
				t.Fatal(err)
			}
			s.options.ConnectTimeout, s.options.PubAckTimeout = 500*time.Millisecond, 500*time.Millisecond
			f, done := hub.NewTestFeed(ids(1, 30)...), make(chan uint64, 100)
			f.Notify(done)
			run(t, s.options, hub.NewTestDevice(t, "lora1", f))
			awaitDone(t, done, 30)
			got := firsts(s.arrived(t, 30))
			if tt.fault.Kind == hubtest.FaultNoPuback {
				// The hub has swallowed one and acknowledged those behind it.
				if len(got) != 30 {
					t.Errorf("%d messages, want 30: %v", len(got), got)
				}
			} else if diff := cmp.Diff(ids(1, 30), got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// Tokens are renewed in time; the hub never has to drop the connection.
func TestRenewalAgainstEmulator(t *testing.T) {
	s := emulator(t, hubtest.Options{TokenGrace: -1, DropGrace: -1})
	s.options.TokenTTL = 3 * time.Second
	run(t, s.options, hub.NewTestDevice(t, "lora1", hub.NewTestFeed("m1")))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ends, err := s.emulator.WaitEvents(ctx, 2, func(e hubtest.Event) bool { return e.Kind == hubtest.EventDisconnected })
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ends {
		if e.Reason != hubtest.ReasonClientDisconnect {
			t.Errorf("disconnected: %s", e.Reason)
		}
	}
}

// A C2D message is left to the hub, and a wrong key to the operator.
func TestC2DAndWrongKey(t *testing.T) {
	s := emulator(t, hubtest.Options{})
	if err := s.emulator.SendC2D("lora1", hubtest.C2D{ID: "order-66", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	wrong, err := hub.NewDeviceKey(secret.NewText("d3Jvbmcta2V5LWZvci10aGUtdGVzdHM="))
	if err != nil {
		t.Fatal(err)
	}
	f, done := hub.NewTestFeed("m1"), make(chan uint64, 10)
	f.Notify(done)
	supervisor := run(t, s.options, hub.Device{ID: "lora1", Credential: wrong, Feed: f})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := s.emulator.WaitEvents(ctx, 1, func(e hubtest.Event) bool { return e.Reason == hubtest.ReasonBadSignature }); err != nil {
		t.Fatal(err)
	}
	supervisor.Apply([]hub.Device{hub.NewTestDevice(t, "lora1", f)})
	awaitDone(t, done, 1)
	if _, err := s.emulator.WaitEvents(ctx, 1, func(e hubtest.Event) bool { return e.Kind == hubtest.EventC2D }); err != nil {
		t.Fatal(err)
	}
	f.Add("m2")
	awaitDone(t, done, 1)
	for _, e := range s.emulator.History() {
		if e.Kind == hubtest.EventC2DComplete || e.Kind == hubtest.EventC2DDropped {
			t.Errorf("C2D message: %s", e.Kind)
		}
	}
}

package hub_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
	"golang.org/x/time/rate"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// The benchmark's settings: how many connections, how long they idle while
// CPU time is counted, and which part a child process plays.
const (
	envIdleConnections = "GATEWAYD_BENCH_CONNECTIONS" // [1000]
	envIdleWindow      = "GATEWAYD_BENCH_WINDOW"      // [60s]
	envIdleKeepAlive   = "GATEWAYD_BENCH_KEEPALIVE"   // [60s]
	envIdleRole        = "GATEWAYD_BENCH_ROLE"
	envIdleServer      = "GATEWAYD_BENCH_SERVER" // "address certificate"
	envIdlePID         = "GATEWAYD_BENCH_PID"    // the server's process
)

// idleSettle is when memory counts as settled: what a connection does once,
// in its first minute, is behind it. What CPU time idling takes is counted
// after a garbage collection: the runtime returns the memory of the handshakes
// at its leisure, which is not the connections' doing.
const idleSettle = 75 * time.Second

// BenchmarkIdleConnections measures what one idle connection costs, with its
// subscriptions in place: memory before and after a garbage collection, CPU
// time, goroutines. Client and server are processes of their own. The bare
// TLS connections and paho's client are there to compare with, in one run.
func BenchmarkIdleConnections(b *testing.B) {
	for _, client := range []string{"tls", "hub", "paho"} {
		b.Run(client, func(b *testing.B) {
			for b.Loop() {
				server, _, stop := benchServer(b)
				report := benchClient(b, client, server)
				stop()
				for name, value := range report {
					b.ReportMetric(value, name)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestIdleChild is what the children of the benchmark run.
func TestIdleChild(t *testing.T) {
	switch role := os.Getenv(envIdleRole); role {
	case "":
		t.Skip("for the benchmark")
	case "server":
		idleServer(t)
	default:
		idleClient(t, role)
	}
}

// child starts this program again to play role.
func child(b *testing.B, role string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestIdleChild$", "-test.v") //nolint:gosec // this very program
	cmd.Env = append(append(os.Environ(), envIdleRole+"="+role), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return cmd, lines
}

// benchServer starts a server and returns where it listens, and its process.
func benchServer(b *testing.B) (server string, pid int, stop func()) {
	b.Helper()
	cmd, lines := child(b, "server")
	for lines.Scan() {
		if s, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			return s, cmd.Process.Pid, func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
		}
	}
	b.Fatal("the server does not come up")
	return "", 0, nil
}

// benchClient runs a client to its end and returns what it measured.
func benchClient(b *testing.B, role, server string, env ...string) map[string]float64 {
	b.Helper()
	cmd, lines := child(b, role, append(env, envIdleServer+"="+server)...)
	report := make(map[string]float64)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) != 3 || words[0] != "measured" {
			continue
		}
		value, err := strconv.ParseFloat(words[2], 64)
		if err != nil {
			b.Fatal(err)
		}
		report[words[1]] = value
	}
	if err := cmd.Wait(); err != nil || len(report) == 0 {
		b.Fatalf("client %s: %v", role, err)
	}
	return report
}

// idleServer is just enough of a hub: it lets everybody in, grants each
// subscription, answers twin reads and pings. TLS is as at a classic hub: 1.2.
func idleServer(t *testing.T) {
	certificate, der := idleCertificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	fmt.Printf("serving %s %s\n", l.Addr(), strings.ReplaceAll(string(encoded), "\n", "|"))
	sluice := newSluice()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go sluice.serve(conn)
	}
}

func idleCertificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, der
}

func idleServe(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		packet, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		answer := idleAnswer(packet)
		if answer != nil && answer.Write(conn) != nil {
			return
		}
	}
}

func idleAnswer(packet packets.ControlPacket) packets.ControlPacket {
	switch p := packet.(type) {
	case *packets.ConnectPacket:
		return packets.NewControlPacket(packets.Connack)
	case *packets.PingreqPacket:
		return packets.NewControlPacket(packets.Pingresp)
	case *packets.SubscribePacket:
		ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		ack.MessageID, ack.ReturnCodes = p.MessageID, p.Qoss
		return ack
	case *packets.PublishPacket:
		_, rid, get := strings.Cut(p.TopicName, "$iothub/twin/GET/?$rid=")
		if !get {
			return nil
		}
		answer := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		answer.TopicName = "$iothub/twin/res/200/?$rid=" + rid
		answer.Payload = []byte(`{"desired":{"$version":1},"reported":{"$version":1}}`)
		return answer
	}
	return nil
}

// idleClient opens the connections, lets them idle, and prints what they cost.
func idleClient(t *testing.T, role string) {
	n, err := strconv.Atoi(orElse(os.Getenv(envIdleConnections), "1000"))
	if err != nil {
		t.Fatal(err)
	}
	window, err := time.ParseDuration(orElse(os.Getenv(envIdleWindow), "60s"))
	if err != nil {
		t.Fatal(err)
	}
	address, encoded, _ := strings.Cut(os.Getenv(envIdleServer), " ")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(strings.ReplaceAll(encoded, "|", "\n")))
	if storm := map[string]func(*testing.T, string, *x509.CertPool, int){"storm-tls": stormTLS, "storm-hub": stormHub}[role]; storm != nil {
		storm(t, address, roots, n)
		return
	}
	connect := map[string]func(*testing.T, string, *x509.CertPool, int){"tls": idleTLS, "hub": idleHub, "paho": idlePaho}[role]

	connect(t, address, roots, 1) // what is needed once
	debug.FreeOSMemory()
	before, goroutines, cpu := residentBytes(t), runtime.NumGoroutine(), cpuTime(t)
	connect(t, address, roots, n)
	connected := cpuTime(t) - cpu
	<-time.After(idleSettle)
	settled, running := residentBytes(t), runtime.NumGoroutine()
	debug.FreeOSMemory()
	collected := residentBytes(t)
	begin := cpuTime(t)
	<-time.After(window)
	idle := cpuTime(t) - begin
	each := float64(n)
	fmt.Printf("measured KiB/conn %f\n", float64(settled-before)/1024/each)
	fmt.Printf("measured KiB-after-GC/conn %f\n", float64(collected-before)/1024/each)
	fmt.Printf("measured goroutines/conn %f\n", float64(running-goroutines)/each)
	fmt.Printf("measured connect-ms/conn %f\n", connected.Seconds()*1000/each)
	fmt.Printf("measured idle-ms/s/1000conn %f\n", idle.Seconds()*1000/window.Seconds()/each*1000)
}

// idleKeepAlive is that of the clients. With the defaults each connection has
// a PINGREQ in the window.
func idleKeepAlive(t *testing.T) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(orElse(os.Getenv(envIdleKeepAlive), "60s"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// residentBytes is the resident set of this process.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// cpuTime is what this process has used.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// idleTLS holds bare TLS connections.
func idleTLS(t *testing.T, address string, roots *x509.CertPool, n int) {
	config := &tls.Config{
		RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	conns := make([]net.Conn, n)
	for i := range conns {
		conn, err := tls.Dial("tcp", address, config)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
	}
	t.Cleanup(func() { runtime.KeepAlive(conns) })
}

// idlePaho holds connections of paho's client.
func idlePaho(t *testing.T, address string, roots *x509.CertPool, n int) {
	config := &tls.Config{
		RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	for i := range n {
		o := mqtt.NewClientOptions().AddBroker("ssl://" + address).SetClientID(fmt.Sprint("lora", i)).SetProtocolVersion(4)
		o.SetTLSConfig(config).SetKeepAlive(idleKeepAlive(t)).SetAutoReconnect(false)
		client := mqtt.NewClient(o)
		for _, start := range []func() mqtt.Token{client.Connect, func() mqtt.Token {
			return client.SubscribeMultiple(map[string]byte{
				fmt.Sprintf("devices/lora%d/messages/devicebound/#", i): 1, "$iothub/twin/res/#": 0,
				"$iothub/twin/PATCH/properties/desired/#": 0, "$iothub/methods/POST/#": 0,
			}, func(mqtt.Client, mqtt.Message) {})
		}} {
			if err := mqtt.WaitTokenTimeout(start(), patience); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { runtime.KeepAlive(client) })
	}
}

// nopHandler takes everything and does nothing.
type nopHandler struct{}

func (nopHandler) CloudMessage(context.Context, hub.CloudMessage) error { return nil }
func (nopHandler) Method(context.Context, hub.MethodCall) hub.MethodResult {
	return hub.MethodResult{Status: 200}
}
func (nopHandler) Twin(context.Context, hub.Desired) {}

// idleHub holds connections of this package.
func idleHub(t *testing.T, address string, roots *x509.CertPool, n int) {
	s := idleSupervisor(t, address, roots, n, 500)
	await(n, func() int { return connected(s) })
}

// idleSupervisor runs a supervisor that connects so many devices a second.
func idleSupervisor(t *testing.T, address string, roots *x509.CertPool, n int, pace rate.Limit) *hub.Supervisor {
	t.Helper()
	key, err := hub.NewDeviceKey(secret.NewText(hub.DeviceTestKey()))
	if err != nil {
		t.Fatal(err)
	}
	var devices []hub.Device
	for i := range n {
		devices = append(devices, hub.Device{ID: fmt.Sprint("lora", i), Credential: key, Feed: hub.NewTestFeed(), Handler: nopHandler{}})
	}
	s, err := hub.NewSupervisor(hub.Options{
		Host: "localhost", Roots: roots, Clock: systemClock{}, KeepAlive: idleKeepAlive(t), ConnectRate: pace, ConnectBurst: max(10, int(pace/500)),
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(devices)
	go func() { _ = s.Run(t.Context()) }()
	return s
}

// connected is how many devices are.
func connected(s *hub.Supervisor) int {
	n := 0
	for _, d := range s.Status() {
		if d.State == hub.StateConnected {
			n++
		}
	}
	return n
}

package hub

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/internal/secret"
)

const testHost = "contoso.azure-devices.net"

// fakeKey is visibly no device's key.
var fakeKey = secret.NewText(base64.StdEncoding.EncodeToString([]byte("an-example-key-for-the-tests-0001")))

// testClock is the bubble's time, trusted once the channel is closed.
type testClock struct{ trusted chan struct{} }

func trustedClock() testClock {
	c := testClock{make(chan struct{})}
	close(c.trusted)
	return c
}

func (testClock) Now() time.Time { return time.Now() }

func (c testClock) WaitTrusted(ctx context.Context) error {
	select {
	case <-c.trusted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// memoryFeed is a Feed that remembers what was done with it.
type memoryFeed struct {
	mu    sync.Mutex
	queue []Message
	done  []uint64
	fail  error
	ready Signal

	notify chan<- uint64 // nil: nobody
}

func newFeed(ids ...string) *memoryFeed {
	f := &memoryFeed{}
	f.add(ids...)
	return f
}

func (f *memoryFeed) add(ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		seq := uint64(len(f.queue) + len(f.done) + 1)
		f.queue = append(f.queue, Message{Seq: seq, ID: id, Body: []byte("body of " + id)})
	}
	f.ready.Tell()
}

func (f *memoryFeed) Pending(after uint64, limit int) ([]Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Message
	for _, m := range f.queue {
		if m.Seq > after && len(out) < limit {
			out = append(out, m)
		}
	}
	return out, f.fail
}

func (f *memoryFeed) Done(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, seq)
	f.queue = slices.DeleteFunc(f.queue, func(m Message) bool { return m.Seq == seq })
	if f.notify != nil {
		f.notify <- seq
	}
}

func (f *memoryFeed) Ready() *Signal { return &f.ready }

func (f *memoryFeed) doneSeqs() []uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.done)
}

// testHub stands in for the network and the hub: each connection that is
// dialled runs script.
type testHub struct {
	t      *testing.T
	tls    *tls.Config
	roots  *x509.CertPool
	script func(p *peer)
	log    *observer.ObservedLogs
	logger *zap.Logger

	scripts sync.WaitGroup

	mu    sync.Mutex
	dials []time.Time
	err   error // what Dial returns
}

func newTestHub(t *testing.T, script func(p *peer)) *testHub {
	t.Helper()
	certificate, roots := testCertificate(t, testHost, time.Now())
	core, log := observer.New(zap.DebugLevel)
	h := &testHub{
		t:      t,
		roots:  roots,
		script: script,
		log:    log,
		logger: zap.New(core),
		tls: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			// A pipe has no buffer to leave tickets in.
			SessionTicketsDisabled: true,
		},
	}
	// At its end the bubble wants every goroutine gone, the library's too.
	t.Cleanup(func() {
		h.scripts.Wait()
		<-time.After(time.Minute)
	})
	return h
}

func testCertificate(t *testing.T, host string, from time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		DNSNames:              []string{host},
		NotBefore:             from.Add(-time.Hour),
		NotAfter:              from.Add(30 * 24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// options are those of a supervisor that talks to h.
func (h *testHub) options() Options {
	return Options{Host: testHost, Roots: h.roots, Product: "gatewayd/test", Clock: trustedClock(), Log: h.logger, Dial: h.dial}
}

func (h *testHub) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	h.mu.Lock()
	h.dials = append(h.dials, time.Now())
	n, err := len(h.dials), h.err
	h.mu.Unlock()
	if err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	h.scripts.Add(1)
	go func() {
		defer h.scripts.Done()
		defer func() { _ = server.Close() }()
		h.script(&peer{t: h.t, n: n, raw: server, conn: tls.Server(server, h.tls)})
	}()
	return client, ctx.Err()
}

func (h *testHub) dialTimes() []time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.dials)
}

func (h *testHub) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// said counts the log lines with message.
func (h *testHub) said(message string) int { return h.log.FilterMessageSnippet(message).Len() }

// start runs a supervisor of devices and returns it with a function that
// stops it and waits.
func (h *testHub) start(o Options, devices ...Device) (s *Supervisor, stop func()) {
	h.t.Helper()
	s, err := NewSupervisor(o)
	if err != nil {
		h.t.Fatal(err)
	}
	s.Apply(devices)
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	})
}

// run starts a supervisor with one device and stops it when the test ends.
func (h *testHub) run(f Feed) *Supervisor {
	s, stop := h.start(h.options(), testDevice(h.t, "lora1", f))
	h.t.Cleanup(stop)
	return s
}

func testDevice(t *testing.T, id string, f Feed) Device {
	t.Helper()
	key, err := NewDeviceKey(fakeKey)
	if err != nil {
		t.Fatal(err)
	}
	return Device{ID: id, Credential: key, Feed: f}
}

// peer is the hub's end of one connection.
type peer struct {
	t    *testing.T
	n    int // of the connection, from 1
	raw  net.Conn
	conn *tls.Conn

	connect *packets.ConnectPacket
}

// read returns the next packet but PINGREQ, which it answers; nil at the end.
func (p *peer) read() packets.ControlPacket {
	for {
		packet, err := packets.ReadPacket(p.conn)
		if err != nil {
			return nil
		}
		if _, ping := packet.(*packets.PingreqPacket); !ping {
			return packet
		}
		p.write(packets.NewControlPacket(packets.Pingresp))
	}
}

// write sends a packet. The client may have gone: that is its right.
func (p *peer) write(packet packets.ControlPacket) {
	if err := packet.Write(p.conn); err != nil && !errors.Is(err, io.ErrClosedPipe) && !errors.Is(err, net.ErrClosed) {
		p.t.Logf("write: %v", err)
	}
}

// messageID returns the value of the last message-id in bag.
func messageID(bag []Property) string {
	var value string
	for _, p := range bag {
		if p.Key == keyMessageID {
			value = p.Value
		}
	}
	return value
}

// accept lets the device in and answers its subscription.
func (p *peer) accept() bool { return p.answer(0) && p.grant(1) }

// hello reads CONNECT, unless it has been read before.
func (p *peer) hello() bool {
	if p.connect == nil {
		p.connect, _ = p.read().(*packets.ConnectPacket)
	}
	return p.connect != nil
}

// answer reads CONNECT and sends CONNACK with code.
func (p *peer) answer(code byte) bool {
	if !p.hello() {
		return false
	}
	ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	ack.ReturnCode = code
	p.write(ack)
	return true
}

// grant reads SUBSCRIBE and sends SUBACK with code.
func (p *peer) grant(code byte) bool {
	subscribe, ok := p.read().(*packets.SubscribePacket)
	if !ok {
		return false
	}
	if want := deviceboundFilter(p.connect.ClientIdentifier); subscribe.Topics[0] != want {
		p.t.Errorf("SUBSCRIBE %q, want %q first", subscribe.Topics, want)
	}
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID, ack.ReturnCodes = subscribe.MessageID, make([]byte, len(subscribe.Topics))
	ack.ReturnCodes[0] = code
	p.write(ack)
	return true
}

// publish reads the next PUBLISH and returns it with its message id.
func (p *peer) publish() (pub *packets.PublishPacket, mid string) {
	pub, ok := p.read().(*packets.PublishPacket)
	if !ok {
		return nil, ""
	}
	_, bag, _ := cutEvents(pub.TopicName)
	properties, err := parseBag(bag)
	if err != nil {
		p.t.Errorf("topic %q: %v", pub.TopicName, err)
	}
	if pub.Dup || pub.Retain || pub.Qos != 1 {
		p.t.Errorf("PUBLISH with %v", pub.FixedHeader)
	}
	return pub, messageID(properties)
}

func (p *peer) ack(id uint16) {
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = id
	p.write(ack)
}

// serve acknowledges every message until the connection ends, and reports
// each message id, and "DISCONNECT".
func (p *peer) serve(report func(string)) {
	for {
		switch packet := p.read().(type) {
		case *packets.PublishPacket:
			_, bag, _ := cutEvents(packet.TopicName)
			properties, _ := parseBag(bag)
			report(messageID(properties))
			p.ack(packet.MessageID)
		case *packets.DisconnectPacket:
			report("DISCONNECT")
			return
		case nil:
			return
		}
	}
}

// linger reads on until the connection ends, saying nothing.
func (p *peer) linger() {
	for p.read() != nil {
	}
}

// journal collects words from many goroutines.
type journal struct {
	mu    sync.Mutex
	words []string
}

func (j *journal) add(word string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.words = append(j.words, word)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.words)
}

// advance lets the time of the bubble go by, which takes none outside.
func advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// send publishes to the device.
func (p *peer) send(topic, body string, qos byte, id uint16, dup bool) {
	pub := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	pub.TopicName, pub.Payload, pub.Qos, pub.MessageID, pub.Dup = topic, []byte(body), qos, id, dup
	p.write(pub)
}

// heard reads one packet and writes it down: "topic body" of a PUBLISH,
// "PUBACK id", "DISCONNECT", or "the end". Telemetry is acknowledged.
func (p *peer) heard() string {
	switch packet := p.read().(type) {
	case *packets.PublishPacket:
		if packet.Qos == 1 {
			p.ack(packet.MessageID)
		}
		return strings.TrimSpace(packet.TopicName + " " + string(packet.Payload))
	case *packets.PubackPacket:
		return fmt.Sprint("PUBACK ", packet.MessageID)
	case *packets.DisconnectPacket:
		return "DISCONNECT"
	case nil:
		return "the end"
	default:
		return packet.String()
	}
}

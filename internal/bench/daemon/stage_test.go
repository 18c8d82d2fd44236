package daemon

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder"
)

// hostname is the emulator's; its certificate is for it.
const hostname = "localhost"

// stage is everything around the daemon.
type stage struct {
	dir      string
	nodes    int
	hub      *hubtest.Hub
	arrivals *arrivals
	air      air
	sent     int // frames
}

// air is a concentrator.
type air interface {
	// hear lets a frame of a device arrive, now.
	hear(device string, phy []byte, n int) error
	// ready is closed when the daemon listens.
	ready() <-chan struct{}
	// table is its configuration.
	table(dir string) string
}

// memory is where a stage with nothing on disk has its files.
const memory = "/dev/shm"

// newStage is a hub with so many devices, and a concentrator. The files are in
// a new directory below parent, or where tests have theirs.
func newStage(b *testing.B, nodes int, parent string) *stage {
	b.Helper()
	if parent != "" {
		b.Setenv("GOTMPDIR", parent) // which TempDir heeds
	}
	s := &stage{dir: b.TempDir(), nodes: nodes, arrivals: newArrivals()}
	var err error
	if s.hub, err = hubtest.New(hubtest.Options{Hostname: hostname, Recorder: s.arrivals.record, Keep: 100}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.hub.Close() })
	for i := range nodes {
		if err := s.hub.AddDevice(deviceID(i), deviceKey(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.hub.Listen("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	return s
}

// config writes the daemon's configuration and returns its path. Nothing that
// the network would have to tell nodes is on: this is about uplinks.
func (s *stage) config(b *testing.B) string {
	b.Helper()
	_, port, err := net.SplitHostPort(s.hub.Addr())
	if err != nil {
		b.Fatal(err)
	}
	codec, err := filepath.Abs("../../../bridge/codec/testdata/bench.js")
	if err != nil {
		b.Fatal(err)
	}
	s.write(b, "ca.pem", s.hub.CAPEM())
	var t strings.Builder
	fmt.Fprintf(&t, "state_dir = %q\n\n[log]\nlevel = \"error\"\n\n[clock]\nrequire_sync = \"never\"\n\n", filepath.Join(s.dir, "state"))
	fmt.Fprintf(&t, "[hub]\nhost = \"%s:%s\"\nca_file = \"ca.pem\"\nconnect_rate = 1000\nconnect_burst = 1000\n\n", hostname, port)
	t.WriteString("[lorawan]\nadr = \"off\"\nstatus_interval = \"0s\"\n\n[status]\nlisten = \"none\"\n\n")
	t.WriteString(s.air.table(s.dir))
	for i := range s.nodes {
		writeNode(&t, i, codec)
	}
	return s.write(b, "gatewayd.toml", []byte(t.String()))
}

func (s *stage) write(b *testing.B, name string, content []byte) string {
	b.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// daemon starts gatewayd and waits until all its parts are connected.
func (s *stage) daemon(b *testing.B, binary string) *process {
	b.Helper()
	p := start(b, exec.Command(binary, "run", "--config", s.config(b)))
	select {
	case <-s.air.ready():
	case <-time.After(time.Minute):
		b.Fatal("the concentrator does not come up")
	}
	if err := s.arrivals.online(s.nodes); err != nil {
		b.Fatalf("connections: %v", err)
	}
	<-time.After(2 * time.Second) // subscriptions and twins
	return p
}

// pico is a PicoCell. A frame counts from when its bytes go over the
// serial line, not from when it reaches the antenna: it waits for a poll.
type pico struct {
	*radiotest.PicoCell

	transcript *transcript
}

func newPico(b *testing.B, s *stage) *pico {
	b.Helper()
	t := &transcript{arrivals: s.arrivals}
	cell, err := radiotest.NewPicoCell(radiotest.PicoCellOptions{Transcript: t})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cell.Close() })
	for name, image := range radiotest.StandInImages() {
		s.write(b, name, image)
	}
	return &pico{PicoCell: cell, transcript: t}
}

func (p *pico) ready() <-chan struct{} { return p.Ready() }

func (p *pico) hear(device string, phy []byte, n int) error {
	p.transcript.expect(device, marker(phy))
	if err := p.Hear(packet(phy, n)); err != nil {
		p.transcript.forget()
		return err
	}
	return nil
}

func (p *pico) table(dir string) string {
	pins := picocell.PinsFor(radiotest.StandInImages())
	return fmt.Sprintf("[[concentrator]]\ntype = \"picocell\"\nport = %q\nregion = \"EU868\"\nfirmware_dir = %q\n\n"+
		"[concentrator.firmware_sha256]\nagc = %q\narb = %q\ncal = %q\ncal5_12 = %q\n", p.Path(), dir,
		pins[picocell.ImageAGC], pins[picocell.ImageARB], pins[picocell.ImageCal], pins[picocell.ImageCal5to12])
}

// udp is a packet forwarder.
type udp struct {
	*forwarder.Forwarder

	arrivals *arrivals
	server   string
	one      bool // one device sends for all: a bridge knows no others
}

// newUDP is a packet forwarder whose server will listen at a free port.
func newUDP(b *testing.B, s *stage) *udp {
	b.Helper()
	l, err := net.ListenPacket("udp", "127.77.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := l.LocalAddr().String()
	_ = l.Close()
	f, err := forwarder.New(forwarder.Options{Server: server, KeepAlive: 20 * time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return &udp{Forwarder: f, arrivals: s.arrivals, server: server}
}

func (u *udp) ready() <-chan struct{} { return u.Ready() }

func (u *udp) hear(device string, phy []byte, n int) error {
	if u.one {
		device = ""
	}
	u.arrivals.send(device)
	return u.Hear(packet(phy, n))
}

func (u *udp) table(string) string {
	return fmt.Sprintf("[[concentrator]]\ntype = \"semtech-udp\"\nregion = \"EU868\"\nlisten = %q\n", u.server)
}

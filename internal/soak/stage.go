package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/simulator"
	"gatewayd/radio/radiotest/forwarder"
)

// hostname is the emulator's; its certificate is for it.
const hostname = "localhost"

// Options of a Stage. All are needed.
type Options struct {
	Dir      string        // for configuration and state
	Nodes    int           // 5 or more, so that one joins
	Interval time.Duration // between two uplinks of a node
	OneIn    int           // so many nodes sends confirmed uplinks
	Seed     uint64        // of every random choice on the air
}

// Stage is everything around the daemon.
type Stage struct {
	Hub     *hubtest.Hub
	Gateway *forwarder.Forwarder
	World   *simulator.World
	Judge   *Judge
	Config  string // path of the daemon's configuration
	State   string // its state directory

	air  *tap
	next *atomic.Uint64 // number of the last payload
}

// NewStage builds the stage. Nothing moves before World.Run.
func NewStage(o Options) (_ *Stage, err error) {
	s := &Stage{
		Judge: NewJudge(), next: &atomic.Uint64{},
		State: filepath.Join(o.Dir, "state"), Config: filepath.Join(o.Dir, "gatewayd.toml"),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	members := cast(o.Nodes, o.OneIn)
	if err := s.startHub(members); err != nil {
		return nil, err
	}
	listen, err := freePort()
	if err != nil {
		return nil, err
	}
	if s.Gateway, err = forwarder.New(forwarder.Options{Server: listen, KeepAlive: 100 * time.Millisecond}); err != nil {
		return nil, err
	}
	s.air = &tap{Forwarder: s.Gateway}
	if s.World, err = newWorld(s.air, members, o, s.next); err != nil {
		return nil, err
	}
	if err := s.writeConfig(o.Dir, listen, members); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stage) startHub(members []member) (err error) {
	if s.Hub, err = hubtest.New(hubtest.Options{Hostname: hostname, Recorder: s.Judge.Record, Keep: 10_000}); err != nil {
		return err
	}
	for _, m := range members {
		if err := s.Hub.AddDevice(Device(m.number), m.deviceKey()); err != nil {
			return err
		}
	}
	return s.Hub.Listen("127.0.0.1:0")
}

func newWorld(air simulator.Air, members []member, o Options, next *atomic.Uint64) (*simulator.World, error) {
	region, err := simulator.US915(2)
	if err != nil {
		return nil, err
	}
	var nodes []simulator.Config
	for _, m := range members {
		c, err := m.onAir(region, o.Interval, next)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, c)
	}
	return simulator.New(air, nodes, simulator.Options{Source: rand.NewPCG(o.Seed, 0)})
}

// writeConfig writes the daemon's configuration and what it refers to.
func (s *Stage) writeConfig(dir, listen string, members []member) error {
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, s.Hub.CAPEM(), 0o600); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.Hub.Addr())
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = %q\n\n[log]\nlevel = \"warn\"\n\n[clock]\nrequire_sync = \"never\"\n\n", s.State)
	fmt.Fprintf(&b, "[hub]\nhost = %q\nca_file = %q\nconnect_rate = 100\nconnect_burst = 100\n\n", net.JoinHostPort(hostname, port), ca)
	// Nothing that the network would have to tell every node first: with
	// hundreds of them its one transmitter would not be heard of again.
	b.WriteString("[lorawan]\nsub_band = 0\nadr = \"off\"\nstatus_interval = \"0s\"\n\n")
	fmt.Fprintf(&b, "[[concentrator]]\ntype = \"semtech-udp\"\nregion = \"US915\"\nlisten = %q\n", listen)
	for _, m := range members {
		m.writeTo(&b)
	}
	return os.WriteFile(s.Config, []byte(b.String()), 0o600)
}

// fresh is the next payload.
func (s *Stage) fresh() []byte { return payload(s.next) }

// Close takes the stage down.
func (s *Stage) Close() error {
	var errs []error
	if s.Gateway != nil {
		errs = append(errs, s.Gateway.Close())
	}
	if s.Hub != nil {
		errs = append(errs, s.Hub.Close())
	}
	return errors.Join(errs...)
}

// freePort is a UDP address that was free a moment ago, one from which nobody
// sends: whoever does might be given the port meanwhile.
func freePort() (string, error) {
	p, err := net.ListenPacket("udp", "127.77.0.1:0")
	if err != nil {
		return "", err
	}
	return p.LocalAddr().String(), p.Close()
}

//go:build browser

package browser

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
	"gatewayd/radio/radiotest/forwarder"
)

// Names that would run a script in a page that takes them for markup. In Go,
// and in TOML, they are only text.
const (
	hostileName = `<img src=x onerror="window.pwned='name'">`
	hostileText = `"><script>window.pwned='text'</script>`
)

// host is the emulated hub's name; its certificate is for it.
const host = "localhost"

// token is the password of the second page.
const token = "only-a-token-of-the-browser-test"

// interval is the time between two uplinks of a node.
const interval = 1500 * time.Millisecond

// member is a node as both sides know it.
type member struct {
	device, name string
	number       byte
	otaa         bool
	confirmed    bool
	// settings are further lines of its table.
	settings string
}

func members() []member {
	return []member{
		{device: "greenhouse", name: "greenhouse", number: 1, settings: "codec = \"cayenne-lpp\"\n"},
		{device: "cellar", name: "cellar", number: 2, confirmed: true},
		{device: "beehive", name: "beehive", number: 3, otaa: true},
		{device: "hostile", name: hostileName, number: 4},
		// Never on the air.
		{device: "mute", name: hostileText, number: 5},
	}
}

// closedMember is the one node of the page with a password.
func closedMember() member { return member{device: "watchman", name: "watchman", number: 9} }

func (m member) deviceKey() string {
	return base64.StdEncoding.EncodeToString([]byte("fake key of " + m.device))
}

func (m member) eui() radio.EUI64 { return radio.EUI64{0x70, 0xb3, 0xd5, 0x7e, 0xd0, 0, 0, m.number} }

// key is a LoRaWAN key in hexadecimal; kind tells those of one node apart.
func (m member) key(kind byte) string {
	return fmt.Sprintf("%02x%02x", kind, m.number) + strings.Repeat("fa", 14)
}

// climate is a Cayenne LPP payload: a temperature and a humidity that move.
func climate(fCnt uint32) []byte {
	t := 180 + 7*fCnt%40
	return []byte{1, 0x67, byte(t >> 8), byte(t), 2, 0x68, byte(90 + fCnt%30), 3, 0x02, 0x01, byte(fCnt)}
}

func (m member) onAir(t *testing.T) simulator.Config {
	t.Helper()
	c := simulator.Config{
		Name: m.device, Region: simulator.EU868(), DataRate: 5, Interval: interval, Confirmed: m.confirmed,
		Payload: climate, RSSI: -70 - float32(7*m.number), SNR: 9 - 3*float32(m.number),
	}
	aes := func(kind byte) secret.AES128 {
		k, err := secret.ParseAES128(m.key(kind))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if m.otaa {
		c.DevEUI, c.AppKey = m.eui(), aes(1)
		return c
	}
	c.DevAddr, c.NwkSKey, c.AppSKey = simulator.DevAddr(0x26010000+uint32(m.number)), aes(2), aes(3)
	return c
}

func (m member) writeTo(b *strings.Builder) {
	fmt.Fprintf(b, "\n[[node]]\nname = %q\ndevice_id = %q\ndevice_key = %q\n%s", m.name, m.device, m.deviceKey(), m.settings)
	if m.otaa {
		fmt.Fprintf(b, "dev_eui = %q\njoin_eui = %q\napp_key = %q\n", m.eui(), radio.EUI64{}, m.key(1))
		return
	}
	fmt.Fprintf(b, "dev_addr = \"%08X\"\nnwk_s_key = %q\napp_s_key = %q\n", 0x26010000+uint32(m.number), m.key(2), m.key(3))
}

// stage is everything around the daemon, and the daemon.
type stage struct {
	hub  *hubtest.Hub
	ca   string // file
	page string // address
}

// newStage has a daemon with nodes on the air, which goes on until the test ends.
func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	s := &stage{ca: filepath.Join(dir, "ca.pem")}
	var err error
	if s.hub, err = hubtest.New(hubtest.Options{Hostname: host}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.hub.Close() })
	for _, m := range append(members(), closedMember()) {
		if err := s.hub.AddDevice(m.device, m.deviceKey()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.hub.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.ca, s.hub.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	wish := `{"gatewayd":{"statusInterval":"1h","class":"Z"}}` // one that can be, and one that cannot
	if _, err := s.hub.SetDesired("greenhouse", []byte(wish)); err != nil {
		t.Fatal(err)
	}
	s.page = s.daemon(t, dir, "", members())

	gateway, err := forwarder.New(forwarder.Options{Server: s.page, KeepAlive: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close() })
	select {
	case <-gateway.Ready():
	case <-time.After(patience):
		t.Fatal("the daemon does not answer the gateway")
	}
	s.broadcast(t, gateway)
	return s
}

// broadcast lets the nodes talk, and a stranger now and then.
func (s *stage) broadcast(t *testing.T, air simulator.Air) {
	t.Helper()
	var nodes []simulator.Config
	for _, m := range members()[:4] {
		nodes = append(nodes, m.onAir(t))
	}
	world, err := simulator.New(air, nodes, simulator.Options{Source: rand.NewPCG(1, 2)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- world.Run(ctx) }()
	go func() { done <- strangers(ctx, world) }()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
}

// strangers sends forged, replayed, cut and foreign frames until ctx ends.
func strangers(ctx context.Context, world *simulator.World) error {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	random := rand.NewPCG(3, 4)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, sent := range world.Sent() {
			if sent.Node != "greenhouse" || sent.Heard == 0 {
				continue
			}
			for _, f := range simulator.Hostile(sent.PHYPayload, random) {
				_ = world.Node("greenhouse").Inject(ctx, f.PHYPayload) // one that nobody hears is no loss
			}
			break
		}
	}
}

// daemon runs one with a page, and returns the page's address. A gateway is
// listened for at the same port, of UDP.
func (s *stage) daemon(t *testing.T, dir, token string, list []member) string {
	t.Helper()
	page, port := freeAddress(t), s.hub.Addr()
	port = port[strings.LastIndexByte(port, ':')+1:]
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = %q\n\n[log]\nlevel = \"warn\"\n\n[clock]\nrequire_sync = \"never\"\n\n", filepath.Join(dir, "state"))
	fmt.Fprintf(&b, "[hub]\nhost = %q\nca_file = %q\n\n", net.JoinHostPort(host, port), s.ca)
	fmt.Fprintf(&b, "[status]\nlisten = %q\n", page)
	if token != "" {
		fmt.Fprintf(&b, "token = %q\n", token)
	}
	fmt.Fprintf(&b, "\n[[concentrator]]\nname = %q\ntype = \"semtech-udp\"\nregion = \"EU868\"\nlisten = %q\n", "roof", page)
	for _, m := range list {
		m.writeTo(&b)
	}
	config := filepath.Join(dir, "gatewayd.toml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, gatewayd, "run", "--config", config)
	await(t, "the page", func() bool {
		c, err := net.Dial("tcp", page)
		return err == nil && c.Close() == nil
	})
	return page
}

// freeAddress is one of this machine's that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

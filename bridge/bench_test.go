package bridge_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/hub"
	"gatewayd/internal/secret"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// clock is a gateway clock that the test sets.
type clock struct {
	now     time.Time
	trusted bool
	boot    string
	up      time.Duration
}

func (c *clock) Now() time.Time                    { return c.now }
func (c *clock) Trusted() (bool, string)           { return c.trusted, "the test says so" }
func (c *clock) BootTime() (string, time.Duration) { return c.boot, c.up }
func (c *clock) WallTime(id string, since time.Duration) (time.Time, bool) {
	return c.now.Add(since - c.up), c.trusted && id == c.boot
}
func (c *clock) pass(d time.Duration) { c.now, c.up = c.now.Add(d), c.up+d }

// transmitter records downlinks and refuses those it is told to.
type transmitter struct {
	sent   []radio.Downlink
	refuse []radio.TxReason // one per call, "" accepts
}

func (x *transmitter) Transmit(d radio.Downlink) error {
	if len(x.refuse) > 0 {
		reason := x.refuse[0]
		x.refuse = x.refuse[1:]
		if reason != "" {
			return &radio.TxError{Reason: reason}
		}
	}
	x.sent = append(x.sent, d)
	return nil
}

// bench is a bridge on a real store with everything around it faked.
type bench struct {
	t           *testing.T
	path        string
	store       *faultyStore
	clock       *clock
	tx          *transmitter
	bridge      *bridge.Bridge
	nodes       []bridge.Node
	region      string
	suspect     bool
	proprietary string
	ticks       radio.Ticks
	logs        *observer.ObservedLogs
}

// faultyStore is the real store, whose commits can be made to fail.
type faultyStore struct {
	*store.Store
	fail    error
	commits int
}

func (s *faultyStore) Commit(b store.Batch) (map[string]int, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	s.commits++
	return s.Store.Commit(b)
}

func newBench(t *testing.T, nodes ...bridge.Node) *bench {
	t.Helper()
	return newBenchIn(t, "EU868", nodes...)
}

func newBenchIn(t *testing.T, region string, nodes ...bridge.Node) *bench {
	t.Helper()
	b := &bench{
		t: t, path: filepath.Join(t.TempDir(), "gatewayd.db"), nodes: nodes, region: region, ticks: 1 << 40,
		clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), trusted: true, boot: "boot-1", up: time.Hour},
	}
	b.start()
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

// start opens the store and builds the bridge on it.
func (b *bench) start() {
	b.t.Helper()
	s, err := store.Open(b.path, store.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.store, b.tx = &faultyStore{Store: s}, &transmitter{}
	core, logs := observer.New(zap.DebugLevel)
	b.logs = logs
	b.bridge, err = bridge.New(bridge.Options{
		Store: b.store, Clock: b.clock, Log: zap.New(core), Network: b.network(b.nodes), Suspect: b.suspect,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// network is what the bridge serves with nodes.
func (b *bench) network(nodes []bridge.Node) bridge.Network {
	return bridge.Network{
		Region: regionOf(b.t, b.region), Nodes: b.inRegion(nodes), Proprietary: b.proprietary,
		Gateways: map[string]bridge.Transmitter{"c0": b.tx, "c1": b.tx},
	}
}

// inRegion are the nodes with what the region proposes for those that ask for
// nothing special.
func (b *bench) inRegion(nodes []bridge.Node) []bridge.Node {
	nodes = slices.Clone(nodes)
	for i := range nodes {
		nodes[i] = inRegion(b.t, b.region, nodes[i])
	}
	return nodes
}

func inRegion(t testing.TB, name string, n bridge.Node) bridge.Node {
	if n.MAC.Region == nil {
		n.MAC = mac.DefaultDesired(regionOf(t, name))
	}
	return n
}

func regionOf(t testing.TB, name string) *region.Region {
	t.Helper()
	r, err := region.New(region.Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// restart is a power cut: nothing is closed in good order but the file.
func (b *bench) restart() {
	b.t.Helper()
	if err := b.store.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.start()
}

// hear hands frames to the bridge in one go and waits until it is done.
func (b *bench) hear(frames ...[]byte) {
	b.t.Helper()
	var ups []radio.Uplink
	for _, f := range frames {
		b.ticks = b.ticks.Add(10 * time.Second)
		b.clock.pass(10 * time.Second)
		ups = append(ups, b.uplink(f))
	}
	b.hearUplinks(ups...)
}

func (b *bench) uplink(frame []byte) radio.Uplink {
	return radio.Uplink{
		Concentrator: "c0", Gateway: radio.EUI64{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
		Payload: frame, Ticks: b.ticks, Received: b.clock.now,
		Frequency: 868_300_000, DataRate: radio.LoRaDataRate(7, 125_000), CodingRate: "4/5", RSSI: -57.5, SNR: 9.25, Channel: 1,
	}
}

func (b *bench) hearUplinks(ups ...radio.Uplink) {
	b.t.Helper()
	up := make(chan radio.Uplink, len(ups))
	for _, u := range ups {
		up <- u
	}
	close(up)
	if err := b.bridge.Run(context.Background(), up, nil); err != nil {
		b.t.Fatal(err)
	}
}

// messages are what waits for the hub, of node.
func (b *bench) messages(n bridge.Node) []hub.Message {
	b.t.Helper()
	m, err := b.bridge.Feed(n).Pending(0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// dropped are the reasons counted, without the zeros.
func (b *bench) dropped() map[bridge.Reason]uint64 {
	got := map[bridge.Reason]uint64{}
	for r, n := range b.bridge.Stats().Dropped {
		if n > 0 {
			got[r] = n
		}
	}
	return got
}

// key is a LoRaWAN key of sixteen equal bytes.
func key(b byte) secret.AES128 {
	var k [16]byte
	for i := range k {
		k[i] = b
	}
	return secret.NewAES128(k)
}

func abp(id string, addr uint32, k byte) bridge.Node {
	return bridge.Node{
		Name: id, DeviceID: id, Version: mac.V1_0_3, Class: bridge.ClassA,
		DevAddr: lorawan.DevAddr{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)},
		NwkSKey: key(k), AppSKey: key(k + 1),
	}
}

func otaa(id string, eui byte) bridge.Node {
	return bridge.Node{
		Name: id, DeviceID: id, OTAA: true, Version: mac.V1_0_3, Class: bridge.ClassA,
		DevEUI: radio.EUI64{0x70, 0xB3, 0xD5, 0x7E, 0xD0, 0, 0, eui}, JoinEUI: radio.EUI64{7}, AppKey: key(eui),
	}
}

// uplinkFrame is what a node with these keys puts on the air.
type uplinkFrame struct {
	confirmed, adrAckReq bool
	ack                  bool
	addr                 lorawan.DevAddr
	nwk, app             secret.AES128
	fCnt                 uint32
	port                 int // -1: none
	payload              string
	fOpts                []byte
}

func frameOf(n bridge.Node, fCnt uint32, payload string) uplinkFrame {
	return uplinkFrame{addr: n.DevAddr, nwk: n.NwkSKey, app: n.AppSKey, fCnt: fCnt, port: 1, payload: payload}
}

func (f uplinkFrame) bytes(t testing.TB) []byte {
	t.Helper()
	mtype := lorawan.UnconfirmedDataUp
	if f.confirmed {
		mtype = lorawan.ConfirmedDataUp
	}
	mac := &lorawan.MACPayload{FHDR: lorawan.FHDR{
		DevAddr: f.addr, FCnt: f.fCnt, FCtrl: lorawan.FCtrl{ADR: f.adrAckReq, ADRACKReq: f.adrAckReq, ACK: f.ack},
	}}
	if len(f.fOpts) > 0 {
		mac.FHDR.FOpts = []lorawan.Payload{&lorawan.DataPayload{Bytes: f.fOpts}}
	}
	if f.port >= 0 {
		port := uint8(f.port)
		mac.FPort = &port
		mac.FRMPayload = []lorawan.Payload{&lorawan.DataPayload{Bytes: []byte(f.payload)}}
	}
	phy := lorawan.PHYPayload{MHDR: lorawan.MHDR{MType: mtype, Major: lorawan.LoRaWANR1}, MACPayload: mac}
	app, nwk := lorawan.AES128Key(f.app.Reveal()), lorawan.AES128Key(f.nwk.Reveal())
	if f.port == 0 {
		app = nwk
	}
	if err := phy.EncryptFRMPayload(app); err != nil {
		t.Fatal(err)
	}
	if err := phy.SetUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, nwk, nwk); err != nil {
		t.Fatal(err)
	}
	raw, err := phy.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func joinRequest(t *testing.T, n bridge.Node, nonce uint16) []byte {
	t.Helper()
	phy := lorawan.PHYPayload{
		MHDR: lorawan.MHDR{MType: lorawan.JoinRequest, Major: lorawan.LoRaWANR1},
		MACPayload: &lorawan.JoinRequestPayload{
			JoinEUI: lorawan.EUI64(n.JoinEUI), DevEUI: lorawan.EUI64(n.DevEUI), DevNonce: lorawan.DevNonce(nonce),
		},
	}
	if err := phy.SetUplinkJoinMIC(lorawan.AES128Key(n.AppKey.Reveal())); err != nil {
		t.Fatal(err)
	}
	raw, err := phy.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

package simulator

import (
	"context"
	"crypto/aes"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/internal/secret"
	"gatewayd/radio/radiotest"
)

// fakeAir is an Air in memory. Its counter follows the time of the synctest
// bubble it was made in.
type fakeAir struct {
	start     time.Time
	base      uint32
	emissions chan radiotest.Emission

	mu      sync.Mutex
	network network
	heard   []radiotest.Packet
}

// network answers the n-th packet heard, counted from 0; an error is why it
// was not heard.
type network func(n int, p radiotest.Packet) ([]radiotest.Emission, error)

// answer puts a network in range; without one there is silence.
func (a *fakeAir) answer(n network) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.network = n
}

func newFakeAir(base uint32) *fakeAir {
	return &fakeAir{start: time.Now(), base: base, emissions: make(chan radiotest.Emission, 16)}
}

func (a *fakeAir) Count() uint32 { return a.base + uint32(time.Since(a.start).Microseconds()) }

func (a *fakeAir) Emissions() <-chan radiotest.Emission { return a.emissions }

func (a *fakeAir) Hear(p radiotest.Packet) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.heard)
	a.heard = append(a.heard, p)
	if a.network == nil {
		return nil
	}
	answers, err := a.network(n, p)
	for _, em := range answers {
		wait := time.Duration(int32(em.Count-a.Count())) * time.Microsecond
		time.AfterFunc(wait, func() { a.emissions <- em })
	}
	return err
}

func (a *fakeAir) packets() []radiotest.Packet {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]radiotest.Packet(nil), a.heard...)
}

// rx1 is a correct emission of phy in RX1 of p, after delay.
func rx1(p radiotest.Packet, delay time.Duration, phy []byte) radiotest.Emission {
	return radiotest.Emission{
		Count: p.Count + uint32(delay.Microseconds()), Frequency: p.Frequency, DataRate: p.DataRate,
		CodingRate: "4/5", InvertIQ: true, Preamble: 8, Payload: phy, Power: 14,
	}
}

// rx2 is a correct emission of phy in RX2 of p in EU868; delay is RX1's.
func rx2(p radiotest.Packet, delay time.Duration, phy []byte) radiotest.Emission {
	em := rx1(p, delay+time.Second, phy)
	em.Frequency, em.DataRate = 869_525_000, EU868().rates[0].DataRate
	return em
}

// The keys and addresses of the nodes in these tests.
const (
	testAddr   = DevAddr(0x26011BDA)
	testNwkKey = "00000000000000000000000000000001"
	testAppKey = "00000000000000000000000000000002"
)

func abp(t testing.TB) Config {
	t.Helper()
	return Config{
		Name: "greenhouse", DevAddr: testAddr, NwkSKey: key(t, testNwkKey), AppSKey: key(t, testAppKey),
		Region: EU868(), DataRate: 5, Transmissions: 3,
	}
}

func otaa(t testing.TB) Config {
	t.Helper()
	return Config{
		Name: "cellar", DevEUI: [8]byte{0x70, 0xB3, 0xD5, 0x7E, 0xD0, 0, 0, 1},
		AppKey: key(t, "000000000000000000000000000000aa"),
		Region: EU868(), DataRate: 5, JoinAttempts: 2,
	}
}

// server is the network's side of a session.
func server(t testing.TB) *session {
	t.Helper()
	return &session{devAddr: testAddr, nwkSKey: key(t, testNwkKey), appSKey: key(t, testAppKey)}
}

// ack is a downlink that acknowledges, with counter fCnt.
func ack(s *session, fCnt uint32) []byte {
	return s.seal(dataFrame{mType: unconfirmedDown, fCtrl: fCtrlACK}, fCnt, nil)
}

// sealJoinAccept does what a network does: it encrypts with AES decryption.
// rxDelay overrides a's, as it was on the air.
func sealJoinAccept(t testing.TB, appKey secret.AES128, a accept, rxDelay *int) []byte {
	t.Helper()
	delay := int(a.rxDelay.Seconds())
	if rxDelay != nil {
		delay = *rxDelay
	}
	b := []byte{byte(joinAccept) << mTypeShift}
	b = append(b, byte(a.joinNonce), byte(a.joinNonce>>8), byte(a.joinNonce>>16))
	b = append(b, byte(a.netID), byte(a.netID>>8), byte(a.netID>>16))
	b = binary.LittleEndian.AppendUint32(b, uint32(a.devAddr))
	b = append(b, a.rx1Offset<<4|a.rx2, byte(delay))
	b = append(b, a.cfList...)
	mac := cmac(appKey, b)
	b = append(b, mac[:micSize]...)
	for rest := b[1:]; len(rest) > 0; rest = rest[aes.BlockSize:] {
		newCipher(appKey).Decrypt(rest, rest)
	}
	return b
}

// inWorld runs body in a synctest bubble beside the Run of a world with
// nodes, and ends both. Its air's counter starts at base.
func inWorld(t *testing.T, base uint32, nodes []Config, body func(t *testing.T, air *fakeAir, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		air := newFakeAir(base)
		w, err := New(air, nodes, Options{Source: rand.NewPCG(1, 2)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		body(t, air, w)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// rules lists the rules that were broken.
func rules(w *World) []Rule {
	var out []Rule
	for _, v := range w.Violations() {
		out = append(out, v.Rule)
	}
	return out
}

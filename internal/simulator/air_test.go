package simulator

import (
	"context"
	"encoding/hex"
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
		Airtime: p.DataRate.LoRaAirtime(len(phy), 8, false),
	}
}

// rx2 is a correct emission of phy in RX2 of p in EU868; delay is RX1's.
func rx2(p radiotest.Packet, delay time.Duration, phy []byte) radiotest.Emission {
	em := rx1(p, delay+time.Second, phy)
	em.Frequency = 869_525_000
	em.DataRate, _ = EU868().Rate(0)
	em.Airtime = em.DataRate.LoRaAirtime(len(phy), 8, false)
	return em
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func key(t testing.TB, s string) secret.AES128 {
	t.Helper()
	k, err := secret.ParseAES128(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// inWorld runs body in a synctest bubble beside the Run of a world with
// nodes, and ends both. Its air's counter starts at base.
func inWorld(t *testing.T, base uint32, nodes []Config, body func(t *testing.T, air *fakeAir, w *World)) {
	t.Helper()
	inWorldWith(t, base, nodes, Options{}, body)
}

// inWorldWith is inWorld with options; their source of randomness is set here.
func inWorldWith(t *testing.T, base uint32, nodes []Config, o Options, body func(t *testing.T, air *fakeAir, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		air := newFakeAir(base)
		o.Source = rand.NewPCG(1, 2)
		w, err := New(air, nodes, o)
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

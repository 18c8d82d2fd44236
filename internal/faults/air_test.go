package faults_test

import (
	"slices"
	"sync"
	"time"

	"gatewayd/internal/simulator"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// air is a concentrator in memory that keeps the time of its bubble: to nodes
// the air, to the bridge a transmitter. It outlives bridges.
type air struct {
	start     time.Time
	emissions chan radiotest.Emission

	mu     sync.Mutex
	up     chan<- radio.Uplink // nil: no bridge is there
	tx     chan<- radio.TxResult
	frames [][]byte // all that was heard by a bridge
	sent   int
}

var _ simulator.Air = (*air)(nil)

func newAir() *air {
	return &air{start: time.Now(), emissions: make(chan radiotest.Emission, 64)}
}

// plug hands everything heard from now on to up.
func (a *air) plug(up chan<- radio.Uplink, tx chan<- radio.TxResult) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.up, a.tx = up, tx
}

func (a *air) ticks() radio.Ticks { return radio.Ticks(time.Since(a.start).Microseconds()) }

// Count is simulator.Air's.
func (a *air) Count() uint32 { return a.ticks().Count() }

// Emissions is simulator.Air's.
func (a *air) Emissions() <-chan radiotest.Emission { return a.emissions }

// Hear is simulator.Air's.
func (a *air) Hear(p radiotest.Packet) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.up == nil {
		return radiotest.ErrNotReceiving
	}
	now := a.ticks()
	at := now.Add(time.Duration(int32(p.Count-now.Count())) * time.Microsecond)
	if p.Count == 0 {
		at = now
	}
	u := radio.Uplink{
		Concentrator: "c0", Payload: slices.Clone(p.Payload), Ticks: at, Received: time.Now().Add(at.Sub(now)),
		Frequency: p.Frequency, DataRate: p.DataRate, CodingRate: p.CodingRate, RSSI: p.RSSI, SNR: p.SNR,
	}
	select {
	case a.up <- u:
		a.frames = append(a.frames, u.Payload)
		return nil
	default:
		return radiotest.ErrDropped
	}
}

// Transmit is bridge.Transmitter's.
func (a *air) Transmit(d radio.Downlink) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := d.At.Sub(a.ticks())
	if wait < 0 || a.tx == nil {
		return &radio.TxError{Reason: radio.TxTooLate}
	}
	a.sent++
	tx := a.tx
	time.AfterFunc(wait, func() {
		a.emissions <- radiotest.Emission{
			Count: a.Count(), Frequency: d.Frequency, DataRate: d.DataRate, CodingRate: "4/5", Power: d.Power, InvertIQ: true,
			Preamble: 8, Payload: d.Payload, Airtime: d.DataRate.LoRaAirtime(len(d.Payload), 8, false),
		}
		tx <- radio.TxResult{Concentrator: "c0", ID: d.ID}
	})
	return nil
}

// transmissions is how many downlinks were accepted so far.
func (a *air) transmissions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sent
}

// recorded are the frames that a bridge has heard.
func (a *air) recorded() [][]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.frames)
}

// inject lets a bridge hear a frame of nobody in particular.
func (a *air) inject(phy []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.ticks()
	select {
	case a.up <- radio.Uplink{
		Concentrator: "c0", Payload: phy, Ticks: now, Received: time.Now(), Frequency: 903_900_000,
		DataRate: radio.LoRaDataRate(7, 125_000), CodingRate: "4/5", RSSI: -90, SNR: 5,
	}:
		return nil
	default:
		return radiotest.ErrDropped
	}
}

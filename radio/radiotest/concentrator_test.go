package radiotest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

// start runs c in the test's bubble until the test ends.
func start(t *testing.T, c *Concentrator) (<-chan radio.Uplink, <-chan radio.TxResult, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	up, tx := make(chan radio.Uplink, 1), make(chan radio.TxResult, 8)
	go func() {
		defer close(tx)
		if err := c.Run(ctx, up, tx); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return up, tx, cancel
}

func downlink(id uint64, at radio.Ticks) radio.Downlink {
	return radio.Downlink{ID: id, Payload: []byte{1, 2, 3}, At: at, Frequency: 868100000, DataRate: radio.LoRaDataRate(7, 125000)}
}

func reason(err error) radio.TxReason {
	if e, ok := errors.AsType[*radio.TxError](err); ok {
		return e.Reason
	}
	return ""
}

func TestConcentratorHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConcentrator("fake", radio.EUI64{1})
		if err := c.Hear(radio.Uplink{}); !errors.Is(err, ErrNotReceiving) {
			t.Errorf("before Run: %v", err)
		}
		up, _, cancel := start(t, c)
		<-time.After(time.Second) // the bubble's time, not the machine's
		if err := c.Hear(radio.Uplink{Payload: []byte{1}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Hear(radio.Uplink{Payload: []byte{2}}); !errors.Is(err, ErrDropped) || c.Dropped() != 1 {
			t.Errorf("full channel: %v, %d dropped", err, c.Dropped())
		}
		want := radio.Uplink{
			Concentrator: "fake", Gateway: radio.EUI64{1}, Payload: []byte{1},
			Ticks: firstTicks.Add(time.Second), Received: time.Now(),
		}
		if diff := cmp.Diff(want, <-up); diff != "" {
			t.Error(diff)
		}
		cancel()
		synctest.Wait()
		if err := c.Hear(radio.Uplink{}); !errors.Is(err, ErrNotReceiving) {
			t.Errorf("after Run: %v", err)
		}
	})
}

func TestConcentratorTransmits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConcentrator("fake", radio.EUI64{})
		if got := reason(c.Transmit(downlink(0, 0))); got != radio.TxNotRunning {
			t.Errorf("before Run: %q", got)
		}
		_, tx, cancel := start(t, c)
		began, at := time.Now(), c.Ticks().Add(time.Second)
		c.FailNext(radio.TxHardware, "on order")
		for id, d := range []radio.Downlink{downlink(0, at.Add(time.Second)), downlink(1, at)} {
			if err := c.Transmit(d); err != nil {
				t.Errorf("downlink %d: %v", id, err)
			}
			if got := <-c.Transmitted(); got.ID != uint64(id) {
				t.Errorf("transmitted %d, want %d", got.ID, id)
			}
		}
		airtime := radio.LoRaDataRate(7, 125000).LoRaAirtime(3, 8, false).Truncate(time.Microsecond)
		if r := <-tx; r.ID != 1 || r.Err != nil || r.Concentrator != "fake" || time.Since(began) != time.Second+airtime {
			t.Errorf("%+v after %v", r, time.Since(began))
		}
		if r := <-tx; r.ID != 0 || reason(r.Err) != radio.TxHardware {
			t.Errorf("%+v, want the failure on order", r)
		}
		if err := c.Transmit(downlink(2, c.Ticks().Add(time.Second))); err != nil {
			t.Error(err)
		}
		cancel()
		if r := <-tx; r.ID != 2 || reason(r.Err) != radio.TxNotRunning {
			t.Errorf("%+v, want not_running", r)
		}
	})
}

func TestConcentratorRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConcentrator("fake", radio.EUI64{})
		_, _, cancel := start(t, c)
		defer cancel()
		c.SetTicks(5000000)
		if err := c.Transmit(downlink(1, 6000000)); err != nil {
			t.Fatal(err)
		}
		empty, immediate := downlink(2, 7000000), downlink(2, 0)
		empty.Payload, immediate.Immediate = nil, true
		for want, d := range map[radio.TxReason]radio.Downlink{
			radio.TxTooLate: downlink(2, 4999999), radio.TxTooEarly: downlink(2, 15000001),
			radio.TxCollision: downlink(2, 6000100), radio.TxSize: empty, "": immediate,
		} {
			if got := reason(c.Transmit(d)); got != want {
				t.Errorf("refused as %q, want %q", got, want)
			}
		}
		c.RefuseNext(radio.TxQueueFull, "on order")
		for _, want := range []radio.TxReason{radio.TxQueueFull, ""} {
			if got := reason(c.Transmit(downlink(3, 8000000))); got != want {
				t.Errorf("refused as %q, want %q", got, want)
			}
		}
	})
}

func TestConcentratorClockInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConcentrator("fake", radio.EUI64{})
		_, tx, cancel := start(t, c)
		defer cancel()
		c.SetTicks(1000000)
		if err := c.Transmit(downlink(1, 2000000)); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
		synctest.Wait()
		if len(tx) != 0 {
			t.Error("a result before the emission was over")
		}
		c.Advance(time.Second)
		if r := <-tx; r.ID != 1 || r.Err != nil || c.Ticks() != 3000000 {
			t.Errorf("%+v at %d", r, c.Ticks())
		}
	})
}

package forwarded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

func TestAirtime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rate radio.DataRate
		size int
		want time.Duration
	}{
		{radio.LoRaDataRate(7, 125_000), 12, 41_216 * time.Microsecond}, // Semtech's LoRa calculator
		{radio.FSKDataRate(50_000), 12, 3680 * time.Microsecond},        // 23 bytes
		{radio.DataRate{Modulation: radio.FSK}, 12, 0},
	} {
		if got := forwarded.Airtime(tt.rate, tt.size); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.rate, got, tt.want)
		}
	}
}

func TestCheckDownlink(t *testing.T) {
	t.Parallel()
	good := radio.Downlink{Payload: []byte{1}, Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}
	for name, tt := range map[string]struct {
		change func(*radio.Downlink)
		want   radio.TxReason
	}{
		"good":              {func(*radio.Downlink) {}, ""},
		"FSK":               {func(d *radio.Downlink) { d.DataRate = radio.FSKDataRate(50_000) }, ""},
		"empty":             {func(d *radio.Downlink) { d.Payload = nil }, radio.TxSize},
		"256 bytes":         {func(d *radio.Downlink) { d.Payload = make([]byte, 256) }, radio.TxSize},
		"LR-FHSS":           {func(d *radio.Downlink) { d.DataRate = radio.LRFHSSDataRate(137_000) }, radio.TxDataRate},
		"no data rate":      {func(d *radio.Downlink) { d.DataRate = radio.DataRate{} }, radio.TxDataRate},
		"spreading factor":  {func(d *radio.Downlink) { d.DataRate.SpreadingFactor = 13 }, radio.TxDataRate},
		"FSK without a bit": {func(d *radio.Downlink) { d.DataRate = radio.FSKDataRate(0) }, radio.TxDataRate},
		"no frequency":      {func(d *radio.Downlink) { d.Frequency = 0 }, radio.TxFrequency},
	} {
		d := good
		tt.change(&d)
		err := forwarded.CheckDownlink(d)
		if te, ok := errors.AsType[*radio.TxError](err); ok != (tt.want != "") || ok && te.Reason != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	var tally forwarded.Tally
	tally.Sent(868_100_000, time.Second)
	tally.Sent(868_100_000, time.Second)
	tally.Refused(forwarded.Refuse(radio.TxTooLate, "%s", "x"))
	tally.Refused(nil)
	got := tally.Clone()
	tally.Refused(forwarded.Refuse(radio.TxTooLate, "%s", "x"))
	want := forwarded.Tally{
		OK: 2, Failed: map[radio.TxReason]uint64{radio.TxTooLate: 1}, Airtime: map[uint32]time.Duration{868_100_000: 2 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
	for hz := range uint32(1000) {
		tally.Sent(hz, time.Second)
	}
	if n := len(tally.Airtime); n > 128 {
		t.Errorf("%d frequencies kept", n)
	}
}

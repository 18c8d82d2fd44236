package radio_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"gatewayd/radio"
)

func TestEUI64(t *testing.T) {
	t.Parallel()
	want := radio.EUI64{0x70, 0xB3, 0xD5, 0x7E, 0xD0, 0, 0, 1}
	for _, s := range []string{"70B3D57ED0000001", "70b3d57ed0000001", "70-B3-D5-7E-D0-00-00-01", "70:b3:d5:7e:d0:00:00:01"} {
		got, err := radio.ParseEUI64(s)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "70B3D57ED000001", "70B3D57ED000000100", "70B3D57ED000000G"} {
		if got, err := radio.ParseEUI64(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
	if want.String() != "70B3D57ED0000001" {
		t.Errorf("printed as %s", want)
	}
	var again radio.EUI64
	if b, _ := want.MarshalText(); again.UnmarshalText(b) != nil || again != want {
		t.Errorf("text round trip gives %v", again)
	}
}

func TestUnroller(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		counts []uint32
		steps  []time.Duration // from the reading before
	}{
		"growing":               {[]uint32{10, 20, 1000}, []time.Duration{10 * time.Microsecond, 980 * time.Microsecond}},
		"wrap":                  {[]uint32{0xffffffff, 0, 1}, []time.Duration{time.Microsecond, time.Microsecond}},
		"out of order":          {[]uint32{5000, 4000, 6000}, []time.Duration{-time.Millisecond, 2 * time.Millisecond}},
		"out of order at wrap":  {[]uint32{5, 0xfffffffb, 10}, []time.Duration{-10 * time.Microsecond, 15 * time.Microsecond}},
		"half a wrap, less one": {[]uint32{0, 0x7fffffff, 0xfffffffe}, []time.Duration{0x7fffffff * time.Microsecond, 0x7fffffff * time.Microsecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var u radio.Unroller
			last := u.Unroll(tt.counts[0])
			for i, c := range tt.counts[1:] {
				next := u.Unroll(c)
				if got := next.Sub(last); got != tt.steps[i] {
					t.Errorf("reading %d: %v after the one before, want %v", i+1, got, tt.steps[i])
				}
				if next.Count() != c || next < 0 {
					t.Errorf("reading %d: %d shows as count %d, want %d", i+1, next, next.Count(), c)
				}
				last = next
			}
		})
	}
}

func TestUnrollerManyWraps(t *testing.T) {
	t.Parallel()
	var u radio.Unroller
	first := u.Unroll(0)
	var count uint32
	const step = 1 << 30
	for range 40 {
		count += step
		u.Unroll(count)
	}
	if got, want := u.Unroll(count).Sub(first), 40*step*time.Microsecond; got != want {
		t.Errorf("%v after ten wraps, want %v", got, want)
	}
}

func TestDataRate(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]radio.DataRate{
		"SF7BW125":   radio.LoRaDataRate(7, 125_000),
		"SF12BW500":  radio.LoRaDataRate(12, 500_000),
		"SF9BW62.5":  radio.LoRaDataRate(9, 62_500),
		"SF5BW203":   radio.LoRaDataRate(5, 203_000),
		"50000":      radio.FSKDataRate(50_000),
		"SF10BW41.7": radio.LoRaDataRate(10, 41_700),
		"M0CW137":    radio.LRFHSSDataRate(137_000),
		"M0CW336":    radio.LRFHSSDataRate(336_000),
		"M0CW1523":   radio.LRFHSSDataRate(1_523_000),
	} {
		got, err := radio.ParseDataRate(s)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
		if got.String() != s {
			t.Errorf("%s is printed as %s", s, got)
		}
	}
	for _, s := range []string{"", "SF4BW125", "SF13BW125", "SF7", "BW125", "SF7BW0", "0", "-1", "sf7bw125", "SF7BW125 ", "M0CW", "M0CW0", "M0CW137 ", "M1CW137", "M0CW15234"} {
		if got, err := radio.ParseDataRate(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
}

// Figures of Semtech's LoRa calculator.
func TestLoRaAirtime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rate radio.DataRate
		size int
		crc  bool
		want time.Duration
	}{
		{radio.LoRaDataRate(7, 125_000), 13, true, 46_336 * time.Microsecond},
		{radio.LoRaDataRate(7, 125_000), 23, true, 61_696 * time.Microsecond},
		{radio.LoRaDataRate(12, 125_000), 13, true, 1_155_072 * time.Microsecond},
		{radio.LoRaDataRate(12, 125_000), 23, true, 1_482_752 * time.Microsecond},
		{radio.LoRaDataRate(8, 500_000), 13, true, 20_608 * time.Microsecond},
		{radio.LoRaDataRate(7, 125_000), 12, false, 41_216 * time.Microsecond},
		{radio.FSKDataRate(50_000), 13, true, 0},
		{radio.LRFHSSDataRate(137_000), 13, true, 0},
	} {
		if got := tt.rate.LoRaAirtime(tt.size, 8, tt.crc); got != tt.want {
			t.Errorf("%v, %d bytes: %v, want %v", tt.rate, tt.size, got, tt.want)
		}
	}
}

func TestTxError(t *testing.T) {
	t.Parallel()
	var err error = &radio.TxError{Reason: radio.TxTooLate, Detail: "12 ms too late"}
	var tx *radio.TxError
	if !errors.As(err, &tx) || tx.Reason != radio.TxTooLate || err.Error() != "transmit: too_late: 12 ms too late" {
		t.Errorf("got %v", err)
	}
	if got := (&radio.TxError{Reason: radio.TxPower}).Error(); got != "transmit: power" {
		t.Errorf("got %q", got)
	}
}

// What parses encodes to the same bytes again, and nothing panics.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x40, 0xf1, 0x7d, 0xbe, 0x49, 0, 2, 0, 1, 0x95, 0x43, 0x78, 0x76, 0x2b, 0x11, 0xff, 0x0d})
	f.Add([]byte{0x00, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 1, 2, 3, 4})
	f.Add([]byte{0x40, 4, 3, 2, 1, 0x83, 0, 0, 2, 3, 5, 0, 1, 2, 3, 4})
	f.Add([]byte{0xe0, 0, 0, 0, 0})
	f.Add([]byte{0xc0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := radio.Decode(b)
		if err != nil {
			return
		}
		again, err := p.MarshalBinary()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x encodes to %x, %v", b, again, err)
		}
	})
}

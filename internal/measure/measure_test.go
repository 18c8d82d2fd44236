package measure

import (
	"testing"
	"time"

	"gatewayd/bridge/codec"
)

func TestAt(t *testing.T) {
	t.Parallel()
	all := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := at(all, q); got != want {
			t.Errorf("at %g: %d, want %d", q, got, want)
		}
	}
}

func TestDecoderDecodes(t *testing.T) {
	t.Parallel()
	c, err := codec.Compile("bench.js", decoder, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.DecodeUplink(t.Context(), payload()); string(got.Data) != `{"temperature_1":27.2,"temperature_2":-4,"analog_3":3.3}` {
		t.Errorf("%s %q", got.Data, got.Errors)
	}
	f, err := Codec(time.Microsecond, "x", c)
	if err != nil || f.Value <= 0 || f.Name != "codec x" {
		t.Errorf("%+v, %v", f, err)
	}
}

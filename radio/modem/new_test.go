package modem

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
)

func goodOptions() Options {
	return Options{Name: "stick", Kind: RN2483, Port: "x", Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, k := range allKinds() {
		o := goodOptions()
		o.Kind = k
		if _, err := New(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Kind = "rn2484" }, `"rn2484" is unknown: want rn2483, rui3, rak811 or lora-e5`},
		{func(o *Options) { o.Port = "" }, "no port"},
		{func(o *Options) { o.Frequency = 0 }, "frequency 0 Hz: the RN2483 knows 433050000 to 434790000 or 863000000 to 870000000 or"},
		{func(o *Options) { o.Frequency = 870_000_001 }, "frequency 870000001 Hz"},
		{func(o *Options) { o.Kind, o.Frequency = RUI3, 960_000_001 }, "the RUI3 module knows 150000000 to 960000000 Hz"},
		{func(o *Options) { o.DataRate = radio.LoRaDataRate(6, 125_000) }, "SF6BW125: the RN2483 knows SF7 to SF12"},
		{func(o *Options) { o.Kind, o.DataRate = RUI3, radio.LoRaDataRate(4, 125_000) }, "knows SF5 to SF12"},
		{func(o *Options) { o.DataRate = radio.LoRaDataRate(13, 125_000) }, "SF13BW125"},
		{func(o *Options) { o.DataRate = radio.LoRaDataRate(7, 62_500) }, "SF7BW62.5: the RN2483 knows BW125, BW250 and BW500"},
		{func(o *Options) { o.DataRate = radio.FSKDataRate(50_000) }, "data rate 50000"},
		{func(o *Options) { o.DataRate = radio.LRFHSSDataRate(137_000) }, "data rate M0CW137"},
		{func(o *Options) { o.DataRate = radio.DataRate{} }, "data rate"},
	} {
		o := goodOptions()
		tt.change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"stick"`) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

// A port that is not there is tried ever less often, and spoken of once.
func TestRunKeepsTrying(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.InfoLevel)
		var tries []time.Time
		o := goodOptions()
		o.Log = zap.New(core)
		o.Open = func(string) (io.ReadWriteCloser, error) {
			tries = append(tries, time.Now())
			if len(tries) > 10 {
				return nil, errors.New("no permission")
			}
			return nil, errors.New("no such port")
		}
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := contextFor(t, 10*time.Minute)
		defer cancel()
		if err := c.Run(ctx, nil, nil); err != nil {
			t.Error(err)
		}
		if n := len(tries); n < 15 || n > 50 {
			t.Errorf("%d tries in 10 minutes", n)
		}
		for i := 1; i < len(tries); i++ {
			if d := tries[i].Sub(tries[i-1]); d < minRetry/2 || d > 3*maxRetry/2 {
				t.Errorf("try %d after %s", i, d)
			}
		}
		if n := logs.Len(); n != 2 {
			t.Errorf("%d messages for two reasons: %v", n, logs.All())
		}
		if st := c.Stats(); st.State != "stopped" || st.LastError != "no permission" {
			t.Errorf("got %+v", st)
		}
	})
}

package picocell

import (
	"context"
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

func TestNewRefuses(t *testing.T) {
	good := Options{Name: "roof", Port: "x", Board: EU868(), LoadImages: func() (Images, error) { return Images{}, nil }}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Board = Board{} }, "radio 0: type 0"},
		{func(o *Options) { o.Port = "" }, "no port"},
		{func(o *Options) { o.LoadImages = nil }, "no source of firmware images"},
		{func(o *Options) { o.PollInterval = -1 }, "poll interval -1ns"},
	}
	for _, tt := range tests {
		o := good
		tt.change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"roof"`) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

func TestTransmitBeforeRun(t *testing.T) {
	c, err := New(Options{Port: "x", Board: EU868(), LoadImages: func() (Images, error) { return Images{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if got := reason(t, c.Transmit(downlink())); got != radio.TxNotRunning {
		t.Errorf("got %q", got)
	}
	if got := c.Stats(); got.TxFailed[radio.TxNotRunning] != 1 || got.State != "not started" {
		t.Errorf("got %+v", got)
	}
}

// A port that is not there is tried ever less often, and spoken of once.
func TestRunKeepsTrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.InfoLevel)
		var tries []time.Time
		reasonNow := "no such port"
		c, err := New(Options{
			Name: "roof", Port: "x", Board: EU868(), Log: zap.New(core),
			LoadImages: func() (Images, error) { return Images{}, nil },
			Open: func(string) (io.ReadWriteCloser, error) {
				tries = append(tries, time.Now())
				if len(tries) > 10 {
					reasonNow = "no permission"
				}
				return nil, errors.New(reasonNow)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := c.Run(ctx, nil, nil); err != nil {
			t.Error(err)
		}
		if n := len(tries); n < 15 || n > 50 {
			t.Errorf("%d tries in 10 minutes", n)
		}
		for i := 1; i < len(tries); i++ {
			low, high := minRetry/2, 3*maxRetry/2
			if d := tries[i].Sub(tries[i-1]); d < low || d > high {
				t.Errorf("try %d after %s", i, d)
			}
		}
		if d := tries[1].Sub(tries[0]); d > 2*time.Second {
			t.Errorf("second try only after %s", d)
		}
		if n := logs.Len(); n != 2 {
			t.Errorf("%d messages for two reasons: %v", n, logs.All())
		}
		if st := c.Stats(); st.State != "stopped" || st.LastError != "no permission" {
			t.Errorf("got %+v", st)
		}
	})
}

func TestMissingImagesLeaveThePortAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{
			Name: "roof", Port: "x", Board: EU868(),
			LoadImages: func() (Images, error) { return LoadImages("/nonexistent", nil) },
			Open: func(string) (io.ReadWriteCloser, error) {
				t.Error("port opened")
				return nil, io.EOF
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := c.Run(ctx, nil, nil); err != nil {
			t.Error(err)
		}
		if got := c.Stats().LastError; !strings.Contains(got, "gatewayd firmware install") {
			t.Errorf("got %q", got)
		}
	})
}

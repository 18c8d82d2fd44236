package picocell_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/internal/serialport"
	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
)

func TestUplinkAndAnswerInRX1(t *testing.T) {
	t.Parallel()
	// The counter wraps soon after the start.
	r := newRig(t, radiotest.PicoCellOptions{StartCount: math.MaxUint32 - 1_200_000}, func(o *picocell.Options) { o.AntennaGain = 2 })
	r.ready(t)
	if err := r.sim.Hear(radiotest.Packet{
		Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -57, SNR: 9.5,
		Payload: []byte("\x40\xf1\x7d\xbe\x49\x00\x02\x00\x01\x95\x43\x78\x76\x2b\x11\xff\x0d"),
	}); err != nil {
		t.Fatal(err)
	}
	heard := time.Now()
	u := r.uplink(t)
	if off := heard.Sub(u.Received); off.Abs() > 50*time.Millisecond {
		t.Errorf("received %s off", off)
	}
	if u.RSSI != -57 || u.SNR != 9.5 || u.CodingRate != "4/5" || len(u.Payload) != 17 {
		t.Errorf("got %+v", u)
	}
	d := radio.Downlink{
		ID: 42, Payload: []byte("hello"), At: u.Ticks.Add(time.Second), Frequency: u.Frequency, DataRate: u.DataRate, Power: 16,
	}
	if err := r.c.Transmit(d); err != nil {
		t.Fatal(err)
	}
	second := d
	second.ID = 43
	if te, ok := errors.AsType[*radio.TxError](r.c.Transmit(second)); !ok || te.Reason != radio.TxCollision {
		t.Errorf("second downlink at the same time: %v", te)
	}
	e := r.emission(t)
	if e.Count != u.Ticks.Count()+1_000_000 {
		t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-1_000_000))
	}
	if e.Ahead < 20*time.Millisecond || e.Ahead > 50*time.Millisecond {
		t.Errorf("sent %s ahead", e.Ahead)
	}
	if e.Frequency != d.Frequency || e.DataRate != d.DataRate || e.Power != 14 || e.RFChain != 0 || !e.InvertIQ || e.CRC ||
		e.Preamble != 8 || e.CodingRate != "4/5" || !bytes.Equal(e.Payload, d.Payload) {
		t.Errorf("emitted %+v", e)
	}
	if res := r.result(t); res != (radio.TxResult{Concentrator: "roof", ID: 42}) {
		t.Errorf("got %+v", res)
	}
	r.hear(t) // it receives again
	st := r.c.Stats()
	if want := map[uint32]time.Duration{868_100_000: e.Airtime}; !cmp.Equal(want, st.Airtime) || st.TxOK != 1 || st.Forwarded != 2 {
		t.Errorf("got %+v", st)
	}
	if ago := time.Since(st.LastSeen); ago > 10*time.Second {
		t.Errorf("last seen %v ago", ago)
	}
	r.end(t)
	if v := r.sim.Violations(); len(v) > 0 {
		t.Errorf("violations of the protocol: %q", v)
	}
}

func TestImmediate(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil)
	r.ready(t)
	d := radio.Downlink{ID: 1, Immediate: true, Payload: []byte("now"), Frequency: 869_525_000, DataRate: radio.LoRaDataRate(9, 125_000), Power: 27}
	start := time.Now()
	if err := r.c.Transmit(d); err != nil {
		t.Fatal(err)
	}
	e := r.emission(t)
	if took := time.Since(start); took > 300*time.Millisecond || e.Power != 20 || e.DataRate != d.DataRate {
		t.Errorf("after %s: %+v", took, e)
	}
	if res := r.result(t); res.ID != 1 || res.Err != nil {
		t.Errorf("got %+v", res)
	}
}

func TestFSK(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil)
	r.ready(t)
	if err := r.sim.Hear(radiotest.Packet{Frequency: 868_800_000, DataRate: radio.FSKDataRate(50_000), RSSI: -70, Payload: []byte{9}}); err != nil {
		t.Fatal(err)
	}
	u := r.uplink(t)
	if u.DataRate != radio.FSKDataRate(50_000) || u.SNR != 0 || u.Channel != 9 {
		t.Errorf("got %+v", u)
	}
	if err := r.c.Transmit(radio.Downlink{At: u.Ticks.Add(time.Second), Payload: []byte("fsk"), Frequency: u.Frequency, DataRate: u.DataRate, Power: 14}); err != nil {
		t.Fatal(err)
	}
	if e := r.emission(t); e.DataRate != u.DataRate || e.Count != u.Ticks.Count()+1_000_000 || !e.CRC {
		t.Errorf("emitted %+v", e)
	}
	if res := r.result(t); res.Err != nil {
		t.Error(res.Err)
	}
}

func TestBadCRCIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil)
	r.ready(t)
	p := radiotest.Packet{Frequency: 868_300_000, DataRate: radio.LoRaDataRate(12, 125_000), Payload: []byte{1}}
	for _, crc := range []radiotest.CRCStatus{radiotest.CRCBad, radiotest.CRCNone} {
		p.CRC = crc
		if err := r.sim.Hear(p); err != nil {
			t.Fatal(err)
		}
	}
	r.hear(t) // the only one to come through
	if st := r.c.Stats(); st.RxCRCBad != 1 || st.RxNoCRC != 1 || st.RxOK != 1 {
		t.Errorf("got %+v", st)
	}
}

func TestUnplugAndReplug(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	r := newRig(t, radiotest.PicoCellOptions{}, func(o *picocell.Options) { o.Log = zap.New(core) })
	r.ready(t)
	r.hear(t)
	u := r.hear(t)
	d := radio.Downlink{ID: 5, At: u.Ticks.Add(5 * time.Second), Payload: []byte("x"), Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}
	if err := r.c.Transmit(d); err != nil {
		t.Fatal(err)
	}
	r.sim.Unplug()
	res := r.result(t)
	if te, ok := errors.AsType[*radio.TxError](res.Err); res.ID != 5 || !ok || te.Reason != radio.TxNotRunning {
		t.Errorf("got %+v", res)
	}
	// Until it has also found the port's name gone.
	r.until(t, func(s picocell.Stats) bool { return strings.Contains(s.LastError, "no such port") })
	if err := r.sim.Replug(); err != nil {
		t.Fatal(err)
	}
	r.until(t, func(s picocell.Stats) bool { return s.BringUps == 2 })
	r.hear(t)
	r.end(t)
	var said []string
	for _, l := range logs.All() {
		said = append(said, l.Message)
	}
	if diff := cmp.Diff([]string{
		"concentrator receives", "concentrator is down; trying again", "concentrator is back and receives",
	}, said); diff != "" {
		t.Error(diff)
	}
	if v := r.sim.Violations(); len(v) > 0 {
		t.Errorf("violations of the protocol: %q", v)
	}
}

// A port may be named by its USB serial number, wherever it is plugged in.
func TestPortByUSBSerial(t *testing.T) {
	t.Parallel()
	var device atomic.Value
	r := newRig(t, radiotest.PicoCellOptions{}, func(o *picocell.Options) {
		device.Store(o.Port)
		o.Port, o.Ports = "usb:3EA5F0C2B81C", func() ([]serialport.Port, error) {
			return []serialport.Port{{Device: "/dev/ttyUSB9"}, {Device: device.Load().(string), Serial: "3EA5F0C2B81C"}}, nil
		}
	})
	r.ready(t)
	r.hear(t)
	device.Store("/nonexistent")
	r.sim.Unplug()
	r.until(t, func(s picocell.Stats) bool { return strings.Contains(s.LastError, "no such port") })
}

func TestWireFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault radiotest.Fault
	}{
		{"torn", radiotest.TornAnswer(3).On('b')},
		{"absent", radiotest.AbsentAnswer().On('b')},
		{"garbage before", radiotest.GarbageBefore(0xFF, 0x00, 'b').On('b')},
		{"garbage inside", radiotest.GarbageInside(0, 'z').On('b')},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, radiotest.PicoCellOptions{}, nil)
			r.ready(t)
			r.sim.Inject(tt.fault)
			r.until(t, func(s picocell.Stats) bool { return s.Resyncs == 1 })
			r.hear(t)
			if st := r.c.Stats(); st.BringUps != 1 {
				t.Errorf("%d bring-ups", st.BringUps)
			}
		})
	}
}

func TestSilentWhileReceiving(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, nil)
	r.ready(t)
	r.sim.Inject(radiotest.AbsentAnswer().Times(radiotest.Always))
	r.until(t, func(s picocell.Stats) bool { return s.Resyncs == 1 })
	start := time.Now()
	r.end(t)
	if took := time.Since(start); took > time.Second {
		t.Errorf("stopping took %s", took)
	}
}

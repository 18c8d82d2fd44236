package concentratord_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
	"gatewayd/radio/concentratord"
	"gatewayd/radio/radiotest"
	sim "gatewayd/radio/radiotest/concentratord"
)

const patience = 10 * time.Second

// rig is a driver at work on a simulated Concentratord.
type rig struct {
	c    *concentratord.Concentrator
	sim  *sim.Concentratord
	up   chan radio.Uplink
	tx   chan radio.TxResult
	logs *observer.ObservedLogs
	said chan string // the same, as they come
}

func newRig(t *testing.T, o sim.Options) *rig {
	t.Helper()
	s, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, v := range s.Violations() {
			t.Errorf("Concentratord: %s", v)
		}
	})
	events, commands := s.URLs()
	r := start(t, concentratord.Options{Name: "hat", EventURL: events, CommandURL: commands})
	r.sim = s
	wait(t, s.Ready())
	return r
}

func start(t *testing.T, o concentratord.Options) *rig {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	said := make(chan string, 64)
	o.Log = zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		said <- e.Message
		return nil
	}))
	c, err := concentratord.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{c: c, up: make(chan radio.Uplink, 64), tx: make(chan radio.TxResult, 64), logs: logs, said: said}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, r.up, r.tx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(time.Second):
			t.Error("does not stop")
		}
	})
	return r
}

func wait[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// until waits for a line of the log.
func (r *rig) until(t *testing.T, message string) {
	t.Helper()
	for wait(t, r.said) != message {
	}
}

func packet() radiotest.Packet {
	return radiotest.Packet{
		Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -57, SNR: 9.5,
		Payload: []byte("\x40\xf1\x7d\xbe\x49\x00\x02\x00\x01\x95\x43\x78\x76\x2b\x11\xff\x0d"),
	}
}

func (r *rig) hear(t *testing.T) radio.Uplink {
	t.Helper()
	if err := r.sim.Hear(packet()); err != nil {
		t.Fatal(err)
	}
	return wait(t, r.up)
}

// transmit puts d on the schedule as soon as the driver is connected.
func (r *rig) transmit(t *testing.T, d radio.Downlink) {
	t.Helper()
	if err := r.c.Transmit(d); err != nil {
		t.Fatal(err)
	}
}

func downlink(u radio.Uplink, id uint64, delay time.Duration) radio.Downlink {
	return radio.Downlink{
		ID: id, Gateway: u.Gateway, Payload: []byte("hello"), At: u.Ticks.Add(delay), Frequency: u.Frequency, DataRate: u.DataRate, Power: 16,
	}
}

// freePort is a TCP port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "tcp://" + l.Addr().String()
}

func TestUplinkAndAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]sim.Options{
		"4.5":        {StartCount: math.MaxUint32 - 300_000}, // wraps soon
		"before 4.5": {Before45: true},
		"tcp":        {EventURL: freePort(t), CommandURL: freePort(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, o)
			u := r.hear(t)
			if u.RSSI != -57 || u.SNR != 9.5 || u.CodingRate != "4/5" || len(u.Payload) != 17 || u.Gateway != r.sim.Gateway() ||
				u.Concentrator != "hat" || u.Channel != 3 || u.RFChain != 1 {
				t.Errorf("got %+v", u)
			}
			if off := time.Since(u.Received); off < 0 || off > time.Second {
				t.Errorf("received %s ago", off)
			}
			d := downlink(u, 42, time.Second)
			r.transmit(t, d)
			e := wait(t, r.sim.Emissions())
			if e.Count != u.Ticks.Count()+1_000_000 {
				t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-1_000_000))
			}
			if e.Frequency != d.Frequency || e.DataRate != d.DataRate || e.Power != 16 || !e.InvertIQ || e.CRC || e.Preamble != 8 ||
				e.CodingRate != "4/5" || !bytes.Equal(e.Payload, d.Payload) {
				t.Errorf("emitted %+v", e)
			}
			if res := wait(t, r.tx); res != (radio.TxResult{Concentrator: "hat", ID: 42}) {
				t.Errorf("got %+v", res)
			}
			if s := r.c.Stats(); s.RxOK != 1 || s.Forwarded != 1 || s.Tx.OK != 1 || s.Connects != 1 || s.State != "receiving" {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// The context of a relay's frame comes back with the answer, unchanged.
func TestRelay(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{Context: []byte("relay 7")})
	u := r.hear(t)
	r.transmit(t, downlink(u, 1, time.Second))
	wait(t, r.sim.Emissions())
	if res := wait(t, r.tx); res.Err != nil {
		t.Error(res.Err)
	}
}

func TestRefusedThenRX2(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.sim.Refuse(6)
	u := r.hear(t)
	r.transmit(t, downlink(u, 1, time.Second))
	if te, ok := errors.AsType[*radio.TxError](wait(t, r.tx).Err); !ok || te.Reason != radio.TxFrequency {
		t.Errorf("got %v", te)
	}
	r.transmit(t, downlink(u, 2, 2*time.Second))
	r.transmit(t, downlink(u, 3, 2*time.Second+10*time.Millisecond)) // Concentratord sees the collision
	if res := wait(t, r.tx); res.ID != 2 || res.Err != nil {
		t.Errorf("got %+v", res)
	}
	if te, ok := errors.AsType[*radio.TxError](wait(t, r.tx).Err); !ok || te.Reason != radio.TxCollision {
		t.Errorf("got %v", te)
	}
	if e := wait(t, r.sim.Emissions()); e.Count != u.Ticks.Count()+2_000_000 {
		t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-2_000_000))
	}
}

func TestImmediateFSK(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	d := radio.Downlink{ID: 1, Immediate: true, Payload: []byte{1, 2}, Frequency: 868_800_000, DataRate: radio.FSKDataRate(50_000), Power: -3}
	r.hear(t) // then it is connected
	r.transmit(t, d)
	if e := wait(t, r.sim.Emissions()); e.DataRate != d.DataRate || !e.CRC || e.InvertIQ || e.Power != -3 {
		t.Errorf("emitted %+v", e)
	}
	if res := wait(t, r.tx); res.Err != nil {
		t.Error(res.Err)
	}
}

func TestEventsThatDoNotCount(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	for _, crc := range []radiotest.CRCStatus{radiotest.CRCBad, radiotest.CRCNone} {
		p := packet()
		p.CRC = crc
		if err := r.sim.Hear(p); err != nil {
			t.Fatal(err)
		}
	}
	r.sim.Report()
	r.sim.Publish([]byte("\x0a\x01\x40\x12\x02\x08\x01")) // version 3
	r.sim.Publish([]byte("\xff"))
	r.hear(t)
	s := r.c.Stats()
	if s.RxCRCBad != 1 || s.RxNoCRC != 1 || s.Malformed != 2 || s.RxOK != 1 ||
		s.ReportReceived != 4 || s.ReportCRCOK != 3 || s.ReportDownlinks != 2 || s.ReportEmitted != 1 {
		t.Errorf("got %+v", s)
	}
	lines := r.logs.FilterMessageSnippet("makes no sense").All()
	if len(lines) != 1 || !strings.Contains(lines[0].ContextMap()["error"].(string), "version 4") {
		t.Errorf("log: %v", lines)
	}
}

// Concentratord ends and comes back: one line each, a new time, and it works.
func TestRestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{StartCount: 7_000_000})
	before := r.hear(t)
	if err := r.sim.Restart(7_000_000); err != nil {
		t.Fatal(err)
	}
	wait(t, r.sim.Ready())
	u := r.hear(t)
	if u.Ticks <= before.Ticks {
		t.Errorf("time went from %d to %d", before.Ticks, u.Ticks)
	}
	r.transmit(t, downlink(u, 1, 300*time.Millisecond))
	if e := wait(t, r.sim.Emissions()); e.Count != u.Ticks.Count()+300_000 {
		t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-300_000))
	}
	if res := wait(t, r.tx); res.Err != nil {
		t.Error(res.Err)
	}
	var got []string
	for _, l := range r.logs.All() {
		got = append(got, l.Message)
	}
	want := "concentrator receives, concentrator is down; trying again, concentrator is back and receives"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("log: %s", s)
	}
	if s := r.c.Stats(); s.Restarts != 1 || s.Connects != 2 {
		t.Errorf("got %+v", s)
	}
}

// A Concentratord that falls silent gives one result, and is left for a new
// connection.
func TestFallsSilent(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	u := r.hear(t)
	r.sim.FallSilent(1)
	r.transmit(t, downlink(u, 1, 5*time.Second))
	if te, ok := errors.AsType[*radio.TxError](wait(t, r.tx).Err); !ok || te.Reason != radio.TxHardware {
		t.Errorf("got %v", te)
	}
	r.until(t, "concentrator is back and receives")
	r.hear(t)
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	dir := "ipc://" + t.TempDir()
	r := start(t, concentratord.Options{Name: "hat", EventURL: dir + "/event", CommandURL: dir + "/command"})
	r.until(t, "concentrator is down; trying again")
	if s := r.c.Stats(); !strings.Contains(s.LastError, dir) || !strings.Contains(s.LastError, "nobody listens") {
		t.Errorf("last error %q", s.LastError)
	}
	if te, ok := errors.AsType[*radio.TxError](r.c.Transmit(radio.Downlink{
		Immediate: true, Payload: []byte{1}, Frequency: 1, DataRate: radio.FSKDataRate(50_000),
	})); !ok || te.Reason != radio.TxNotRunning {
		t.Errorf("got %v", te)
	}
	if n := r.logs.Len(); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// What is behind the URL is not Concentratord: no crash, no memory gone.
func TestStranger(t *testing.T) {
	t.Parallel()
	greeting := append([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'N', 'U', 'L', 'L'}, make([]byte, 48)...)
	for name, talk := range map[string]string{
		"HTTP":                    "HTTP/1.1 400 Bad Request\r\n\r\n" + strings.Repeat("x", 64),
		"metadata cut off":        string(greeting) + "\x04\x08\x05READY\x01x",
		"name longer than all":    string(greeting) + "\x04\x0a\x05READY\x03xyz",
		"endless frame":           string(greeting) + "\x06\xff\xff\xff\xff\xff\xff\xff\xff",
		"wrong kind of socket":    string(greeting) + "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUSH"[:28],
		"closes after greeting":   string(greeting),
		"closes without a word":   "",
		"greeting of version 2":   "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01" + strings.Repeat("\x00", 53),
		"other mechanism (PLAIN)": strings.Replace(string(greeting), "NULL\x00", "PLAIN", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "event")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Write([]byte(talk))
				_ = conn.Close()
			}()
			r := start(t, concentratord.Options{Name: "hat", EventURL: "ipc://" + path, CommandURL: "ipc://" + path + "2"})
			r.until(t, "concentrator is down; trying again")
			if !strings.Contains(r.c.Stats().LastError, path) {
				t.Errorf("last error %q", r.c.Stats().LastError)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, o := range []concentratord.Options{
		{Name: "hat", EventURL: "/tmp/event"},
		{Name: "hat", CommandURL: "tcp://127.0.0.1"},
		{Name: "hat", EventURL: "ipc://"},
		{Name: "hat", EventURL: "ipc:///a", CommandURL: "ipc:///a"},
	} {
		if _, err := concentratord.New(o); err == nil || !strings.Contains(err.Error(), `"hat"`) || !strings.Contains(err.Error(), "_url") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	c, err := concentratord.New(concentratord.Options{Name: "hat"})
	if err != nil || c.String() != "hat" || c.Stats().State != "not started" {
		t.Errorf("%v, %v", c, err)
	}
}

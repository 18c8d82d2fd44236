package picocell

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/radio"
)

func TestSendIsJustInTime(t *testing.T) {
	for _, slow := range []time.Duration{0, 2 * time.Millisecond, 7 * time.Millisecond} {
		t.Run(slow.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice()
				d.slow = slow
				c, s := atWork(t, d)
				stop, _ := begin(t, s)
				defer stop()
				dl := at(s, 7, time.Second)
				if err := c.Transmit(dl); err != nil {
					t.Fatal(err)
				}
				if r := result(t, s); r.ID != 7 || r.Err != nil || r.Concentrator != "roof" {
					t.Fatalf("got %+v", r)
				}
				sends := d.commands(cmdSend)
				if len(sends) != 1 {
					t.Fatalf("%d sends", len(sends))
				}
				count := binary.LittleEndian.Uint32(sends[0].c[12:])
				if count != dl.At.Count() {
					t.Errorf("count %d, want %d", count, dl.At.Count())
				}
				ahead := time.Duration(int32(count-d.count(sends[0].at))) * time.Microsecond
				if ahead < 30*time.Millisecond || ahead > 50*time.Millisecond {
					t.Errorf("sent %s ahead", ahead)
				}
				for _, p := range d.commands(cmdReceive) {
					if gap := sends[0].at.Sub(p.at); gap > 0 && gap < slow {
						t.Errorf("poll under way %s before the send", gap)
					}
				}
			})
		})
	}
}

// What the device has heard by then is fetched before each send: it is gone
// afterwards.
func TestFetchesBeforeEachSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		c, s := atWork(t, d)
		begin(t, s)
		for id := range uint64(5) {
			if err := c.Transmit(at(s, id, time.Second+time.Duration(id)*307*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			result(t, s)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		for i, e := range d.log {
			if e.id == cmdSend && d.log[i-1].id != cmdReceive {
				t.Errorf("command %q comes before the send", d.log[i-1].id)
			}
		}
	})
}

func TestSendsBothOfTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		c, s := atWork(t, d)
		begin(t, s)
		for id, in := range map[uint64]time.Duration{1: 5 * time.Second, 2: 6 * time.Second} {
			if err := c.Transmit(at(s, id, in)); err != nil {
				t.Fatal(err)
			}
		}
		soon := at(s, 3, 0)
		soon.Immediate = true
		if err := c.Transmit(soon); err != nil {
			t.Fatal(err)
		}
		for _, want := range []uint64{3, 1, 2} {
			if r := result(t, s); r.ID != want || r.Err != nil {
				t.Errorf("got %+v, want %d", r, want)
			}
		}
		if got := c.Stats().TxOK; got != 3 {
			t.Errorf("counted %d", got)
		}
	})
}

func TestSendThatTheDeviceSpoils(t *testing.T) {
	tests := []struct {
		name   string
		answer func() []byte
		ends   string // what ends the session, "" if it goes on
		reason radio.TxReason
	}{
		{"KO", func() []byte { return []byte{'f', 0, 0, 0} }, "restart after an emission", radio.TxHardware},
		{"silence", func() []byte { return nil }, "", radio.TxHardware},
		{"garbage", func() []byte { return []byte("zz") }, "", radio.TxHardware},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice()
				d.answers[cmdSend] = tt.answer
				c, s := atWork(t, d)
				_, ended := begin(t, s)
				if err := c.Transmit(at(s, 1, time.Second)); err != nil {
					t.Fatal(err)
				}
				if got := reason(t, result(t, s).Err); got != tt.reason {
					t.Errorf("got %q", got)
				}
				if tt.ends != "" {
					if err := <-ended; err == nil || !strings.Contains(err.Error(), tt.ends) {
						t.Errorf("ended with %v, want %q", err, tt.ends)
					}
					return
				}
				before := len(d.commands(cmdReceive))
				<-time.After(2 * time.Second)
				if len(d.commands(cmdReceive)) <= before {
					t.Error("does not receive any more")
				}
			})
		})
	}
}

func TestLateBecauseTheDeviceWasBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		d.answers[cmdSend] = func() []byte { return nil } // 13 s of silence
		c, s := atWork(t, d)
		begin(t, s)
		for id, in := range map[uint64]time.Duration{1: time.Second, 2: 3 * time.Second} {
			if err := c.Transmit(at(s, id, in)); err != nil {
				t.Fatal(err)
			}
		}
		if got := reason(t, result(t, s).Err); got != radio.TxHardware {
			t.Errorf("first: %q", got)
		}
		if r := result(t, s); r.ID != 2 || reason(t, r.Err) != radio.TxTooLate {
			t.Errorf("second: %+v", r)
		}
		if n := len(d.commands(cmdSend)); n != 1 {
			t.Errorf("%d sends, the second was too late", n)
		}
	})
}

func TestStopReportsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		c, s := atWork(t, d)
		stop, ended := begin(t, s)
		for id := range uint64(3) {
			if err := c.Transmit(at(s, id, time.Duration(id+2)*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %s", took)
		}
		for id := range uint64(3) {
			if r := result(t, s); r.ID != id || reason(t, r.Err) != radio.TxNotRunning {
				t.Errorf("got %+v", r)
			}
		}
		if got := reason(t, c.Transmit(at(s, 9, time.Second))); got != radio.TxNotRunning {
			t.Errorf("after the end: %q", got)
		}
		if len(s.tx) != 0 {
			t.Error("more than one result for one downlink")
		}
		last := d.log[len(d.log)-2:]
		if !bytes.Equal(last[0].c, []byte{'w', 0, 1, 0, 0x80}) || !bytes.Equal(last[1].c, []byte{'m', 0, 0, 0}) {
			t.Errorf("left with %x, %x", last[0].c, last[1].c)
		}
		if got := c.Stats().TxFailed[radio.TxNotRunning]; got != 4 {
			t.Errorf("counted %d", got)
		}
	})
}

// Stopping while a frame is on the air does not wait for it, and says so.
func TestStopDuringSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		d.answers[cmdSend] = func() []byte { return nil }
		c, s := atWork(t, d)
		stop, ended := begin(t, s)
		if err := c.Transmit(at(s, 1, 100*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		<-time.After(200 * time.Millisecond)
		start := time.Now()
		stop()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "stopped before the answer") {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %s", took)
		}
		if got := reason(t, result(t, s).Err); got != radio.TxHardware {
			t.Errorf("got %q", got)
		}
		if n := len(d.commands(cmdResetMCU)); n != 0 {
			t.Error("talked to a device that was silent")
		}
	})
}

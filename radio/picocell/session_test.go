package picocell

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/radio"
)

// begin runs the session until the test ends or stop is called; ended gets
// its error.
func begin(t *testing.T, s *bench) (stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.serve(ctx)
		s.giveBack()
		s.stopOn(ctx, err)
		done <- err
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return cancel, done
}

// at is a downlink that starts d from now.
func at(s *bench, id uint64, d time.Duration) radio.Downlink {
	dl := downlink()
	s.c.desk.mu.Lock()
	defer s.c.desk.mu.Unlock()
	dl.ID, dl.At = id, s.c.desk.anchor.ticksAt(time.Now().Add(d))
	return dl
}

// result waits for the next result.
func result(t *testing.T, s *bench) radio.TxResult {
	t.Helper()
	select {
	case r := <-s.tx:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no result")
		return radio.TxResult{}
	}
}

func TestPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		c, s := atWork(t, d)
		begin(t, s)
		<-time.After(995 * time.Millisecond)
		if n := len(d.commands(cmdReceive)); n != 50 {
			t.Errorf("%d polls in a second, want 50", n)
		}
		if n := len(d.commands(cmdCounter)); n != 1 {
			t.Errorf("%d readings of the counter in a second", n)
		}
		<-time.After(10 * time.Second)
		if n := len(d.commands(cmdCounter)); n < 2 {
			t.Errorf("%d readings of the counter in 11 s", n)
		}
		d.mu.Lock()
		for range 2 {
			d.heard = append(d.heard, packetAnswer(16, crcOK, d.count(time.Now())))
		}
		d.heard = append(d.heard, packetAnswer(1, crcOK, d.count(time.Now())))
		before := len(d.log)
		d.mu.Unlock()
		<-time.After(20 * time.Millisecond)
		d.mu.Lock()
		polls := d.log[before:]
		d.mu.Unlock()
		if len(polls) < 3 || !polls[2].at.Equal(polls[0].at) {
			t.Errorf("a full answer was not followed by another poll at once: %d polls", len(polls))
		}
		st := c.Stats()
		if st.RxOK != 33 || st.RxDropped != 13 || len(s.up) != 20 {
			t.Errorf("got %+v, %d in the channel of 20", st, len(s.up))
		}
	})
}

func TestReceivesGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		d.offset = 0x3480E2 // the first golden packet ends now
		_, s := atWork(t, d)
		d.heard = [][]byte{unhex(t, "62006e01"+goldenPackets)}
		start := time.Now()
		begin(t, s)
		u := <-s.up
		if u.Concentrator != "roof" || u.Frequency != 868_100_000 || u.DataRate != radio.LoRaDataRate(7, 125_000) ||
			u.CodingRate != "4/5" || u.RSSI != -57 || u.SNR != 9.5 || u.Channel != 0 || u.RFChain != 1 ||
			!bytes.Equal(u.Payload, unhex(t, "40f17dbe4900020001954378762b11ff0d")) {
			t.Errorf("got %+v", u)
		}
		if u.Ticks.Count() != 0x3480E2 || !u.Received.Equal(start) {
			t.Errorf("ticks %x, received %s after the start", u.Ticks.Count(), u.Received.Sub(start))
		}
		second := <-s.up
		if got := u.Ticks.Sub(second.Ticks); got != 0x690E*time.Microsecond || u.Received.Sub(second.Received) != got {
			t.Errorf("second packet %s earlier", got)
		}
	})
}

func TestWhatIsNotDelivered(t *testing.T) {
	lie := packetAnswer(2, crcOK, 0xFFFF_0000)
	lie[headerSize] = 3
	noRate := packetAnswer(1, crcOK, 0xFFFF_0000)
	noRate[headerSize+1+16] = 0
	tests := []struct {
		name      string
		answer    []byte
		delivered uint64
		count     func(Stats) uint64
	}{
		{"CRC bad", packetAnswer(2, crcBad, 0xFFFF_0000), 0, func(s Stats) uint64 { return s.RxCRCBad - 1 }},
		{"no CRC", packetAnswer(1, crcNo, 0xFFFF_0000), 0, func(s Stats) uint64 { return s.RxNoCRC }},
		{"unknown status", packetAnswer(1, 0, 0xFFFF_0000), 0, func(s Stats) uint64 { return s.Malformed }},
		{"no data rate", noRate, 0, func(s Stats) uint64 { return s.Malformed }},
		{"impossible time", packetAnswer(1, crcOK, 0x7FFF_0000), 0, func(s Stats) uint64 { return s.Malformed }},
		{"count that lies", lie, 2, func(s Stats) uint64 { return s.Malformed }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice()
				c, s := atWork(t, d)
				d.heard = [][]byte{tt.answer}
				begin(t, s)
				<-time.After(50 * time.Millisecond)
				st := c.Stats()
				if tt.count(st) != 1 || st.RxOK != tt.delivered || uint64(len(s.up)) != tt.delivered || st.Resyncs != 0 {
					t.Errorf("got %+v", st)
				}
			})
		})
	}
}

func TestFaultsWhileReceiving(t *testing.T) {
	once := func(answer []byte) func() []byte {
		n := 0
		return func() []byte {
			if n++; n == 5 {
				return answer
			}
			return []byte{'b', 0, 1, 1, 0}
		}
	}
	always := func(answer []byte) func() []byte { return func() []byte { return answer } }
	tests := []struct {
		name   string
		answer func() []byte
		ends   string
	}{
		{"one torn answer", once([]byte{'b', 0, 9}), ""},
		{"one absent answer", once(nil), ""},
		{"garbage once", once([]byte("\x00\xff\x00")), ""},
		{"KO", once([]byte{'b', 0, 1, 0, 0xFF}), "device refused command 'b'"},
		{"garbage always", always([]byte("\x00\xff\x00")), "6 faults on the line within 30s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice()
				d.answers[cmdReceive] = tt.answer
				c, s := atWork(t, d)
				_, ended := begin(t, s)
				if tt.ends != "" {
					if err := <-ended; err == nil || !strings.Contains(err.Error(), tt.ends) {
						t.Errorf("ended with %v, want %q", err, tt.ends)
					}
					return
				}
				<-time.After(5 * time.Second)
				if st := c.Stats(); st.Resyncs != 1 {
					t.Errorf("%d resyncs", st.Resyncs)
				}
				if n := len(d.commands(cmdReceive)); n < 100 {
					t.Errorf("%d polls: it did not go on", n)
				}
			})
		})
	}
}

func TestCounterThatJumpsEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice()
		_, s := atWork(t, d)
		_, ended := begin(t, s)
		d.mu.Lock()
		d.offset -= 30_000_000
		d.mu.Unlock()
		if err := <-ended; !errors.Is(err, errCounterJump) {
			t.Errorf("ended with %v", err)
		}
	})
}

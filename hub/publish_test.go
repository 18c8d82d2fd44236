package hub

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
)

func ids(from, to int) []string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("m%d", i))
	}
	return all
}

func seqs(from, to uint64) []uint64 {
	var all []uint64
	for i := from; i <= to; i++ {
		all = append(all, i)
	}
	return all
}

func TestPublishInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		f := newFeed(ids(1, 40)...)
		s := h.run(f)
		synctest.Wait()
		f.add(ids(41, 45)...)
		synctest.Wait()
		if diff := cmp.Diff(ids(1, 45), got.all()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(seqs(1, 45), f.doneSeqs()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		status := s.Status()[0]
		if status.State != StateConnected || status.LastPubAck.IsZero() || !status.TokenExpires.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("status %+v", status)
		}
	})
}

// No more than 16 messages wait for their PUBACK.
func TestInFlightLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		release := make(chan struct{})
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			go func() {
				<-release
				p.ack(2) // the SUBSCRIBE took packet id 1
			}()
			for pub, id := p.publish(); pub != nil; pub, id = p.publish() {
				got.add(id)
			}
		})
		h.run(newFeed(ids(1, 40)...))
		synctest.Wait()
		if diff := cmp.Diff(ids(1, 16), got.all()); diff != "" {
			t.Errorf("before the PUBACK (-want +got):\n%s", diff)
		}
		close(release)
		synctest.Wait()
		if diff := cmp.Diff(ids(1, 17), got.all()); diff != "" {
			t.Errorf("after the PUBACK (-want +got):\n%s", diff)
		}
	})
}

// After a connection is lost, all that was not acknowledged is sent again, in
// order and with the same ids.
func TestResendAfterLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first, second journal
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			if p.n > 1 {
				p.serve(second.add)
				return
			}
			for range 5 {
				pub, id := p.publish()
				first.add(id)
				if id == "m1" || id == "m3" {
					p.ack(pub.MessageID)
				}
			}
			<-time.After(time.Millisecond)
		})
		f := newFeed(ids(1, 6)...)
		h.run(f)
		advance(2 * time.Second)
		if diff := cmp.Diff(ids(1, 5), first.all()); diff != "" {
			t.Errorf("first connection (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"m2", "m4", "m5", "m6"}, second.all()); diff != "" {
			t.Errorf("second connection (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]uint64{1, 3, 2, 4, 5, 6}, f.doneSeqs()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		if h.said("the hub closed the connection") != 1 || h.said("connected again") != 1 {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

// Nothing but the PUBACK for a packet id that was sent on this very
// connection makes a message done: not what the library takes for its end.
func TestDoneOnlyOnPubAck(t *testing.T) {
	tests := []struct {
		name   string
		before func(p *peer)            // after SUBACK, before PUBLISH
		after  func(p *peer, id uint16) // after PUBLISH
	}{
		{name: "closed", after: func(p *peer, _ uint16) {}},
		{name: "reset", after: func(p *peer, _ uint16) { _ = p.raw.Close() }},
		{name: "silence", after: func(p *peer, _ uint16) { p.linger() }},
		{name: "PUBCOMP", after: func(p *peer, id uint16) {
			c := packets.NewControlPacket(packets.Pubcomp).(*packets.PubcompPacket)
			c.MessageID = id
			p.write(c)
			p.linger()
		}},
		{name: "PUBREC", after: func(p *peer, id uint16) {
			c := packets.NewControlPacket(packets.Pubrec).(*packets.PubrecPacket)
			c.MessageID = id
			p.write(c)
			p.linger()
		}},
		{name: "UNSUBACK", after: func(p *peer, id uint16) {
			c := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
			c.MessageID = id
			p.write(c)
			p.linger()
		}},
		{name: "second SUBACK", after: func(p *peer, id uint16) {
			c := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			c.MessageID, c.ReturnCodes = id, []byte{1}
			p.write(c)
			p.linger()
		}},
		{name: "SUBACK with more codes than filters", after: func(p *peer, id uint16) {
			c := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			c.MessageID, c.ReturnCodes = 1, []byte{1, 1, 1}
			p.write(c)
			p.linger()
		}},
		{name: "PUBACK of another id", after: func(p *peer, id uint16) { p.ack(id + 1); p.ack(0); p.ack(1); p.linger() }},
		{name: "PUBACK before PUBLISH", before: func(p *peer) {
			for id := range uint16(30) {
				p.ack(id)
			}
		}, after: func(p *peer, _ uint16) { p.linger() }},
		{name: "half a PUBACK", after: func(p *peer, id uint16) { _, _ = p.conn.Write([]byte{0x40, 2, byte(id >> 8)}) }},
		{name: "long PUBACK", after: func(p *peer, id uint16) { _, _ = p.conn.Write([]byte{0x40, 3, byte(id >> 8), byte(id), 0}); p.linger() }},
		{name: "PUBACK with flags", after: func(p *peer, id uint16) { _, _ = p.conn.Write([]byte{0x42, 2, byte(id >> 8), byte(id)}); p.linger() }},
		{name: "PUBACK inside a PUBLISH", after: func(p *peer, id uint16) {
			_, _ = p.conn.Write([]byte{0x30, 8, 0, 2, 'a', 'b', 0x40, 2, byte(id >> 8), byte(id)})
			p.linger()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFeed()
				var got journal
				h := newTestHub(t, func(p *peer) {
					if !p.accept() {
						return
					}
					if p.n > 1 {
						p.linger()
						return
					}
					if tt.before != nil {
						tt.before(p)
					}
					f.add("m1")
					if pub, id := p.publish(); pub != nil {
						got.add(id)
						tt.after(p, pub.MessageID)
					}
				})
				h.run(f)
				advance(4 * time.Minute)
				if diff := cmp.Diff([]string{"m1"}, got.all()); diff != "" {
					t.Fatalf("published (-want +got):\n%s", diff)
				}
				if done := f.doneSeqs(); len(done) != 0 {
					t.Errorf("done without PUBACK: %v", done)
				}
				if n := len(h.dialTimes()); n < 2 {
					t.Errorf("%d connections, want another after the first", n)
				}
			})
		})
	}
}

// A PUBACK counts once, and only for its own message.
func TestPubAckTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				pub, _ := p.publish()
				p.ack(pub.MessageID)
				p.ack(pub.MessageID)
				p.linger()
			}
		})
		f := newFeed("m1", "m2")
		h.run(f)
		advance(time.Second)
		if diff := cmp.Diff([]uint64{1}, f.doneSeqs()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
	})
}

// What the hub acknowledged just before it closed is done.
func TestPubAckThenClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.n == 1 && p.accept() {
				pub, _ := p.publish()
				<-time.After(time.Millisecond) // until it is known to be in flight
				p.ack(pub.MessageID)
			}
		})
		f := newFeed("m1")
		h.run(f)
		advance(time.Second)
		if diff := cmp.Diff([]uint64{1}, f.doneSeqs()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
	})
}

func TestPubAckTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.linger()
			}
		})
		h.run(newFeed("m1"))
		advance(59 * time.Second)
		if n := len(h.dialTimes()); n != 1 {
			t.Fatalf("%d connections before the time-out", n)
		}
		advance(3 * time.Second)
		if n := len(h.dialTimes()); n != 2 {
			t.Errorf("%d connections after the time-out, want 2", n)
		}
		if h.said("does not acknowledge messages") != 1 {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

// The time-out is of the oldest message, not of the last.
func TestPubAckTimeoutMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed("m1")
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			for {
				pub, _ := p.publish()
				if pub == nil {
					return
				}
				<-time.After(40 * time.Second)
				f.add("next")
				p.ack(pub.MessageID)
			}
		})
		h.run(f)
		advance(10 * time.Minute)
		if n := len(h.dialTimes()); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
		if n := len(f.doneSeqs()); n != 14 && n != 15 {
			t.Errorf("%d messages done, want 14 or 15", n)
		}
	})
}

// A message that the hub can never take does not block those after it, is not
// done, and is spoken of once.
func TestImpossibleMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		f := newFeed("m1", "m2", "m3")
		f.queue[1].Body = make([]byte, maxMessageSize+1)
		_, stop := h.start(h.options(), testDevice(t, "lora1", f))
		synctest.Wait()
		stop()
		synctest.Wait()
		if diff := cmp.Diff([]string{"m1", "m3", "DISCONNECT"}, got.all()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]uint64{1, 3}, f.doneSeqs()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		if h.said("passing it over") != 1 {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

func TestFeedUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		f := newFeed("m1")
		queue := f.queue
		f.queue, f.fail = nil, errors.New("disk full")
		h.run(f)
		advance(time.Minute)
		if n := h.said("cannot read the queue"); n != 1 {
			t.Errorf("said %d times, want once", n)
		}
		f.mu.Lock()
		f.queue, f.fail = queue, nil
		f.mu.Unlock()
		advance(feedRetry)
		if diff := cmp.Diff([]string{"m1"}, got.all()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

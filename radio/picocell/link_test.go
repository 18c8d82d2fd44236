package picocell

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func testLink(t *testing.T, w *wire) *link {
	t.Helper()
	l := newLink(w, systemClock{}, &counters{})
	t.Cleanup(l.close)
	return l
}

// say returns an answer function that sends the pieces, gap apart.
func say(gap time.Duration, pieces ...[]byte) func(*wire, []byte) {
	return func(w *wire, _ []byte) {
		go func() {
			for _, p := range pieces {
				<-time.After(gap)
				w.say(p)
			}
		}()
	}
}

func TestExchangeInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(say(150*time.Millisecond, []byte{'q'}, []byte{0, 4}, []byte{1, 9, 9}, []byte{9, 9}))
		l := testLink(t, w)
		r, err := l.exchange(t.Context(), counterCommand(), commandTimeout)
		if err != nil || !r.ok || string(r.data) != "\x09\x09\x09\x09" {
			t.Errorf("got %v, %v", r, err)
		}
		if len(w.writes) != 1 {
			t.Errorf("%d writes for one command", len(w.writes))
		}
	})
}

func TestExchangeFaults(t *testing.T) {
	isGone := func(err error) bool { var e *goneError; return errors.As(err, &e) }
	isTimeout := func(err error) bool { var e *timeoutError; return errors.As(err, &e) }
	isDesync := func(err error) bool { var e *desyncError; return errors.As(err, &e) }
	tests := []struct {
		name   string
		answer func(*wire, []byte)
		set    func(*wire)
		is     func(error) bool
		within time.Duration
	}{
		{"silence", nil, nil, isTimeout, 1100 * time.Millisecond},
		{"torn", say(0, []byte{'q', 0, 4, 1, 9}), nil, isTimeout, 1100 * time.Millisecond},
		{"garbage", say(0, []byte("garbage")), nil, isDesync, time.Millisecond},
		{"answer to another command", say(0, []byte{'b', 0, 1, 1, 0}), nil, isDesync, time.Millisecond},
		{"two answers", say(0, []byte{'q', 0, 4, 1, 9, 9, 9, 9, 'q'}), nil, isDesync, time.Millisecond},
		{"EIO", nil, func(w *wire) { w.err = syscall.EIO }, isGone, time.Millisecond},
		{"EOF at once", nil, func(w *wire) { w.Close() }, isGone, time.Millisecond},
		{"device does not read", nil, func(w *wire) { w.stuck = true }, isGone, 1100 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(tt.answer)
				if tt.set != nil {
					tt.set(w)
				}
				l := testLink(t, w)
				start := time.Now()
				_, err := l.exchange(t.Context(), counterCommand(), commandTimeout)
				if took := time.Since(start); !tt.is(err) || took > tt.within {
					t.Errorf("got %v after %s, want within %s", err, took, tt.within)
				}
				if isGone(err) {
					if _, err := l.exchange(t.Context(), counterCommand(), commandTimeout); !isGone(err) {
						t.Errorf("a port that is gone came back: %v", err)
					}
				}
			})
		})
	}
}

// Whatever the device does, a link stops soon after its context.
func TestLinkStopsSoon(t *testing.T) {
	noise := func(w *wire, _ []byte) {
		go func() {
			for {
				select {
				case <-w.closed:
					return
				case <-time.After(10 * time.Millisecond):
					w.say([]byte{0xFF})
				}
			}
		}()
	}
	tests := []struct {
		name   string
		stuck  bool
		answer func(*wire, []byte)
		use    func(context.Context, *link) error
	}{
		{"silent in a send", false, nil, func(ctx context.Context, l *link) error {
			_, err := l.exchange(ctx, command{id: cmdSend}, sendTimeout)
			return err
		}},
		{"stuck in a write", true, nil, func(ctx context.Context, l *link) error {
			_, err := l.exchange(ctx, counterCommand(), commandTimeout)
			return err
		}},
		{"silent in a resync", false, nil, func(ctx context.Context, l *link) error { return l.resync(ctx) }},
		{"noisy in a resync", false, noise, func(ctx context.Context, l *link) error {
			_, _ = l.exchange(ctx, counterCommand(), commandTimeout)
			return l.resync(ctx)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(tt.answer)
				w.stuck = tt.stuck
				l := newLink(w, systemClock{}, &counters{})
				ctx, cancel := context.WithCancel(t.Context())
				const after = 150 * time.Millisecond
				time.AfterFunc(after, cancel)
				start := time.Now()
				if err := tt.use(ctx, l); err == nil {
					t.Error("no error")
				}
				l.close()
				if took := time.Since(start) - after; took > 800*time.Millisecond {
					t.Errorf("stopped after %s", took)
				}
			})
		})
	}
}

func TestResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := newWire(func(w *wire, c []byte) {
			asked++
			if asked == 2 { // the first probe is answered out of step
				w.say([]byte{'b', 0, 1, 1, 0})
			} else if c[0] == cmdHello {
				w.say([]byte{'l', 0, 8, 0, 0, 1, 2, 3, 4, 5, 6, 7})
			}
		})
		l := testLink(t, w)
		if _, err := l.exchange(t.Context(), counterCommand(), commandTimeout); err == nil {
			t.Fatal("silence answered")
		}
		w.say([]byte("late and wrong"))
		if err := l.resync(t.Context()); err != nil {
			t.Error(err)
		}
		if len(w.writes) != 3 {
			t.Errorf("%d writes, want the command and two probes", len(w.writes))
		}
		for _, c := range w.writes[1:] {
			if string(c) != "l\x00\x04\x00\x01\x0a\x00\x06" {
				t.Errorf("wrote %x: filler is forbidden", c)
			}
		}
	})
}

func TestResyncGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testLink(t, newWire(nil))
		start := time.Now()
		err := l.resync(t.Context())
		if te, ok := errors.AsType[*timeoutError](err); !ok || te.id != cmdHello {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

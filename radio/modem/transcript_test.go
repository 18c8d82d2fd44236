package modem

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/radio"
)

// contextFor ends after d of the test's time.
func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

// wire is a port in memory, whose other end a test holds.
type wire struct {
	in     chan []byte // to the host
	out    chan string // from the host
	rest   []byte
	closed chan struct{}
}

func newWire() *wire {
	return &wire{in: make(chan []byte, 64), out: make(chan string, 64), closed: make(chan struct{})}
}

func (w *wire) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		select {
		case w.rest = <-w.in:
		case <-time.After(readTimeout):
			return 0, io.EOF
		case <-w.closed:
			return 0, os.ErrClosed
		}
	}
	n := copy(b, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wire) Write(b []byte) (int, error) {
	w.out <- string(b)
	return len(b), nil
}

func (w *wire) Close() error {
	close(w.closed)
	return nil
}

// player runs a transcript against the driver. Its lines:
//
//	open <kind> <Hz> <data rate>     start the driver
//	include <file>                   of testdata
//	-> <text>                        the driver must say this next
//	<- <text>                        the module says this
//	<~ "<text>"                      the module says this, quoted as in Go, and no line end
//	~ <duration>                     time passes
//	up <hex> <RSSI> <SNR>            this must be heard
//	tx <id> <in> <Hz> <rate> <power> <hex>  Transmit: in after the latest uplink, or "now"
//	refused <reason>                 what the latest tx returned
//	result <id> ok|<reason>          what became of it
//	took <duration>                  since the module spoke last, within 1 ms
//	stat <name> <value>              of Stats
type player struct {
	t     *testing.T
	where string // file:line
	c     *Concentrator
	wire  *wire
	up    chan radio.Uplink
	tx    chan radio.TxResult
	last  radio.Ticks // of the latest uplink
	spoke time.Time
	err   error // of the latest tx
	end   func()
}

func (p *player) fatalf(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf(p.where+": "+format, args...)
}

func (p *player) play(file string) {
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		p.t.Fatal(err)
	}
	for i, l := range strings.Split(string(text), "\n") {
		word, rest, _ := strings.Cut(l, " ")
		p.where = fmt.Sprintf("%s:%d", file, i+1)
		switch word {
		case "", "#":
		case "include":
			p.play(rest)
		case "->":
			p.expect(rest)
		case "<-":
			p.say(rest + "\r\n")
		case "<~":
			raw, err := strconv.Unquote(rest)
			p.must(err)
			p.say(raw)
		case "~":
			<-time.After(p.duration(rest))
		case "took":
			if off := time.Since(p.spoke) - p.duration(rest); off.Abs() > time.Millisecond {
				p.fatalf("took %s", time.Since(p.spoke))
			}
		default:
			p.radio(word, strings.Fields(rest))
		}
	}
}

// radio runs a directive that concerns frames.
func (p *player) radio(word string, w []string) {
	synctest.Wait()
	switch word {
	case "open":
		p.open(w)
	case "up":
		p.uplink(w)
	case "tx":
		p.transmit(w)
	case "refused":
		if te, ok := errors.AsType[*radio.TxError](p.err); !ok || string(te.Reason) != w[0] {
			p.fatalf("Transmit returned %v", p.err)
		}
	case "result":
		p.result(w)
	case "stat":
		s := p.c.Stats()
		got := map[string]any{
			"State": s.State, "BringUps": s.BringUps, "ReInits": s.ReInits, "Rearms": s.Rearms, "Malformed": s.Malformed, "RxOK": s.RxOK,
			"RxCRCBad": s.RxCRCBad, "TxOK": s.TxOK, "TxLatency": s.TxLatency.Round(time.Millisecond), "Gateway": s.Gateway, "Firmware": s.Firmware, "LastError": s.LastError,
		}[w[0]]
		if want := strings.Join(w[1:], " "); fmt.Sprint(got) != want {
			p.fatalf("%s is %v, want %s", w[0], got, want)
		}
	default:
		p.fatalf("unknown word %q", word)
	}
}

func (p *player) must(err error) {
	p.t.Helper()
	if err != nil {
		p.fatalf("%v", err)
	}
}

func (p *player) duration(s string) time.Duration {
	p.t.Helper()
	d, err := time.ParseDuration(s)
	p.must(err)
	return d
}

func (p *player) number(s string) int64 {
	p.t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	p.must(err)
	return n
}

func (p *player) rate(s string) radio.DataRate {
	p.t.Helper()
	d, err := radio.ParseDataRate(s)
	p.must(err)
	return d
}

func (p *player) bytes(s string) []byte {
	p.t.Helper()
	b, err := hex.DecodeString(s)
	p.must(err)
	return b
}

func (p *player) say(raw string) {
	p.spoke = time.Now()
	p.wire.in <- []byte(raw)
}

func (p *player) expect(text string) {
	p.t.Helper()
	select {
	case got := <-p.wire.out:
		if got != text+"\r\n" {
			p.fatalf("the driver says %q, want %q; %+v", got, text, p.c.Stats())
		}
	case <-time.After(10 * time.Minute):
		p.fatalf("the driver does not say %q; %+v", text, p.c.Stats())
	}
}

func (p *player) open(w []string) {
	p.t.Helper()
	c, err := New(Options{
		Name: "stick", Kind: Kind(w[0]), Port: "x", Frequency: uint32(p.number(w[1])), DataRate: p.rate(w[2]),
		Open: func(string) (io.ReadWriteCloser, error) { return p.wire, nil },
	})
	p.must(err)
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx, p.up, p.tx) }()
	p.c = c
	p.end = func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	}
}

func (p *player) uplink(w []string) {
	p.t.Helper()
	select {
	case u := <-p.up:
		got := fmt.Sprintf("%X %v %v", u.Payload, u.RSSI, u.SNR)
		if want := strings.Join(w, " "); got != want {
			p.fatalf("heard %s, want %s", got, want)
		}
		if u.Concentrator != "stick" || u.Frequency != p.c.o.Frequency || u.DataRate != p.c.o.DataRate || u.CodingRate != "4/5" ||
			u.Gateway != p.c.Stats().Gateway || p.c.ticksAt(u.Received) != u.Ticks || u.Received.After(time.Now()) {
			p.fatalf("heard %+v", u)
		}
		p.last = u.Ticks
	default:
		p.fatalf("nothing heard; %+v", p.c.Stats())
	}
}

func (p *player) transmit(w []string) {
	p.t.Helper()
	d := radio.Downlink{
		ID: uint64(p.number(w[0])), Frequency: uint32(p.number(w[2])), DataRate: p.rate(w[3]),
		Power: int8(p.number(w[4])), Payload: p.bytes(w[5]),
	}
	if w[1] == "now" {
		d.Immediate = true
	} else {
		d.At = p.last.Add(p.duration(w[1]))
	}
	p.err = p.c.Transmit(d)
}

func (p *player) result(w []string) {
	p.t.Helper()
	select {
	case r := <-p.tx:
		got := "ok"
		if te, ok := errors.AsType[*radio.TxError](r.Err); ok {
			got = string(te.Reason)
		}
		if r.ID != uint64(p.number(w[0])) || got != w[1] || r.Concentrator != "stick" {
			p.fatalf("result %+v", r)
		}
	default:
		p.fatalf("no result")
	}
}

// The dialogues with each module, from the vendors' documents, byte for byte.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		if strings.HasPrefix(name, "setup-") {
			continue // included by others
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &player{t: t, wire: newWire(), up: make(chan radio.Uplink, 8), tx: make(chan radio.TxResult, 8), end: func() {}}
				defer func() { p.end() }()
				p.play(name)
				synctest.Wait()
				if n := len(p.up) + len(p.tx); n != 0 {
					t.Errorf("%d frames and results that the transcript does not have", n)
				}
				select {
				case text := <-p.wire.out:
					t.Errorf("the driver says %q after the end", text)
				default:
				}
			})
		})
	}
}

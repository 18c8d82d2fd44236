package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// progressEvery is how often the line on the terminal is renewed.
const progressEvery = 200 * time.Millisecond

// progress is a line on a terminal that says how far something is. Where
// standard error is not a terminal it says nothing.
type progress struct {
	w     io.Writer // nil: no terminal
	what  string
	bytes atomic.Int64
	items atomic.Int64
	total int64 // items there are; 0: not known
}

func (a *app) progress(what string) *progress {
	p := &progress{what: what}
	if isTerminal(a.stderr) {
		p.w = a.stderr
	}
	return p
}

// start shows the line until the function it returns is called; that also
// wipes it.
func (p *progress) start() (stop func()) {
	if p.w == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		p.show(time.Now(), quit)
	}()
	return func() {
		close(quit)
		<-done
	}
}

func (p *progress) show(begin time.Time, quit <-chan struct{}) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			fmt.Fprint(p.w, wipeLine)
			return
		case <-tick.C:
			fmt.Fprintf(p.w, "%s%s: %v", wipeLine, p.what, time.Since(begin).Round(time.Second))
			if n := p.bytes.Load(); n > 0 {
				fmt.Fprintf(p.w, ", %s", size(n))
			}
			if p.total > 0 {
				fmt.Fprintf(p.w, ", %d of %d", p.items.Load(), p.total)
			}
		}
	}
}

// wipeLine goes to the beginning of the line and erases it (ECMA-48 EL).
const wipeLine = "\r\x1b[K"

// writer counts what is written to w.
func (p *progress) writer(w io.Writer) io.Writer { return io.MultiWriter(w, (*byteCount)(&p.bytes)) }

// reader counts what is read from r.
func (p *progress) reader(r io.Reader) io.Reader { return io.TeeReader(r, (*byteCount)(&p.bytes)) }

// byteCount counts what is written to it.
type byteCount atomic.Int64

func (c *byteCount) Write(b []byte) (int, error) {
	(*atomic.Int64)(c).Add(int64(len(b)))
	return len(b), nil
}

package radiotest

import (
	"fmt"
	"time"
)

// settleTime is the pause after which part of a command counts as a write of
// its own. It is far above what a pty needs to deliver one write.
const settleTime = 100 * time.Millisecond

// serve is the device's main loop, from plug-in to unplugging: one command at
// a time, answered before the next is looked at.
func (p *PicoCell) serve(l *line, chunks <-chan []byte) {
	defer l.close()
	var in inbox
	settle := time.NewTimer(settleTime)
	defer settle.Stop()
	for {
		settle.Stop()
		if in.partial() {
			settle.Reset(settleTime)
		}
		var commands [][]byte
		select {
		case b, ok := <-chunks:
			if !ok {
				return
			}
			commands = in.take(b)
		case <-settle.C:
			commands = in.settle()
			p.violation("a command was written in several pieces: write each with one write")
		}
		if len(commands) > 1 {
			p.violation("a command was written before the previous one was answered")
		}
		for _, c := range commands {
			if !p.command(l, c) {
				return
			}
		}
	}
}

// command carries one command out and answers it. It reports whether the
// device is still there.
func (p *PicoCell) command(l *line, raw []byte) bool {
	r, ok := p.handle(l, raw)
	if !ok {
		return false
	}
	if r.tx != nil {
		if r.answer = p.transmit(l, r.tx); r.answer == nil {
			return false
		}
	}
	if r.answer != nil && !p.answer(l, raw[0], r.answer) {
		return false
	}
	if r.reset {
		p.restart(l, r.dfu)
		return false
	}
	return true
}

func (p *PicoCell) handle(l *line, raw []byte) (reply, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line != l {
		return reply{}, false
	}
	p.trace("->", raw)
	if !knownCommand(raw[0]) {
		p.device.log.add("unknown command 0x%02x: the device stays silent", raw[0])
		return reply{}, true
	}
	r := p.device.handle(parseCommand(raw), p.now())
	p.noteReady()
	return r, true
}

// transmit lets the emission happen in real time and returns the answer to f,
// or nil if the line is gone.
func (p *PicoCell) transmit(l *line, t *transmission) []byte {
	if !l.wait(t.start.sub(p.now())) {
		return nil
	}
	if t.emission != nil {
		select {
		case p.emissions <- *t.emission:
		default:
			p.violation("the simulator's Emissions are not being read; some are left out")
		}
	}
	if !l.wait(t.end.sub(p.now())) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line != l {
		return nil
	}
	a := p.device.finish(t, p.now())
	p.noteReady()
	return a
}

// answer writes an answer, subject to the faults on order.
func (p *PicoCell) answer(l *line, id byte, b []byte) bool {
	p.mu.Lock()
	f, ok := p.faults.strike(id)
	p.mu.Unlock()
	if ok && f.mangle != nil {
		b = f.mangle(b)
	}
	if !l.wait(p.options.AnswerDelay + f.delay) {
		return false
	}
	if len(b) == 0 {
		return true
	}
	p.mu.Lock()
	p.trace("<-", b)
	p.mu.Unlock()
	_, err := l.master.Write(b)
	return err == nil
}

// trace writes a line of the transcript. p.mu is held. A writer that fails is
// the test's own business.
func (p *PicoCell) trace(direction string, b []byte) {
	if p.options.Transcript != nil {
		_, _ = fmt.Fprintf(p.options.Transcript, "%s %x\n", direction, b)
	}
}

func (p *PicoCell) violation(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.device.log.add("%s", text)
}

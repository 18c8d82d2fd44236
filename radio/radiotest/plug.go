package radiotest

import (
	"fmt"
	"os"
	"time"
)

// plug powers the device up behind a new terminal. p.mu is held.
func (p *PicoCell) plug() error {
	switch {
	case p.closed:
		return errClosed
	case p.line != nil:
		return errPlugged
	}
	l, err := openLine()
	if err != nil {
		return err
	}
	if err := p.name(l.slave.Name()); err != nil {
		l.close()
		return err
	}
	p.plugs++
	p.line = l
	p.device.powerUp(p.now())
	p.noteReady()
	chunks := make(chan []byte)
	p.wg.Go(func() { l.reads(chunks) })
	p.wg.Go(func() { p.serve(l, chunks) })
	return nil
}

// name points the port's name at a terminal, atomically.
func (p *PicoCell) name(target string) error {
	next := p.path + ".new"
	if err := os.Symlink(target, next); err != nil {
		return fmt.Errorf("name the port: %w", err)
	}
	if err := os.Rename(next, p.path); err != nil {
		return fmt.Errorf("name the port: %w", err)
	}
	return nil
}

// unplug takes the terminal and its name away. p.mu is held.
func (p *PicoCell) unplug() {
	p.plugs++
	if p.line == nil {
		return
	}
	_ = os.Remove(p.path) // before the hang-up, as udev does it
	p.line.close()
	p.line = nil
	p.renewReady()
}

// restart takes the port away after m, and brings it back unless somebody
// unplugs, replugs or closes meanwhile. A device in its boot loader stays away.
func (p *PicoCell) restart(l *line, dfu bool) {
	if !l.wait(p.options.ResetDelay) {
		return
	}
	p.mu.Lock()
	if p.line != l {
		p.mu.Unlock()
		return
	}
	p.unplug()
	plugs := p.plugs
	p.mu.Unlock()
	if dfu || !p.sleep(p.options.BootDelay) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plugs != plugs {
		return
	}
	if err := p.plug(); err != nil {
		p.device.log.add("the simulator could not bring the port back: %v", err)
	}
}

// sleep lets d pass, and reports whether the simulator still runs.
func (p *PicoCell) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.stop:
		return false
	case <-t.C:
		return true
	}
}

// noteReady keeps the Ready channel in step with the device. p.mu is held.
func (p *PicoCell) noteReady() {
	if p.epoch != p.device.epoch {
		p.epoch = p.device.epoch
		p.renewReady()
	}
	if !p.isReady && p.device.listening() {
		p.isReady = true
		close(p.ready)
	}
}

// renewReady replaces a Ready channel that is closed. p.mu is held.
func (p *PicoCell) renewReady() {
	if p.isReady {
		p.ready, p.isReady = make(chan struct{}), false
	}
}

package module

import (
	"bufio"
	"strings"
	"time"
)

// serve carries out what the host writes, until the cable is gone.
func (m *Module) serve(c *cable) {
	defer c.close()
	in := bufio.NewReader(c.master)
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return
		}
		m.carryOut(c, strings.TrimRight(text, "\r\n"))
	}
}

// carryOut runs one command. An empty line ends garbage, without an answer.
func (m *Module) carryOut(c *cable, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cable != c || text == "" {
		return
	}
	r := m.firmware.command(text)
	m.say(r.lines...)
	if r.reboot {
		m.restart()
	}
	if r.sent != nil {
		m.transmit(r)
	}
	m.noteReady()
}

// powerOff calls off what was under way. m.mu is held.
func (m *Module) powerOff() {
	m.life++
	m.sending, m.radio.receiving = false, false
	m.noteReady()
}

// restart starts the firmware anew. m.mu is held.
func (m *Module) restart() {
	m.powerOff()
	lines := m.firmware.boot()
	m.later(m.options.BootDelay, func() { m.say(lines...) })
}

// transmit lets an emission happen in real time. m.mu is held.
func (m *Module) transmit(r reply) {
	m.sending = true
	m.later(m.options.TxLatency, func() {
		select {
		case m.emissions <- *r.sent:
		default:
		}
		m.later(r.sent.Airtime, func() {
			m.sending = false
			m.say(r.done)
		})
	})
}

// later calls f after d with m.mu held, unless the module starts anew or is
// unplugged before. m.mu is held.
func (m *Module) later(d time.Duration, f func()) {
	life := m.life
	m.wg.Go(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-m.stop:
			return
		case <-t.C:
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.life == life {
			f()
		}
	})
}

package module

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gatewayd/radio/radiotest"
)

// emissionsBuffered is the size of the Emissions channel. When nobody reads,
// later emissions are left out of it.
const emissionsBuffered = 64

var (
	errClosed  = errors.New("the simulated module is closed")
	errPlugged = errors.New("the simulated module is plugged in already")
)

// Options are the properties of a simulated module.
type Options struct {
	Kind Kind
	// TxLatency passes between a send command and the preamble.
	TxLatency time.Duration
	// BootDelay passes between a restart and the first word.
	BootDelay time.Duration
}

// Module is a simulated LoRa module on a pseudo-terminal. All its methods are
// safe for concurrent use.
type Module struct {
	options   Options
	dir, path string
	emissions chan radiotest.Emission
	stop      chan struct{} // closed by Close
	wg        sync.WaitGroup

	mu       sync.Mutex // guards the rest
	firmware firmware
	radio    *settings
	cable    *cable // nil while unplugged
	sending  bool
	life     int // restarts and unplugging, to call off what was under way
	muted    bool
	closed   bool
	ready    chan struct{}
	isReady  bool
}

// New opens a pseudo-terminal and powers the module up behind it.
func New(o Options) (*Module, error) {
	f, s := newFirmware(o.Kind)
	if f == nil {
		return nil, fmt.Errorf("module kind %q is unknown", o.Kind)
	}
	dir, err := os.MkdirTemp("", "module-")
	if err != nil {
		return nil, fmt.Errorf("directory for the port's name: %w", err)
	}
	m := &Module{
		options: o, dir: dir, path: filepath.Join(dir, "ttyModule"), firmware: f, radio: s,
		emissions: make(chan radiotest.Emission, emissionsBuffered), stop: make(chan struct{}), ready: make(chan struct{}),
	}
	if err := m.Replug(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return m, nil
}

// Path is the port's name: a symbolic link that stays the same across
// unplugging, and is absent in between.
func (m *Module) Path() string { return m.path }

// Close unplugs the module for good and removes its port's name. It waits for
// everything the simulator runs, and may be called again.
func (m *Module) Close() error {
	m.Unplug()
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		close(m.stop)
	}
	m.mu.Unlock()
	m.wg.Wait()
	return os.RemoveAll(m.dir)
}

// Unplug pulls the cable: the host's reads end, its writes fail, and the
// port's name is gone.
func (m *Module) Unplug() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cable == nil {
		return
	}
	_ = os.Remove(m.path) // before the hang-up, as udev does it
	m.cable.close()
	m.cable = nil
	m.powerOff()
}

// Replug plugs the cable in again: a new terminal under the old name, and a
// module that has started anew.
func (m *Module) Replug() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return errClosed
	case m.cable != nil:
		return errPlugged
	}
	c, err := openCable()
	if err != nil {
		return err
	}
	if err := os.Symlink(c.slave.Name(), m.path); err != nil {
		c.close()
		return fmt.Errorf("name the port: %w", err)
	}
	m.cable = c
	m.powerOff()
	m.firmware.boot() // into the void: the host has not opened the port yet
	m.wg.Go(func() { m.serve(c) })
	return nil
}

// BrownOut lets the supply dip: the module forgets what is not in its flash,
// and starts anew with what it has to say then.
func (m *Module) BrownOut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.restart()
}

// Mute makes the module carry out commands without an answer, and hear
// nothing, until it is called with false.
func (m *Module) Mute(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.muted = on
}

// Say puts bytes on the line as they are.
func (m *Module) Say(raw string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.write(raw)
}

// Ready returns a channel that is closed while the receiver runs. When it
// stops, as after each packet of an RN2483, the next call returns a new one.
func (m *Module) Ready() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ready
}

// Emissions gets each frame sent, at the moment its preamble starts. The
// channel is never closed.
func (m *Module) Emissions() <-chan radiotest.Emission { return m.emissions }

// Hear lets a packet reach the antenna, complete, now. The error says why it
// is not heard: radiotest.ErrDeaf, ErrNotReceiving or ErrNoChannel.
func (m *Module) Hear(p radiotest.Packet) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.cable == nil, m.muted:
		return radiotest.ErrNotReceiving
	case m.sending:
		return radiotest.ErrDeaf
	}
	if err := m.radio.hears(p); err != nil {
		return err
	}
	m.say(m.firmware.heard(p)...)
	m.noteReady()
	return nil
}

// say writes lines. m.mu is held.
func (m *Module) say(lines ...string) {
	if len(lines) > 0 && !m.muted {
		m.write(strings.Join(lines, "\r\n") + "\r\n")
	}
}

// write puts raw on the line. A line that is gone is the host's to notice.
// m.mu is held.
func (m *Module) write(raw string) {
	if m.cable != nil {
		_, _ = m.cable.master.WriteString(raw)
	}
}

// noteReady keeps the Ready channel in step with the radio. m.mu is held.
func (m *Module) noteReady() {
	on := m.cable != nil && m.radio.receiving
	switch {
	case on && !m.isReady:
		close(m.ready)
	case !on && m.isReady:
		m.ready = make(chan struct{})
	}
	m.isReady = on
}

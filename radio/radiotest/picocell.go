package radiotest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gatewayd/radio"
)

// PicoCellOptions are the properties of a simulated PicoCell. The zero value
// is a device as it comes.
type PicoCellOptions struct {
	// UID is the microcontroller's unique id, the natural gateway EUI;
	// 0011223344556677 if zero.
	UID radio.EUI64
	// StartCount is the microsecond counter at each power-up.
	StartCount uint32
	// AnswerDelay passes before each answer. A real device takes 200-400 µs.
	AnswerDelay time.Duration
	// TxErrorDelay is the deafness after an f that cannot work; 10 s if zero.
	TxErrorDelay time.Duration
	// ResetDelay passes between the answer to m and the port's disappearance;
	// 200 ms if zero.
	ResetDelay time.Duration
	// BootDelay passes until the port is back; 1 s if zero.
	BootDelay time.Duration
	// CalibrationTime is what a calibration takes. A real one takes about 2 s;
	// zero gives the result at once, so that a host may be told to wait less.
	CalibrationTime time.Duration
	// Transcript gets a line per command and per answer, "-> " or "<- " and the
	// bytes in hexadecimal.
	Transcript io.Writer
}

func (o PicoCellOptions) withDefaults() PicoCellOptions {
	if o.UID.IsZero() {
		o.UID = radio.EUI64{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}
	}
	setDefault(&o.TxErrorDelay, 10*time.Second)
	setDefault(&o.ResetDelay, 200*time.Millisecond)
	setDefault(&o.BootDelay, time.Second)
	return o
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// emissionsBuffered is the size of the Emissions channel. When nobody reads,
// later emissions are left out of it.
const emissionsBuffered = 1024

var (
	errClosed  = errors.New("the simulated PicoCell is closed")
	errPlugged = errors.New("the simulated PicoCell is plugged in already")
)

// PicoCell is a simulated Semtech PicoCell concentrator on a pseudo-terminal.
// All its methods are safe for concurrent use.
type PicoCell struct {
	options   PicoCellOptions
	dir, path string
	started   time.Time
	emissions chan Emission
	stop      chan struct{} // closed by Close
	wg        sync.WaitGroup

	mu      sync.Mutex // guards the rest
	device  device
	faults  faultList
	line    *line // nil while unplugged or restarting
	plugs   int   // counts Unplug, Replug and restarts, to call off a pending return
	closed  bool
	ready   chan struct{}
	isReady bool
	epoch   int // the bring-up that ready belongs to
}

// NewPicoCell opens a pseudo-terminal and powers the device up behind it.
func NewPicoCell(options PicoCellOptions) (*PicoCell, error) {
	dir, err := os.MkdirTemp("", "picocell-")
	if err != nil {
		return nil, fmt.Errorf("directory for the port's name: %w", err)
	}
	o := options.withDefaults()
	p := &PicoCell{
		options: o, dir: dir, path: filepath.Join(dir, "ttyPicoCell"), started: time.Now(),
		emissions: make(chan Emission, emissionsBuffered), stop: make(chan struct{}), ready: make(chan struct{}),
		device: device{uid: o.UID, startCount: o.StartCount, txError: o.TxErrorDelay, calDelay: o.CalibrationTime},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.plug(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return p, nil
}

// Path is the port's name: a symbolic link that stays the same across
// unplugging and restarts, and is absent in between, as in
// /dev/serial/by-path.
func (p *PicoCell) Path() string { return p.path }

// Close unplugs the device for good and removes its port's name. It waits for
// everything the simulator runs, and may be called again.
func (p *PicoCell) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.stop)
		p.unplug()
	}
	p.mu.Unlock()
	p.wg.Wait()
	return os.RemoveAll(p.dir)
}

// Unplug pulls the cable: the host's reads end, its writes fail, and the port's
// name is gone. An emission under way ends. It does nothing if there is no
// cable to pull, except that a device that restarts does not come back.
func (p *PicoCell) Unplug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unplug()
}

// Replug plugs the cable in again: a new terminal under the old name, and a
// device that has forgotten every setting.
func (p *PicoCell) Replug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plug()
}

// Count is the microsecond counter now, as q would report it.
func (p *PicoCell) Count() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.device.count(p.now())
}

// Ready returns a channel that is closed once the bring-up is complete and the
// receiver listens. Each bring-up has its own: after Unplug, a restart (m) or a
// soft reset the method returns a new channel, so ask again then. An emission
// does not count as a new bring-up.
func (p *PicoCell) Ready() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready
}

// Hear lets a packet reach the antenna, complete, now. It ends in the receive
// FIFO, or the error says why not: ErrDeaf, ErrNotReceiving, ErrNoChannel,
// ErrFIFOFull. A packet is lost to deafness if any part of its airtime before
// its end falls into an emission or the wait for one, and an f wipes what the
// host has not fetched yet: the chip restarts after each emission.
func (p *PicoCell) Hear(packet Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line == nil {
		return fmt.Errorf("%w: unplugged", ErrNotReceiving)
	}
	return p.device.hear(packet, p.now())
}

// Emissions gets each frame sent, at the moment its preamble starts. Unplugging
// before that moment leaves nothing on air. The channel is never closed.
func (p *PicoCell) Emissions() <-chan Emission { return p.emissions }

// Inject adds a fault of the wire. Of several that would strike an answer, the
// one injected first does.
func (p *PicoCell) Inject(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
}

// ClearFaults forgets every injected fault and mends every defect.
func (p *PicoCell) ClearFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.device.faults = nil, defects{}
}

// Break gives the device a defect for a number of occurrences, or Always.
// Zero mends it. Defects survive unplugging.
func (p *PicoCell) Break(d Defect, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.device.faults.set(d, times)
}

// Violations lists what hosts did against the protocol since NewPicoCell, in
// order, each text once.
func (p *PicoCell) Violations() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.device.log.texts)
}

// Stats returns the counters since NewPicoCell.
func (p *PicoCell) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.device.stats
	s.PerCommand = maps.Clone(s.PerCommand)
	return s
}

func (p *PicoCell) now() instant { return instant(0).add(time.Since(p.started)) }

package modem

import (
	"fmt"
	"regexp"
	"time"

	"gatewayd/radio"
)

// Kind names a family of modules that one firmware interface serves.
type Kind string

// The kinds.
const (
	RN2483 Kind = "rn2483"  // Microchip RN2483 and RN2903, LoStik
	RUI3   Kind = "rui3"    // RAK3172, RAK4631 and others with RAK's RUI3
	RAK811 Kind = "rak811"  // RAK811 with firmware 3.x
	LoRaE5 Kind = "lora-e5" // Seeed LoRa-E5, Wio-E5
)

const (
	// bootTimeout is for the word of a module that starts anew, bootQuiet the
	// silence after the last one.
	bootTimeout = 3 * time.Second
	bootQuiet   = 200 * time.Millisecond
)

// preamble is the length of a LoRaWAN preamble, in symbols.
const preamble = 8

// channel is what a module listens to.
type channel struct {
	frequency uint32 // Hz
	rate      radio.DataRate
}

// khz is the bandwidth in kHz.
func (c channel) khz() uint32 { return c.rate.Bandwidth / 1000 }

// bandwidthCode numbers 125, 250 and 500 kHz 0, 1 and 2, as RAK does.
func (c channel) bandwidthCode() int {
	switch c.rate.Bandwidth {
	case 250_000:
		return 1
	case 500_000:
		return 2
	default:
		return 0
	}
}

// span is a range of frequencies in Hz, ends included.
type span struct{ low, high uint32 }

// step is one command and the answer to it.
type step struct {
	send string         // without the line end
	done *regexp.Regexp // the line that ends it well; nil: whatever says ok
	// look is a line that must come, at the latest with done. Its groups
	// "version" and "eui" are remembered.
	look *regexp.Regexp
	// otherwise is done if look does not come or the command is refused.
	otherwise []step
	optional  bool          // refused, unanswered or answered otherwise is as good
	timeout   time.Duration // 0: stepTimeout
	quiet     time.Duration // afterwards input is dropped until the line is silent for so long: a restart
}

// module is the table of one kind.
type module struct {
	kind   Kind
	title  string // for a human
	baud   int
	spans  []span
	minSF  uint8
	okay   *regexp.Regexp // what ends a command well
	no     *regexp.Regexp // what refuses a command
	banner *regexp.Regexp // what the module says when it has started anew

	frame  *regexp.Regexp // groups hex, and where the module says so: rssi, snr, len
	levels *regexp.Regexp // nil, or the line before frame with rssi, snr, len
	bad    *regexp.Regexp // a frame with a wrong CRC
	ended  *regexp.Regexp // nil, or: the receiver has stopped

	setUp   func(channel) []step // up to, but not including, arm
	arm     step                 // starts the receiver
	rearm   step                 // the same, and fine if it runs already
	oneShot bool                 // the receiver stops after a frame, good or bad
	ask     []step               // after a frame and before rearm: groups rssi, snr
	alive   []step               // prove that the module lives and listens

	tx     *transmitter // nil: the module only receives
	rxOnly string       // why
}

// transmitter is how a module sends.
type transmitter struct {
	// prepare leaves receive and sets the radio up for d; restore undoes it,
	// but for arm.
	prepare func(to channel, power int8, listen channel) []step
	restore func(listen channel) []step
	send    func(payload []byte) string
	over    *regexp.Regexp // the module is done with it
	done    *regexp.Regexp // and it was on the air

	// power returns the range in dBm for a frequency in Hz.
	power func(frequency uint32) (low, high int8)
	// settle is what prepare may take, latency the first guess of the time
	// from the command's last byte to the preamble, jitter how far host and
	// module may stray from it.
	settle, latency, jitter time.Duration
	// since is the first firmware version that can do it; nil: all.
	since *version
}

// lineTime is how long n bytes are on the wire, 10 bits each.
func (m *module) lineTime(n int) time.Duration {
	return time.Duration(n) * 10 * time.Second / time.Duration(m.baud)
}

// covers reports whether the module can be tuned to a frequency in Hz.
func (m *module) covers(frequency uint32) bool {
	for _, s := range m.spans {
		if frequency >= s.low && frequency <= s.high {
			return true
		}
	}
	return false
}

// checkRate says what is wrong with a data rate, if anything.
func (m *module) checkRate(d radio.DataRate) error {
	if d.Modulation != radio.LoRa || d.SpreadingFactor < m.minSF || d.SpreadingFactor > 12 {
		return fmt.Errorf("data rate %s: the %s knows SF%d to SF12", d, m.title, m.minSF)
	}
	switch d.Bandwidth {
	case 125_000, 250_000, 500_000:
		return nil
	default:
		return fmt.Errorf("data rate %s: the %s knows BW125, BW250 and BW500", d, m.title)
	}
}

// lookup returns the table of a kind.
func lookup(k Kind) (*module, error) {
	switch k {
	case RN2483:
		return rn2483(), nil
	case RUI3:
		return rui3(), nil
	case RAK811:
		return rak811(), nil
	case LoRaE5:
		return loraE5(), nil
	default:
		return nil, fmt.Errorf("module kind %q is unknown: want %s, %s, %s or %s", k, RN2483, RUI3, RAK811, LoRaE5)
	}
}

// version is a firmware version: major, minor, patch.
type version [3]int

// parseVersion reads the numbers of s as far as they go.
func parseVersion(s string) (v version) {
	_, _ = fmt.Sscanf(s, "%d.%d.%d", &v[0], &v[1], &v[2])
	return v
}

// before reports whether v is older than w.
func (v version) before(w version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

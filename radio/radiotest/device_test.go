package radiotest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

// bench is a device with a clock that the test moves. An f waits out its
// emission at once.
type bench struct {
	device
	t         *testing.T
	now       instant
	emissions []Emission
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, device: device{uid: radio.EUI64{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}, txError: 10 * time.Second}}
	b.powerUp(0)
	return b
}

func (b *bench) host() *host { return &host{t: b.t, exchange: b.exchange} }

// exchange runs one command, 300 µs after the previous one.
func (b *bench) exchange(raw []byte) []byte {
	b.now = b.now.add(300 * time.Microsecond)
	r := b.handle(parseCommand(raw), b.now)
	if r.tx == nil {
		return r.answer
	}
	if r.tx.emission != nil {
		b.emissions = append(b.emissions, *r.tx.emission)
	}
	b.now = max(b.now, r.tx.end)
	return b.finish(r.tx, b.now)
}

func receiving(t *testing.T) (*bench, *host) {
	t.Helper()
	b := newBench(t)
	h := b.host()
	h.bringUp()
	return b, h
}

func eu868(payload ...byte) Packet {
	return Packet{Frequency: 868100000, DataRate: radio.LoRaDataRate(7, 125000), RSSI: -57, SNR: 9.5, Payload: payload}
}

func TestBringUp(t *testing.T) {
	b, h := receiving(t)
	if status, data := h.do('b', 0, 16); status != statusOK || !bytes.Equal(data, []byte{0}) {
		t.Errorf("b: status %d, % x", status, data)
	}
	if !b.listening() || len(b.log.texts) > 0 {
		t.Errorf("listening %v, violations %q", b.listening(), b.log.texts)
	}
	if err := b.hear(eu868(1, 2, 3), b.now); err != nil {
		t.Error(err)
	}
	s := b.stats
	if s.BringUpCommands+1 != s.Commands || s.BringUpBytes+5 != s.Bytes || s.PerCommand["y"] != 4*12 {
		t.Errorf("stats %+v", s)
	}
}

// The frames that picoGW_hal exchanges with the microcontroller's own parser.
func TestGoldenSettings(t *testing.T) {
	b := newBench(t)
	for _, g := range []struct{ name, command, answer string }{
		{"version", "6c000400010a0006", "6c000801 0011223344556677"},
		{"wrong version", "6c000400010a0005", "6c000800 0011223344556677"},
		{"VERSION register", "7200010100", "72000101 67"},
		{"page 0", "7700010000", "77000001"},
		{"board", "6900040001010000", "69000001"},
		{"radio 0", "63001400 01000000e0ffb433000026c30200000001000000", "63000001"},
		{"radio 1", "63001401 010000002042c433000026c30200000001000000", "63000001"},
		{"chain 0", "64002000 0101000080e5f9ff030000007e00000000000000000000000000000000000000", "64000001"},
		{"LoRa std", "64002008 01010000c0f2fcff020000000200000000000000000000000000000000000000", "64000001"},
		{"FSK", "64002009 01010000e09304000300000050c3000000000000000000000000000000000000", "64000001"},
		{"gains", "68005100 00000300fe 0000030508 0000030a12 0000030b14 0000030c15" + strings.Repeat("00", 55) + "05", "68000001"},
		{"gains, dac 2", "68005100 00000200fe" + strings.Repeat("00", 75) + "01", "68000000"},
		{"radio 2", "63001402 01000000e0ffb433000026c30200000001000000", "63000000"},
		{"radio type 3", "63001400 01000000e0ffb433000026c30300000001000000", "63000000"},
		{"chain 10", "6400200a 0101000080e5f9ff030000007e00000000000000000000000000000000000000", "64000000"},
		{"IF too low", "64002000 0101000000d3f9ff010000007e00000000000000000000000000000000000000", "64000000"},
		{"max 0", "6200010000", "62000100 ff"},
		{"max 17", "6200010011", "62000100 ff"},
		{"reset", "6d000000", "6d000001"},
	} {
		if got, want := b.exchange(unhex(t, g.command)), unhex(t, g.answer); !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", g.name, got, want)
		}
	}
	rf := b.settings.rf[0]
	if want := (rfConf{true, true, 867500000, -166, typeSX1257, true}); rf != want {
		t.Errorf("radio 0: %+v, want %+v", rf, want)
	}
	if got := b.settings.gains[4]; got != (gain{0, 0, 3, 12, 21}) {
		t.Errorf("gain 4: %+v", got)
	}
	if got, want := b.settings.channel(0), (channel{true, 1, 868100000, bandwidth125, allSF, 0, 0, true}); got != want {
		t.Errorf("chain 0: %+v, want %+v", got, want)
	}
}

func TestGoldenReceive(t *testing.T) {
	b, h := receiving(t)
	packets := []Packet{
		{
			Frequency: 868100000, DataRate: radio.LoRaDataRate(7, 125000), RSSI: -57, SNR: 9.5,
			Count: 0x003480E2, CRC16: 0xBEEF, Payload: unhex(t, "40f17dbe4900020001954378762b11ff0d"),
		},
		{
			Frequency: 868500000, DataRate: radio.LoRaDataRate(12, 125000), RSSI: -119, SNR: -15.25,
			Count: 0x003417D4, CRC16: 0x1234, Payload: unhex(t, "00112233"),
		},
	}
	for _, p := range packets {
		if err := b.hear(p, b.now); err != nil {
			t.Fatal(err)
		}
	}
	want := unhex(t, `62006e01 02
		a027be33 00 10 0000 e2803400 01 10 03 00 02000000 01 000000 000064c2 00001841 00000841 00002841 efbe 1100
		40f17dbe4900020001954378762b11ff0d
		2042c433 02 10 0000 d4173400 01 10 03 00 40000000 01 000000 0000eec2 000074c1 000082c1 000064c1 3412 0400
		00112233`)
	if diff := cmp.Diff(want, h.exchange(unhex(t, "6200010010"))); diff != "" {
		t.Error(diff)
	}
	if got := h.exchange(unhex(t, "6200010010")); !bytes.Equal(got, unhex(t, "6200010100")) {
		t.Errorf("second b: %x", got)
	}
}

func TestHear(t *testing.T) {
	b, _ := receiving(t)
	sf := radio.LoRaDataRate
	for _, c := range []struct {
		name string
		p    Packet
		want error
	}{
		{"chain 0", Packet{Frequency: 868100000, DataRate: sf(12, 125000), Payload: []byte{1}}, nil},
		{"chain 7", Packet{Frequency: 867900000, DataRate: sf(9, 125000), Payload: []byte{1}}, nil},
		{"LoRa std", Packet{Frequency: 868300000, DataRate: sf(7, 250000), Payload: []byte{1}}, nil},
		{"FSK", Packet{Frequency: 868800000, DataRate: radio.FSKDataRate(50000), Payload: []byte{1}}, nil},
		{"10 kHz off", Packet{Frequency: 868110000, DataRate: sf(7, 125000), Payload: []byte{1}}, nil},
		{"between channels", Packet{Frequency: 868200000, DataRate: sf(7, 125000), Payload: []byte{1}}, ErrNoChannel},
		{"std, other SF", Packet{Frequency: 868300000, DataRate: sf(8, 250000), Payload: []byte{1}}, ErrNoChannel},
		{"500 kHz", Packet{Frequency: 868300000, DataRate: sf(7, 500000), Payload: []byte{1}}, ErrNoChannel},
		{"SF6", Packet{Frequency: 868100000, DataRate: sf(6, 125000), Payload: []byte{1}}, ErrNoChannel},
		{"other sync word", Packet{Frequency: 868100000, DataRate: sf(7, 125000), Payload: []byte{1}, Private: true}, ErrNoChannel},
		{"other bit rate", Packet{Frequency: 868800000, DataRate: radio.FSKDataRate(100000), Payload: []byte{1}}, ErrNoChannel},
	} {
		if err := b.hear(c.p, b.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if err := b.hear(eu868(), b.now); err == nil {
		t.Error("an empty packet was heard")
	}
	if len(b.log.texts) > 0 {
		t.Errorf("violations %q", b.log.texts)
	}
}

func TestFIFO(t *testing.T) {
	for _, c := range []struct{ size, fits int }{{1, 16}, {48, 16}, {49, 15}, {255, 3}} {
		b, h := receiving(t)
		heard := 0
		for range 20 {
			err := b.hear(eu868(make([]byte, c.size)...), b.now)
			if err == nil {
				heard++
			} else if !errors.Is(err, ErrFIFOFull) {
				t.Fatal(err)
			}
		}
		if heard != c.fits || b.stats.Overflows != uint64(20-heard) {
			t.Errorf("%d bytes: %d packets fit, want %d; %d overflows", c.size, heard, c.fits, b.stats.Overflows)
		}
		_, data := h.do('b', 0, 2)
		if want := 1 + 2*(receivedSize+c.size); len(data) != want || data[0] != 2 {
			t.Errorf("%d bytes: answer of %d bytes with %d packets, want %d with 2", c.size, len(data), data[0], want)
		}
	}
}

func TestCRCStatus(t *testing.T) {
	b, h := receiving(t)
	for status, want := range map[CRCStatus]byte{CRCGood: 0x10, CRCBad: 0x11, CRCNone: 0x01} {
		p := eu868(1)
		p.CRC = status
		if err := b.hear(p, b.now); err != nil {
			t.Fatal(err)
		}
		if _, data := h.do('b', 0, 1); data[1+5] != want {
			t.Errorf("CRC %d: status 0x%02x, want 0x%02x", status, data[1+5], want)
		}
	}
}

// Answers whose size is a multiple of 64 carry one more zero byte.
func TestPad(t *testing.T) {
	for _, c := range []struct{ size, answer int }{{59, 63}, {60, 65}, {61, 65}, {124, 129}, {125, 129}, {900, 904}} {
		b := newBench(t)
		got := b.exchange([]byte{'p', 0, 2, 8, byte(c.size >> 8), byte(c.size)})
		if len(got) != c.answer {
			t.Errorf("p of %d bytes: answer of %d, want %d", c.size, len(got), c.answer)
		}
	}
}

func TestCounter(t *testing.T) {
	b, h := receiving(t)
	q := func() uint32 {
		_, d := h.do('q', 0)
		return uint32(d[0])<<24 | uint32(d[1])<<16 | uint32(d[2])<<8 | uint32(d[3])
	}
	before := q()
	b.now = b.now.add(5 * time.Second)
	b.exchange(sendFrame(t, 0))
	if after := q(); time.Duration(after-before)*time.Microsecond < 5*time.Second || after != b.count(b.now) {
		t.Errorf("q went from %d to %d across an emission; the counter is %d", before, after, b.count(b.now))
	}
	h.w(regPage, 2)
	_, raw := h.do('p', regTimestamp, 0, 4)
	if got := uint32(raw[0]) | uint32(raw[1])<<8 | uint32(raw[2])<<16 | uint32(raw[3])<<24; got != b.count(b.now) {
		t.Errorf("TIMESTAMP %d, want %d", got, b.count(b.now))
	}
	b.startCount = 0xFFFFFF00
	b.powerUp(b.now)
	if got := q(); got != 0x2C { // 300 µs later, past the wrap
		t.Errorf("counter after power-up: 0x%x", got)
	}
}

// Between commands the firmware leaves its own page selected.
func TestPageIsTheFirmwares(t *testing.T) {
	_, h := receiving(t)
	for _, id := range []byte{'q', 'f'} {
		h.w(regPage, 1)
		if id == 'f' {
			h.exchange(sendFrame(t, 0))
		} else {
			h.do(id, 0)
		}
		if got := h.r(regPage); got != 2 {
			t.Errorf("%c: page %d afterwards, want 2", id, got)
		}
	}
}

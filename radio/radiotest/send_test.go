package radiotest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

const goldenSend = "66011e00 a027be33 00 000000 00000000 00 0e 10 03 02000000 01 01 00 00 0800 00 00 0c00"

// sendFrame is the golden f with a payload of 12 bytes, sent at count.
func sendFrame(t *testing.T, count uint32) []byte {
	f := append(unhex(t, goldenSend), make([]byte, 256)...)
	copy(f[headerSize+30:], "hello world!")
	f[headerSize+26] = 1 // no CRC
	if count != 0 {
		f[headerSize+4] = txTimestamped
		for i := range 4 {
			f[headerSize+8+i] = byte(count >> (8 * i))
		}
	}
	return f
}

func TestSend(t *testing.T) {
	b, _ := receiving(t)
	for _, ahead := range []time.Duration{0, 40 * time.Millisecond, 9 * time.Second} {
		b.emissions = nil
		count, want := uint32(0), b.count(b.now)+300+1500 // the command itself takes 300 µs
		if ahead > 0 {
			count = b.count(b.now) + uint32(ahead/time.Microsecond)
			want = count
		}
		before := b.count(b.now)
		if got := b.exchange(sendFrame(t, count)); !bytes.Equal(got, unhex(t, "66000001")) {
			t.Fatalf("ahead %v: answer %x", ahead, got)
		}
		airtime := radio.LoRaDataRate(7, 125000).LoRaAirtime(12, 8, false)
		got := []Emission{{
			Count: want, Frequency: 868100000, DataRate: radio.LoRaDataRate(7, 125000), CodingRate: "4/5", Power: 8,
			RequestedPower: 14, InvertIQ: true, Preamble: 8, Payload: []byte("hello world!"),
			Airtime: airtime, Ahead: time.Duration(int32(want-before-300)) * time.Microsecond,
		}}
		if diff := cmp.Diff(got, b.emissions); diff != "" {
			t.Errorf("ahead %v: %s", ahead, diff)
		}
		if end := b.count(b.now); end-want != uint32(airtime/time.Microsecond) {
			t.Errorf("ahead %v: answered %d µs after the preamble began, want %v", ahead, end-want, airtime)
		}
	}
	if err := b.hear(eu868(1), b.now.add(time.Second)); err != nil {
		t.Errorf("after the emissions: %v", err)
	}
	if len(b.log.texts) > 0 {
		t.Errorf("violations %q", b.log.texts)
	}
}

// Errors inside f are swallowed: OK, after ten seconds, and nothing on air.
func TestSendErrors(t *testing.T) {
	for name, change := range map[string]func(b *bench, f []byte){
		"in the past":       func(b *bench, f []byte) { copy(f, sendFrame(t, b.count(b.now)-1)) },
		"too near":          func(b *bench, f []byte) { copy(f, sendFrame(t, b.count(b.now)+1700)) },
		"11 s ahead":        func(b *bench, f []byte) { copy(f, sendFrame(t, b.count(b.now)+11000000)) },
		"radio 1, TX off":   func(_ *bench, f []byte) { f[headerSize+12] = 1 },
		"radio 2":           func(_ *bench, f []byte) { f[headerSize+12] = 2 },
		"tx_mode 3":         func(_ *bench, f []byte) { f[headerSize+4] = 3 },
		"GPS":               func(_ *bench, f []byte) { f[headerSize+4] = 2 },
		"modulation 0":      func(_ *bench, f []byte) { f[headerSize+14] = 0 },
		"bandwidth 4":       func(_ *bench, f []byte) { f[headerSize+15] = 4 },
		"two SFs":           func(_ *bench, f []byte) { f[headerSize+16] = 6 },
		"coderate 0":        func(_ *bench, f []byte) { f[headerSize+20] = 0 },
		"size 256":          func(_ *bench, f []byte) { f[headerSize+28], f[headerSize+29] = 0, 1 },
		"FSK, no deviation": func(_ *bench, f []byte) { f[headerSize+14] = modulationFSK },
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := receiving(t)
			f := sendFrame(t, 0)
			change(b, f)
			before := b.now
			if got := b.exchange(f); !bytes.Equal(got, unhex(t, "66000001")) {
				t.Errorf("answer %x", got)
			}
			if took := b.now.sub(before); took < 10*time.Second {
				t.Errorf("answered after %v", took)
			}
			if len(b.emissions) != 0 || len(b.log.texts)+int(b.stats.Late) != 1 {
				t.Errorf("emissions %v, violations %q, %d late", b.emissions, b.log.texts, b.stats.Late)
			}
			if !b.listening() {
				t.Errorf("not listening: %s", b.chip.missing())
			}
		})
	}
}

func TestDeafWhileSending(t *testing.T) {
	b, h := receiving(t)
	if err := b.hear(eu868(1), b.now); err != nil {
		t.Fatal(err)
	}
	tx := b.handle(parseCommand(sendFrame(t, b.count(b.now)+50000)), b.now).tx
	if err := b.hear(eu868(2), b.now.add(time.Millisecond)); !errors.Is(err, ErrDeaf) {
		t.Errorf("before the preamble: %v", err)
	}
	b.now = tx.end
	b.finish(tx, b.now)
	if err := b.hear(eu868(3), b.now.add(time.Millisecond)); !errors.Is(err, ErrDeaf) {
		t.Errorf("a packet that began during the emission: %v", err)
	}
	b.now = b.now.add(time.Second)
	if err := b.hear(eu868(4), b.now); err != nil {
		t.Errorf("a second later: %v", err)
	}
	_, data := h.do('b', 0, 16)
	if data[0] != 1 || data[len(data)-1] != 4 {
		t.Errorf("b after the emission: % x", data)
	}
	if b.stats.Lost != 1 || b.stats.Heard != 2 {
		t.Errorf("stats %+v", b.stats)
	}
}

func TestAirtimeAgreesWithRadio(t *testing.T) {
	for sf := uint8(7); sf <= 12; sf++ {
		for _, bw := range []uint32{125000, 250000, 500000} {
			for size := 1; size <= 255; size += 7 {
				d := radio.LoRaDataRate(sf, bw)
				got := airtime{dataRate: d, codingRate: 1, size: size, preamble: 8, crc: true}.duration()
				if want := d.LoRaAirtime(size, 8, true); got != want {
					t.Errorf("%s, %d bytes: %v, want %v", d, size, got, want)
				}
			}
		}
	}
	// 5 + 3 + 1 + 20 + 2 bytes at 50 kbit/s.
	fsk := airtime{dataRate: radio.FSKDataRate(50000), size: 20, preamble: 5, syncSize: 3, crc: true}.duration()
	if fsk != 4960*time.Microsecond {
		t.Errorf("FSK: %v", fsk)
	}
}

// The firmware's own restart after an emission leaves a chip that the audit of
// a bring-up accepts.
func TestRestartIsComplete(t *testing.T) {
	b, h := receiving(t)
	b.exchange(sendFrame(t, 0))
	h.do('b', 0, 16)
	if len(b.log.texts) > 0 {
		t.Errorf("violations %q", b.log.texts)
	}
	for n := range chains {
		if c := b.chip.channel(n, &b.settings); !c.enabled || !c.agrees(b.settings.channel(n)) {
			t.Errorf("chain %d: %+v, want %+v", n, c, b.settings.channel(n))
		}
	}
}

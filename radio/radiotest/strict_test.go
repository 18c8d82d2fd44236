package radiotest

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestViolations(t *testing.T) {
	for _, c := range []struct {
		name, want string
		run        func(b *bench, h *host)
	}{
		{"b first", "b before the receiver runs: GLOBAL_EN is 0", func(_ *bench, h *host) { h.do('b', 0, 16) }},
		{"dialogue unfinished", "the AGC dialogue is not finished", func(_ *bench, h *host) { h.skip = "agc"; h.bringUp(); h.do('b', 0, 16) }},
		{"no board", "no board settings (i)", func(_ *bench, h *host) { h.skip = "i"; h.bringUp(); h.do('b', 0, 16) }},
		{"no commit", "were not calibrated and committed (j)", func(_ *bench, h *host) { h.skip = "j"; h.bringUp(); h.do('b', 0, 16) }},
		{"gains descend", "the table must ascend", func(_ *bench, h *host) {
			h.do('h', 0, gainData([]gain{{0, 0, 3, 5, 9}, {0, 0, 3, 5, 8}})...)
		}},
		{"dac 0", "settings refused", func(_ *bench, h *host) { h.do('h', 0, gainData([]gain{{0, 0, 0, 5, 9}})...) }},
		{"registers differ", "chain 3: registers say", func(_ *bench, h *host) {
			h.bringUp()
			h.set(fieldIF(3), 0)
			h.do('b', 0, 16)
		}},
		{"a constant", "TX_START_DELAY is 0, want 1500", func(_ *bench, h *host) {
			h.skip = "TX_START_DELAY"
			h.bringUp()
			h.do('b', 0, 16)
		}},
		{"FSK sync word", "chain 9: registers say", func(_ *bench, h *host) {
			h.bringUp()
			h.set(fieldFSKPatternLow, 1)
			h.do('b', 0, 16)
		}},
		{"TX sync word", "TX sync word: registers say public false", func(_ *bench, h *host) {
			h.bringUp()
			h.set(fieldTXSyncPeak1, 1)
			h.do('b', 0, 16)
		}},
		{"settings differ", "chain 3: registers say", func(_ *bench, h *host) {
			h.bringUp()
			h.do('d', 3, make([]byte, ifSize)...)
			h.do('b', 0, 16)
		}},
		{"length", "c: 19 bytes of data, want 20", func(_ *bench, h *host) { h.do('c', 0, make([]byte, 19)...) }},
		{"dfu", "boot loader", func(_ *bench, h *host) { h.do('n', 0) }},
		{"torn burst", "w: inside an unfinished burst", func(_ *bench, h *host) { h.do('x', 10, 1); h.w(0, 0) }},
		{"burst order", "y: out of sequence", func(_ *bench, h *host) { h.do('y', 10, 1) }},
		{"big burst", "p: burst of 901 bytes", func(_ *bench, h *host) { h.do('p', 8, 3, 0x85) }},
		{"j too far", "j: offsets 9..16 do not exist", func(_ *bench, h *host) { h.do('j', 0, 9, 8) }},
		{"radio in reset", "radio 1 addressed while its reset is held", func(_ *bench, h *host) { h.radio(1, 0, 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.run(b, b.host())
			if !slices.ContainsFunc(b.log.texts, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("violations %q, want %q among them", b.log.texts, c.want)
			}
		})
	}
}

func TestSilence(t *testing.T) {
	b := newBench(t)
	for id := range 256 {
		a := b.handle(command{id: byte(id)}, b.now)
		if spoke := a.answer != nil || a.tx != nil; spoke != knownCommand(byte(id)) {
			t.Errorf("id 0x%02x: answer %x", id, a.answer)
		}
		if a.tx != nil {
			b.finish(a.tx, b.now)
		}
	}
}

func TestCalibrationTakesTime(t *testing.T) {
	b := newBench(t)
	b.calDelay = 2 * time.Second
	b.powerUp(0)
	h := b.host()
	h.do('l', 0, 1, 10, 0, 6)
	h.waitCal = func() { b.now = b.now.add(time.Second) }
	if got := h.calibrate("cal_fw.var", 8, 8); got != 0 {
		t.Errorf("status after 1 s: 0x%02x", got)
	}
	h.waitCal = func() { b.now = b.now.add(2300 * time.Millisecond) }
	if got := h.calibrate("cal_fw.var", 8, 8); got&calFinished != calFinished {
		t.Errorf("status after 2.3 s: 0x%02x", got)
	}
}

func TestDefects(t *testing.T) {
	t.Run("firmware", func(t *testing.T) {
		b := newBench(t)
		b.faults.set(WrongFirmware, 1)
		for _, want := range []byte{statusKO, statusOK} {
			if status, _ := b.host().do('l', 0, 1, 10, 0, 6); status != want {
				t.Errorf("l: status %d, want %d", status, want)
			}
		}
	})
	t.Run("chip", func(t *testing.T) {
		b := newBench(t)
		b.faults.set(WrongChip, Always)
		for range 3 {
			if v := b.host().r(regVersion); v == chipVersion {
				t.Error("VERSION reads right")
			}
		}
	})
	for d, want := range map[Defect]byte{CalibrationFailure: 0, RadioUnreachable: 0x81 | 0x08 | 0x10 | 0x20, PROMMismatch: 0} {
		b := newBench(t)
		b.faults.set(d, 1)
		if got := b.host().calibrate("cal_fw.var", 8, 8); got != want {
			t.Errorf("defect %d: calibration status 0x%02x, want 0x%02x", d, got, want)
		}
		if got := b.host().calibrate("cal_fw.var", 8, 8); got != 0xBF {
			t.Errorf("defect %d: status of the next calibration 0x%02x", d, got)
		}
	}
	t.Run("AGC", func(t *testing.T) {
		b := newBench(t)
		h := b.host()
		h.load(coreAGC, StandInImages()["agc_fw.var"])
		h.set(fieldMCUReset(coreAGC), 0)
		b.faults.set(AGCStuck, 1)
		if got := h.step(0x35); got == 0x30 {
			t.Error("the AGC acknowledged its first gain")
		}
	})
	t.Run("FIFO", func(t *testing.T) {
		b, _ := receiving(t)
		b.faults.set(FIFOFull, 1)
		if err := b.hear(eu868(1), b.now); !errors.Is(err, ErrFIFOFull) {
			t.Error(err)
		}
		if err := b.hear(eu868(1), b.now); err != nil {
			t.Error(err)
		}
	})
}

func TestImages(t *testing.T) {
	images := StandInImages()
	for name, want := range standInKinds {
		if len(images[name]) != imageSize || recognise(images[name]) != want {
			t.Errorf("%s: %d bytes, recognised as %d, want %d", name, len(images[name]), recognise(images[name]), want)
		}
	}
	if got := recognise(make([]byte, imageSize)).version(); got != 0 {
		t.Errorf("empty memory runs version %d", got)
	}
	for sum := range vendorImages {
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
			t.Errorf("%q is not a SHA-256", sum)
		}
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{'l', 0, 4, 0, 1, 10, 0, 6})
	f.Add([]byte{'p', 0, 2, 70, 255, 255})
	f.Add([]byte{'d', 0, 32, 9, 1, 1})
	f.Add([]byte{'h', 0, 81, 0})
	f.Add([]byte{'f', 1, 30, 0, 1, 2, 3, 4, 1})
	f.Add([]byte{'j', 0, 2, 0, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := newBench(t)
		var in inbox
		for _, c := range append(in.take(raw), in.settle()...) {
			a := b.exchange(c)
			if knownCommand(c[0]) && (len(a) < headerSize || a[0] != c[0]) || len(a) > maxAnswer+headerSize+1 {
				t.Errorf("%x: answer %x", c, a)
			}
		}
	})
}

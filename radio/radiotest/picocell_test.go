package radiotest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatewayd/radio"
)

// quick are options with short waits where a device takes seconds.
var quick = PicoCellOptions{
	TxErrorDelay: 20 * time.Millisecond, ResetDelay: 5 * time.Millisecond, BootDelay: 5 * time.Millisecond,
}

func newCell(t *testing.T, o PicoCellOptions) *PicoCell {
	t.Helper()
	p, err := NewPicoCell(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func running(t *testing.T, o PicoCellOptions) (*PicoCell, *client) {
	t.Helper()
	p := newCell(t, o)
	c := dial(t, p.Path())
	(&host{t: t, exchange: c.exchange}).bringUp()
	await(t, "bring-up", p.Ready())
	return p, c
}

func await[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
		panic("unreachable")
	}
}

func pending(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return false
	default:
		return true
	}
}

func wantNoViolations(t *testing.T, p *PicoCell) {
	t.Helper()
	for _, v := range p.Violations() {
		t.Errorf("violation: %s", v)
	}
}

func TestPicoCell(t *testing.T) {
	p, c := running(t, PicoCellOptions{})
	if got := c.exchange(unhex(t, "6200010010")); !bytes.Equal(got, unhex(t, "6200010100")) {
		t.Errorf("b: %x", got)
	}
	if err := p.Hear(eu868(1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	got := c.exchange(unhex(t, "6200010010"))
	if want := headerSize + 1 + receivedSize + 3; len(got) != want || got[4] != 1 || !bytes.HasSuffix(got, []byte{1, 2, 3}) {
		t.Errorf("b: %x, want %d bytes", got, want)
	}
	if s := p.Stats(); s.Heard != 1 || s.Fetched != 1 || s.BringUpCommands == 0 {
		t.Errorf("stats %+v", s)
	}
	wantNoViolations(t, p)
}

func TestPicoCellSends(t *testing.T) {
	p, c := running(t, PicoCellOptions{})
	at := p.Count() + 60000
	c.write(sendFrame(t, at))
	e := await(t, "emission", p.Emissions())
	if e.Count != at || e.Frequency != 868100000 || string(e.Payload) != "hello world!" {
		t.Errorf("emission %+v, want count %d", e, at)
	}
	if started := int32(p.Count() - at); started < 0 {
		t.Errorf("announced %d µs before its time", -started)
	}
	if err := p.Hear(eu868(1)); !errors.Is(err, ErrDeaf) {
		t.Errorf("heard during the emission: %v", err)
	}
	if got := c.read(4); !bytes.Equal(got, unhex(t, "66000001")) {
		t.Errorf("f: %x", got)
	}
	if end := int32(p.Count() - at); time.Duration(end)*time.Microsecond < e.Airtime {
		t.Errorf("answered %d µs after the preamble began; the airtime is %v", end, e.Airtime)
	}
	if pending(p.Ready()) {
		t.Error("an emission ended the bring-up")
	}
	wantNoViolations(t, p)
}

func TestPicoCellSwallowsSendErrors(t *testing.T) {
	p, c := running(t, quick)
	before := p.Count()
	if got := c.exchange(sendFrame(t, p.Count()-1000)); !bytes.Equal(got, unhex(t, "66000001")) {
		t.Errorf("f: %x", got)
	}
	if took := time.Duration(p.Count()-before) * time.Microsecond; took < quick.TxErrorDelay {
		t.Errorf("answered after %v", took)
	}
	if len(p.Emissions()) != 0 || p.Stats().Late != 1 {
		t.Errorf("%d emissions, %d too late", len(p.Emissions()), p.Stats().Late)
	}
}

func TestUnplugReplug(t *testing.T) {
	p, c := running(t, quick)
	p.Unplug()
	c.hangUp()
	if _, err := c.f.Write([]byte{'q', 0, 0, 0}); err == nil {
		t.Error("a write after unplugging went through")
	}
	if _, err := os.Lstat(p.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the port's name is still there: %v", err)
	}
	if err := p.Hear(eu868(1)); !errors.Is(err, ErrNotReceiving) {
		t.Errorf("heard while unplugged: %v", err)
	}
	if !pending(p.Ready()) {
		t.Error("ready while unplugged")
	}
	p.Unplug()
	if err := p.Replug(); err != nil {
		t.Fatal(err)
	}
	if err := p.Replug(); err == nil {
		t.Error("replugged twice")
	}
	c = dial(t, p.Path())
	if got := c.exchange(unhex(t, "6200010010")); !bytes.Equal(got, unhex(t, "6200010100")) {
		t.Errorf("b: %x", got)
	}
	if err := p.Hear(eu868(1)); !errors.Is(err, ErrNotReceiving) {
		t.Errorf("heard before a new bring-up: %v", err)
	}
	ready := p.Ready()
	(&host{t: t, exchange: c.exchange}).bringUp()
	await(t, "second bring-up", ready)
}

func TestSoftResetEndsTheBringUp(t *testing.T) {
	p, c := running(t, quick)
	c.exchange(unhex(t, "7700010080"))
	if !pending(p.Ready()) {
		t.Error("ready after a soft reset")
	}
	if err := p.Hear(eu868(1)); !errors.Is(err, ErrNotReceiving) {
		t.Errorf("heard after a soft reset: %v", err)
	}
	ready := p.Ready()
	(&host{t: t, exchange: c.exchange}).bringUp()
	await(t, "bring-up without a reset of the microcontroller", ready)
	wantNoViolations(t, p)
}

func TestUnplugDuringEmission(t *testing.T) {
	p, c := running(t, quick)
	c.write(sendFrame(t, p.Count()+5000000))
	eventually(t, "f", func() bool { return p.Stats().PerCommand["f"] == 1 })
	p.Unplug()
	c.hangUp()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if n := len(p.Emissions()); n != 0 {
		t.Errorf("%d emissions after the cable was pulled before the preamble", n)
	}
}

func TestReset(t *testing.T) {
	p, c := running(t, quick)
	if got := c.exchange(unhex(t, "6d000000")); !bytes.Equal(got, unhex(t, "6d000001")) {
		t.Errorf("m: %x", got)
	}
	c.hangUp()
	eventually(t, "return of the port", func() bool { _, err := os.Stat(p.Path()); return err == nil })
	c = dial(t, p.Path())
	c.exchange(unhex(t, "6c000400010a0006"))
	c.exchange(unhex(t, "6200010010"))
	if v := p.Violations(); len(v) != 1 || !strings.Contains(v[0], "b before the receiver runs") {
		t.Errorf("violations %q: the settings survived the reset", v)
	}
}

func TestResetCalledOff(t *testing.T) {
	o := quick
	o.BootDelay = time.Hour
	p := newCell(t, o)
	c := dial(t, p.Path())
	c.exchange(unhex(t, "6d000000"))
	c.hangUp()
	p.Unplug()
	if err := p.Replug(); err != nil {
		t.Fatal(err)
	}
	dial(t, p.Path()).exchange(unhex(t, "71000000"))
}

func TestBootLoader(t *testing.T) {
	p := newCell(t, quick)
	c := dial(t, p.Path())
	c.exchange(unhex(t, "6e000000"))
	c.hangUp()
	if err := p.Close(); err != nil { // waits for a return that must not come
		t.Error(err)
	}
	if v := p.Violations(); len(v) != 1 || !strings.Contains(v[0], "boot loader") {
		t.Errorf("violations %q", v)
	}
}

func TestClosingThePortChangesNothing(t *testing.T) {
	p, c := running(t, quick)
	if err := c.f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Hear(eu868(9)); err != nil {
		t.Fatal(err)
	}
	if got := dial(t, p.Path()).exchange(unhex(t, "6200010010")); got[4] != 1 {
		t.Errorf("b: %x", got)
	}
}

func TestFaults(t *testing.T) {
	request := unhex(t, "6c000400010a0006")
	good := unhex(t, "6c0008010011223344556677")
	for _, c := range []struct {
		name  string
		fault Fault
		want  []byte
	}{
		{"delayed", DelayedAnswer(10 * time.Millisecond), good},
		{"garbage before", GarbageBefore(0xFF, 0x00), append([]byte{0xFF, 0x00}, good...)},
		{"garbage inside", GarbageInside(2, 0xEE, 0xEE), unhex(t, "6c00eeee0011223344556677")},
		{"torn", TornAnswer(3), good[:3]},
		{"torn on another command", TornAnswer(3).On('q'), good},
		{"torn later", TornAnswer(3).After(1), append(bytes.Clone(good), good[:3]...)},
		{"absent twice", AbsentAnswer().On('l').Times(2), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newCell(t, quick)
			p.Inject(c.fault)
			h := dial(t, p.Path())
			for n := 1; n <= 2; n++ {
				if n == 2 && !strings.HasSuffix(c.name, "later") && !strings.HasSuffix(c.name, "twice") {
					break
				}
				h.write(request)
				eventually(t, "l", func() bool { return p.Stats().PerCommand["l"] == uint64(n) })
			}
			// What comes next is whole: nothing of the fault is left over.
			h.write(unhex(t, "7200010100"))
			got := h.read(len(c.want) + 5)
			if !bytes.Equal(got, append(bytes.Clone(c.want), unhex(t, "7200010167")...)) {
				t.Errorf("read %x, want %x and an answer to r", got, c.want)
			}
		})
	}
}

func TestClearFaults(t *testing.T) {
	p := newCell(t, quick)
	p.Inject(AbsentAnswer().Times(Always))
	p.Break(WrongFirmware, Always)
	p.ClearFaults()
	if got := dial(t, p.Path()).exchange(unhex(t, "6c000400010a0006")); got[3] != statusOK {
		t.Errorf("l: %x", got)
	}
}

func TestFaultList(t *testing.T) {
	l := faultList{AbsentAnswer().On('b').After(1).Times(2), TornAnswer(1).Times(Always)}
	var got []bool
	for _, id := range []byte("bqbbb") {
		f, ok := l.strike(id)
		got = append(got, ok && f.mangle([]byte{1, 2}) == nil)
	}
	want := []bool{false, false, true, true, false}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("absent answers %v, want %v", got, want)
		}
	}
}

func TestCommandInPieces(t *testing.T) {
	p := newCell(t, quick)
	c := dial(t, p.Path())
	c.write([]byte{'w', 0, 1, 0}) // the device carries out: write 0 to register 0
	if got := c.read(4); !bytes.Equal(got, unhex(t, "77000001")) {
		t.Errorf("w: %x", got)
	}
	c.write([]byte{0x80}) // an unknown command
	eventually(t, "the unknown command", func() bool { return len(p.Violations()) == 2 })
	if got := c.exchange(unhex(t, "7200010100")); got[4] != chipVersion {
		t.Errorf("r: %x", got)
	}
	if v := p.Violations(); len(v) != 2 || !strings.Contains(v[0], "in several pieces") || !strings.Contains(v[1], "0x80") {
		t.Errorf("violations %q", v)
	}
}

func TestUnknownCommand(t *testing.T) {
	p := newCell(t, quick)
	c := dial(t, p.Path())
	c.write([]byte("AT\r\n"))
	eventually(t, "the unknown command", func() bool { return len(p.Violations()) == 1 })
	if got := c.exchange(unhex(t, "7200010100")); got[4] != chipVersion {
		t.Errorf("r: %x", got)
	}
}

func TestTwoAtOnce(t *testing.T) {
	p := newCell(t, quick)
	c := dial(t, p.Path())
	c.write(unhex(t, "7200010100 7200010100"))
	if got := c.read(10); !bytes.Equal(got, unhex(t, "7200010167 7200010167")) {
		t.Errorf("r, r: %x", got)
	}
	if v := p.Violations(); len(v) != 1 || !strings.Contains(v[0], "before the previous one was answered") {
		t.Errorf("violations %q", v)
	}
}

func TestClose(t *testing.T) {
	p, err := NewPicoCell(quick)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, p.Path())
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	c.hangUp()
	if _, err := os.Stat(filepath.Dir(p.Path())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the port's directory is still there: %v", err)
	}
	if err := p.Replug(); !errors.Is(err, errClosed) {
		t.Errorf("replugged after Close: %v", err)
	}
}

// lockedBuffer is a transcript that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTranscript(t *testing.T) {
	var b lockedBuffer
	o := quick
	o.Transcript, o.UID = &b, radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}
	o.AnswerDelay = 100 * time.Microsecond
	c := dial(t, newCell(t, o).Path())
	c.exchange(unhex(t, "6c000400010a0006"))
	c.exchange(unhex(t, "7200010100"))
	want := "-> 6c000400010a0006\n<- 6c0008010102030405060708\n-> 7200010100\n<- 7200010167\n"
	if b.String() != want {
		t.Errorf("transcript\n%swant\n%s", b.String(), want)
	}
}

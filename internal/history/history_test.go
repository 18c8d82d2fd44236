package history

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func uplink(device string, minute int) Entry {
	return Entry{Kind: Uplink, At: noon.Add(time.Duration(minute) * time.Minute), Device: device, DataRate: "SF7BW125", RSSI: -71, SNR: 9.5}
}

func (h *History) list(kind Kind, device string) (all []Entry) {
	h.Each(kind, device, func(e Entry) { all = append(all, e) })
	return all
}

func open(t *testing.T, path string) (*History, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	return Open(path, zap.New(core)), logs
}

func TestSurvivesRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history")
	h, _ := open(t, path)
	h.Add(uplink("barn", 0))
	h.Note("barn", noon.Add(time.Second), map[string]float64{"temperature": 21.5})
	h.Note("barn", noon.Add(2*time.Second), map[string]float64{"temperature": 99})
	h.Add(uplink("barn", 1)) // too soon
	h.Note("barn", noon.Add(90*time.Second), map[string]float64{"temperature": 98})
	h.Add(uplink("mill", 1))
	h.Add(Entry{Kind: Connection, At: noon, Device: "barn", State: "backing-off", Reason: "EOF"})
	h.Save()
	h.Add(Entry{Kind: Outbox, At: noon, Messages: 7})
	h.Save()
	h.Save()

	again, logs := open(t, path)
	want := uplink("barn", 0)
	want.Values = map[string]float64{"temperature": 21.5}
	if diff := cmp.Diff([]Entry{want}, again.list(Uplink, "barn")); diff != "" {
		t.Error(diff)
	}
	if got := again.list(Uplink, ""); len(got) != 2 {
		t.Errorf("uplinks %v", got)
	}
	if got := again.list(Connection, "barn"); len(got) != 1 || got[0].Reason != "EOF" {
		t.Errorf("connections %v", got)
	}
	if got := again.list(Outbox, ""); len(got) != 1 || got[0].Messages != 7 || logs.Len() != 0 {
		t.Errorf("outbox %v, said %v", got, logs.All())
	}
}

// A file cut anywhere loses the line that was cut, says so once, and is written
// on.
func TestTorn(t *testing.T) {
	t.Parallel()
	whole := append(uplink("barn", 0).line(), uplink("mill", 0).line()...)
	for cut := len(uplink("barn", 0).line()) + 1; cut < len(whole)-1; cut += 7 {
		path := filepath.Join(t.TempDir(), "history")
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		h, logs := open(t, path)
		if len(h.list(Uplink, "")) != 1 || logs.Len() != 1 {
			t.Errorf("cut at %d: %v, said %v", cut, h.list(Uplink, ""), logs.All())
		}
		h.Add(uplink("lake", 5))
		h.Save()
		h.Add(uplink("hill", 5))
		h.Save()
		if again, _ := open(t, path); len(again.list(Uplink, "")) != 3 {
			t.Errorf("cut at %d and written on: %v", cut, again.list(Uplink, ""))
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history")
	text := append(uplink("barn", 0).line(), uplink("mill", 0).line()...)
	text = append(text, bytes.Repeat([]byte{0, '\n', 0xff}, 500)...)
	text[20] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	h, logs := open(t, path)
	if got := h.list(Uplink, ""); len(got) != 1 || got[0].Device != "mill" || logs.Len() != 1 {
		t.Errorf("%v, said %v", got, logs.All())
	}
}

// Hundreds of devices that are heard every minute leave more than a day.
func TestManyDevices(t *testing.T) {
	t.Parallel()
	h, _ := open(t, "")
	for minute := range 3 * 24 * 60 {
		for device := range 500 {
			h.Add(uplink(strconv.Itoa(device), minute))
		}
	}
	all := h.list(Uplink, "7")
	if len(all) < 2 {
		t.Fatalf("%d uplinks of one device", len(all))
	}
	if span := all[len(all)-1].At.Sub(all[0].At); span < 24*time.Hour {
		t.Errorf("what is kept spans %v", span)
	}
}

// Whatever happens, the files stay below their bound, and memory too.
func TestBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history")
	h, _ := open(t, path)
	for i := range 3 * kept {
		h.Add(uplink(fmt.Sprintf("node-%d", i), i))
		if i%100 == 0 {
			h.Save()
		}
	}
	h.Save()
	for _, name := range []string{path, older(path)} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > maxFile || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %d bytes, mode %v", name, info.Size(), info.Mode())
		}
	}
	if got := len(h.list(Uplink, "")); got > kept || got < kept/2 {
		t.Errorf("%d in memory", got)
	}
	again, _ := open(t, path)
	all := again.list(Uplink, "")
	if len(all) < 2000 || all[len(all)-1].Device != fmt.Sprintf("node-%d", 3*kept-1) {
		t.Errorf("%d after a restart", len(all))
	}
}

// What cannot be written is said once, and again when it could in between.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "history")
	if err := os.MkdirAll(filepath.Join(path, "not a file"), 0o755); err != nil {
		t.Fatal(err)
	}
	h, logs := open(t, path)
	for i := range 3 {
		h.Add(Entry{Kind: Outbox, At: noon, Messages: i})
		h.Save()
	}
	if len(h.list(Outbox, "")) != 3 || logs.Len() != 2 {
		t.Errorf("%v, said %v", h.list(Outbox, ""), logs.All())
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	h.Add(Entry{Kind: Outbox, At: noon, Messages: 9})
	h.Save()
	if again, _ := open(t, path); len(again.list(Outbox, "")) != 1 {
		t.Errorf("then: %v", again.list(Outbox, ""))
	}
	memory, logs := open(t, "")
	memory.Add(uplink("barn", 0))
	memory.Save()
	if len(memory.list(Uplink, "barn")) != 1 || logs.Len() != 0 {
		t.Error("without a file")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(uplink("barn", 0).line())
	f.Add(append(Entry{Kind: Connection, Device: "a\nb", State: "connected"}.line(), "zzzzzzzz {}\n"...))
	f.Add([]byte("00000000 \n\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, bad := parse(text)
		if lines := bytes.Count(text, []byte("\n")) + 1; len(entries)+bad > lines {
			t.Errorf("%d entries and %d bad lines of %d", len(entries), bad, lines)
		}
		var again []byte
		for _, e := range entries {
			again = append(again, e.line()...)
		}
		if same, bad := parse(again); len(same) > len(entries) || bad > 0 {
			t.Errorf("%d entries, then %d and %d bad", len(entries), len(same), bad)
		}
	})
}

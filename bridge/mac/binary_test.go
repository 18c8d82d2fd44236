package mac

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
)

// encoded is the encoding of s, which must be read back as s.
func encoded(t *testing.T, s State) []byte {
	t.Helper()
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	if err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	if got != s {
		t.Fatalf("read back as\n%+v\nwant\n%+v", got, s)
	}
	return b
}

// TestRoundTrip goes through states that a session comes by.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want := DefaultDesired(newRegion(t, region.Options{Name: "AS923", Channels: []region.Channel{{Frequency: 923_600_000, MaxDR: 5}}}))
	want.RXDelay, want.Rejoin, want.ADRAck, want.DutyCycle = 4, &Rejoin{1, 2}, &ADRAck{8, 3}, 2
	want.Downlinks[1] = 924_000_000
	s := session(t, &want, V1_1_0, true)
	first := len(encoded(t, s))
	in := adrUp(&want, 2, "")
	for i := range 60 {
		in.FCnt += uint32(1 + i%3*200)
		in.SNR = float32(i) / 3
		in.Commands = fromHex([]string{"", "0703", "0307 08 09", "06FF35 0C 04", "0F01 0A03 2002", "0A00 0500", "99"}[i%7])
		s.Uplink(&want, in)
		s.Requests(&want, now(), 15)
		encoded(t, s)
	}
	last := len(encoded(t, s))
	t.Logf("%d bytes at the start, %d with a full history", first, last)
	if first > 80 || last > 250 {
		t.Errorf("%d bytes at the start, %d with a full history", first, last)
	}
}

// TestEveryField: no field of a State is left out of its encoding. A field
// that is changed and survives has a place in it.
func TestEveryField(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	base := session(t, &want, V1_0_4, true)
	base.HasStatus = true
	base.history = history{n: historySize}
	encoded(t, base)
	known := map[string]bool{
		"Params": true, "heard": true, "adrBit": true, "linkDoubt": true, "eirpKnown": true, "eirp": true, "rejoinKnown": true, "asks": true,
		"linkAsked": true, "maskRefused": true, "maxDR": true, "maxTXPower": true, "lately": true, "history": true,
	}
	for f := range reflect.TypeFor[State]().Fields() {
		if !known[f.Name] {
			t.Errorf("field %s: add it to the encoding, and to this test", f.Name)
		}
	}
	for i, change := range []func(*State){
		func(s *State) { s.heard = !s.heard },
		func(s *State) { s.adrBit = !s.adrBit },
		func(s *State) { s.linkDoubt = !s.linkDoubt },
		func(s *State) { s.eirpKnown, s.eirp = true, 5 },
		func(s *State) { s.rejoinKnown, s.Rejoin = true, Rejoin{15, 14} },
		func(s *State) {
			s.asks[slots-1] = ask{payload: [5]byte{1, 2, 3, 4, 5}, open: true, refused: 3, silent: 255, wait: 64}
		},
		func(s *State) { s.asks[0] = ask{sent: true} },
		func(s *State) { s.linkAsked = Link{DR: 1, TXPower: 2, NbTrans: 3, Mask: region.Mask{0: 1, 5: 0x8000}} },
		func(s *State) { s.maskRefused = region.Mask{4: 2} },
		func(s *State) { s.maxDR, s.maxTXPower = 3, 4 },
		func(s *State) { s.lately = lateUnknown | lateRXParam },
		func(s *State) { s.history.samples[19] = sample{fCnt: 1<<32 - 1, snr: -128} },
		func(s *State) { s.Version, s.OTAA, s.ClassC = V1_1_0, false, true },
		func(s *State) { s.Channels[15] = region.Channel{Frequency: 2_450_000_000, MinDR: 1, MaxDR: 7} },
		func(s *State) { s.Downlinks[15] = 1 },
		func(s *State) { s.RX1DROffset, s.RX2DataRate, s.RX2Frequency, s.RXDelay = 7, 15, 1<<32-1, 15 },
		func(s *State) { s.UplinkDwell, s.DownlinkDwell, s.DutyCycle = true, true, 15 },
		func(s *State) { s.ADRAck = ADRAck{1, 2} },
		func(s *State) { s.Status = Status{Battery: 254, Margin: -32, At: -1} },
		func(s *State) { s.HasStatus, s.Status = false, Status{} },
	} {
		s := base
		change(&s)
		b := encoded(t, s)
		if plain, _ := base.AppendBinary(nil); bytes.Equal(b, plain) {
			t.Errorf("change %d is not seen in the encoding", i)
		}
	}
}

// TestLargest: the most that a node can make of a State still fits.
func TestLargest(t *testing.T) {
	t.Parallel()
	want := us915(t)
	s := session(t, &want, V1_1_0, true)
	s.HasStatus, s.Status.At = true, 1<<62
	full := region.Mask{0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff}
	s.Link.Mask, s.linkAsked.Mask, s.maskRefused = full, full, full
	for i := range s.Channels {
		s.Channels[i], s.Downlinks[i] = region.Channel{Frequency: 1<<32 - 1}, 1<<32-1
	}
	for k := range s.asks {
		s.asks[k].silent = 1
	}
	for i := range s.history.samples {
		s.history.samples[i].fCnt = uint32(i+1) * 0x8000001 // wraps
	}
	s.history.n = historySize
	if n := len(encoded(t, s)); n > maxEncoded {
		t.Errorf("%d bytes", n)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	s := session(t, &want, V1_0_4, true)
	good, _ := s.AppendBinary(nil)
	for n := range good {
		if _, err := Parse(good[:n]); !errors.Is(err, errState) {
			t.Errorf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	newer := append([]byte{stateVersion + 1}, good[1:]...)
	for name, b := range map[string][]byte{
		"longer": append(bytes.Clone(good), 0), "newer": newer, "too long": make([]byte, maxEncoded+1),
	} {
		if _, err := Parse(b); !errors.Is(err, errState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, spoil := range []func(*State){
		func(s *State) { s.Version = 0 },
		func(s *State) { s.Version = V1_1_0 + 1 },
		func(s *State) { s.RXDelay = 0 },
		func(s *State) { s.RXDelay = 16 },
		func(s *State) { s.Link.NbTrans = 0 },
	} {
		bad := s
		spoil(&bad)
		b, _ := bad.AppendBinary(nil)
		if _, err := Parse(b); !errors.Is(err, errState) {
			t.Errorf("unsound record %d: %v", i, err)
		}
	}
}

// FuzzParse: what is read is written back to what is read the same, and no
// record makes trouble later.
func FuzzParse(f *testing.F) {
	want := eu868(f)
	s := session(f, &want, V1_1_0, true)
	b, _ := s.AppendBinary(nil)
	f.Add(b)
	s.HasStatus = true
	s.asks[3] = ask{sent: true, refused: 255, silent: 255, wait: 255}
	s.history.n = 3
	b, _ = s.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		encoded(t, s)
		s.Uplink(&want, adrUp(&want, 3, "0307 0507 08 0703 0A03"))
		s.Requests(&want, now(), 242)
	})
}

// FuzzUplink: no bytes of a node make trouble, and what stands before an
// unknown command counts.
func FuzzUplink(f *testing.F) {
	f.Add([]byte{0x03, 0x07, 0x0d}, uint8(V1_0_3), true)
	f.Add([]byte{0x0b, 0x01, 0x05, 0x03}, uint8(V1_1_0), true)
	f.Add([]byte{0x01, 0x01, 0xff, 0x02}, uint8(V1_1_0), false)
	wishes := eu868(f)
	wishes.RXDelay, wishes.RX2DataRate, wishes.DutyCycle = 3, 3, 4
	wishes.ADRAck, wishes.Rejoin = &ADRAck{1, 1}, &Rejoin{1, 1}
	f.Fuzz(func(t *testing.T, commands []byte, v uint8, otaa bool) {
		version := V1_0_0 + Version(v)%6
		s := session(t, &wishes, version, otaa)
		s.Requests(&wishes, now(), 242)
		in := up(&wishes, "")
		// LinkCheckReq before it all is answered whatever follows.
		in.Commands = append([]byte{byte(lorawan.LinkCheckReq)}, commands...)
		out := s.Uplink(&wishes, in)
		if len(out.Answers) < 3 || out.Answers[0] != byte(lorawan.LinkCheckAns) || len(out.Answers) > 15 {
			t.Fatalf("answers %x", out.Answers)
		}
		if !s.sound() {
			t.Fatalf("unsound %+v", s)
		}
		encoded(t, s)
		s.Requests(&wishes, now(), 15)
	})
}

// TestKnownBeforeUnknown: whatever readable commands stand before an unknown
// one have the same effect as without it.
func TestKnownBeforeUnknown(t *testing.T) {
	t.Parallel()
	known := []string{"02", "0307", "04", "0507", "06FF05", "0703", "08", "09", "0A03", "0B01", "0C", "0F01", "2002"}
	random := rand.New(rand.NewPCG(1, 2))
	want := eu868(t)
	want.RXDelay, want.RX2DataRate, want.DutyCycle = 3, 3, 4
	for range 500 {
		var commands []byte
		for range random.IntN(6) {
			commands = append(commands, fromHex(known[random.IntN(len(known))])...)
		}
		a := session(t, &want, V1_1_0, true)
		a.Requests(&want, now(), 242)
		b := a
		in := up(&want, "")
		in.Commands = commands
		plain := a.Uplink(&want, in)
		in.Commands = append(bytes.Clone(commands), 0x80+byte(random.IntN(128)), byte(random.IntN(256)))
		cut := b.Uplink(&want, in)
		if !bytes.Equal(plain.Answers, cut.Answers) || len(cut.Events) != len(plain.Events)+1 {
			t.Fatalf("%x: %v with, %v without an unknown command behind it", commands, cut, plain)
		}
		b.lately = a.lately
		if a != b {
			t.Fatalf("%x leaves %+v, and with an unknown command behind it %+v", commands, a, b)
		}
	}
}

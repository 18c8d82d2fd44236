package store

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// samples are one record of each kind and its encoding.
func samples() map[string]record {
	return map[string]record{
		"\x01\x06\x01b\x02kev":                           {kind: kindPut, bucket: "b", key: "ke", value: []byte("v"), off: 7},
		"\x02\x04\x01b\x01k":                             {kind: kindDelete, bucket: "b", key: "k"},
		"\x03\x0b\x81\x01\x02\x03\x01a\x01\x02\x03\x04P": {kind: kindEntry, seq: 129, at: 1, priority: 3, node: "a", sum: 0x01020304, value: []byte("P"), off: 12},
		"\x04\x03\x05\x01\x02":                           {kind: kindDone, seqs: []uint64{5, 6, 8}},
		"\x05\x06\x01a\x00\xff\xff\x03":                  {kind: kindNonces, node: "a", nonces: []uint16{0, 65535}},
		"\x06\x02\x01a":                                  {kind: kindNonceSet, node: "a"},
		"\x07\x01\x09":                                   {kind: kindTrim, number: 9},
	}
}

func same(a, b record) string { return cmp.Diff(a, b, cmp.AllowUnexported(record{})) }

func TestRecords(t *testing.T) {
	t.Parallel()
	for encoded, r := range samples() {
		if got := appendRecord(nil, &r); string(got) != encoded {
			t.Errorf("kind %d: encoded %q, want %q", r.kind, got, encoded)
		}
		got, next, err := parseRecord([]byte(encoded), 0)
		if diff := same(r, got); diff != "" || next != len(encoded) || err != nil {
			t.Errorf("kind %d: %d, %v (-want +got):\n%s", r.kind, next, err, diff)
		}
		for cut := range len(encoded) {
			if _, _, err := parseRecord([]byte(encoded[:cut]), 0); err == nil {
				t.Errorf("kind %d: cut at %d it is still a record", r.kind, cut)
			}
		}
	}
}

func TestNotRecords(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]string{
		"unknown kind":        "\x63\x00",
		"no kind":             "\x00\x00",
		"length beyond end":   "\x01\xff\xff\xff\xff\x0f",
		"length overflows":    "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"string beyond end":   "\x02\x02\x7fx",
		"too much":            "\x07\x02\x01\x01",
		"numbers fall":        "\x04\x02\x05\x00",
		"nonce beyond 16 bit": "\x05\x05\x01a\x80\x80\x04",
	} {
		if r, _, err := parseRecord([]byte(b), 0); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if _, err := parseRecords([]byte("\x07\x01\x09\x07")); err == nil {
		t.Error("half a body was taken")
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("x"), 600)
	b := seal(append(make([]byte, groupHead), body...), 7, 42)
	if len(b) != 2*sector {
		t.Errorf("%d bytes, want whole sectors", len(b))
	}
	g, ok := parseGroup(b, 7)
	if !ok || g.commit != 42 || !bytes.Equal(g.body, body) || g.size != len(b) {
		t.Errorf("%+v, %v", g, ok)
	}
	if _, ok := parseGroup(b, 8); ok {
		t.Error("a group of another segment was taken")
	}
	for at := range groupHead + len(body) {
		broken := bytes.Clone(b)
		broken[at] ^= 0x80
		if _, ok := parseGroup(broken, 7); ok {
			t.Errorf("byte %d may be anything", at)
		}
	}
	for cut := range groupHead + len(body) {
		if _, ok := parseGroup(b[:cut], 7); ok {
			t.Errorf("cut at %d it is still a group", cut)
		}
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	h := header{id: 1, number: 2, first: 3, oldest: 4, seq: math.MaxUint64, size: 6}
	block := headerBlock(h)
	for _, at := range []int{0, headerCopy} {
		broken := bytes.Clone(block)
		broken[at+20] ^= 1
		if got, err := readHeader(broken, 2); err != nil || got != h {
			t.Errorf("one copy broken: %+v, %v", got, err)
		}
	}
	if _, err := readHeader(block, 3); err == nil {
		t.Error("the header of another segment was taken")
	}
	if got := segmentName(12); got != "log-00000012.seg" {
		t.Errorf("name %s", got)
	}
	for name, want := range map[string]uint64{
		"log-00000012.seg": 12, "log-123456789.seg": 123456789,
		"log-00000000.seg": 0, "log-12.seg": 0, "log-00000012.seg.damaged-1": 0, "new.seg": 0, "log--0000012.seg": 0,
	} {
		if got, ok := segmentNumber(name); got != want && ok || ok != (want > 0) {
			t.Errorf("%s: %d, %v", name, got, ok)
		}
	}
}

// FuzzRecords: what parses encodes to something that parses to the same.
func FuzzRecords(f *testing.F) {
	for encoded := range samples() {
		f.Add([]byte(encoded))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		records, err := parseRecords(body)
		if err != nil {
			return
		}
		for _, r := range records {
			again, _, err := parseRecord(appendRecord(nil, &r), 0)
			r.off, again.off = 0, 0
			if diff := same(r, again); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
	})
}

// FuzzSegment: a segment of any content is replayed without a panic.
func FuzzSegment(f *testing.F) {
	body := make([]byte, groupHead)
	for _, r := range samples() {
		body = appendRecord(body, &r)
	}
	f.Add(seal(body, seed(0, 0), 1))
	f.Add(seal(make([]byte, groupHead), seed(0, 0), 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &segment{header: header{first: 1}, file: memory(append(make([]byte, dataStart), data...))}
		for _, limit := range []uint64{2, noLimit} {
			r := replay{state: newState(), entries: replayed{}, report: &Report{}}
			r.segment(g, limit)
			r.finish([]*segment{g})
			if g.end < dataStart || g.end > int64(dataStart+len(data)+sector) {
				t.Errorf("the end is at %d of %d", g.end, len(data))
			}
		}
	})
}

// memory is a File that is only read.
type memory []byte

func (m memory) ReadAt(b []byte, off int64) (int, error) { return bytes.NewReader(m).ReadAt(b, off) }
func (memory) WriteAt(b []byte, _ int64) (int, error)    { return len(b), nil }
func (memory) Sync() error                               { return nil }
func (memory) Close() error                              { return nil }

// FuzzImport: no text makes the parser panic, and what it accepts was whole.
func FuzzImport(f *testing.F) {
	f.Add([]byte("gatewayd-store 1\nend 0 8b2a4ed3ef04a6a84d27ff3a2fa2c5dbd8a0a2bbd1b3dc0b6c3d2c8c9b4b6a11\n"))
	f.Add([]byte("gatewayd-store 1\n" + `{"kind":"record","bucket":"b","key":"k","value":"dg=="}` + "\nend 1 00\n"))
	f.Add([]byte("gatewayd-store 1\n" + `{"kind":"nonces","node":"a","nonces":[3,1,3]}` + "\n"))
	f.Add([]byte("gatewayd-store 1\n" + `{"kind":"message","node":"a","seq":1,"value":"dg=="}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		err := parseExport(bytes.NewReader(text), func(r *record) error {
			if got, _, err := parseRecord(appendRecord(nil, r), 0); err != nil || got.kind != r.kind {
				t.Errorf("%+v: %v", r, err)
			}
			return nil
		})
		if err == nil && !bytes.Contains(text, []byte("\nend ")) {
			t.Error("an export without an end was taken")
		}
	})
}

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
)

const firstSegment = "log-00000001.seg"

// tiny makes a log of 12 commits in small segments.
func tiny(t *testing.T, size int64, payload int) *storetest.Disk {
	t.Helper()
	d := storetest.New(5)
	s := open(t, "disk", store.Options{FS: d, SegmentBytes: size})
	for i := range 12 {
		commit(t, s, store.Batch{
			Put:    []store.Record{{Bucket: "session", Key: fmt.Sprint(i), Value: []byte("session")}},
			Nonces: []store.Nonce{{Node: "a", DevNonce: uint16(i)}},
			Outbox: []store.Entry{entry("a", fmt.Sprintf("%02d%s", i, strings.Repeat(".", payload)))},
		})
	}
	return d
}

// copyDisk is d with one file changed.
func copyDisk(d *storetest.Disk, name string, change func([]byte) []byte) *storetest.Disk {
	after := storetest.New(6)
	names, _ := d.Names()
	for _, n := range names {
		b := d.Bytes(n)
		if n == name {
			b = change(b)
		}
		after.SetBytes(n, b)
	}
	return after
}

// survivors opens a damaged disk twice and returns what is left of the twelve
// commits. Each is there in full or not at all.
func survivors(t *testing.T, what string, d *storetest.Disk) (left []int, r store.Report, err error) {
	t.Helper()
	opts := store.Options{FS: d, SegmentBytes: small / 2}
	s, err := store.Open("disk", opts)
	if err != nil {
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", what, err)
		}
		return nil, store.Report{}, err
	}
	r = s.Report()
	payloads := strings.Join(records(t, s, "a", 0, 100), " ")
	for i := range 12 {
		_, put := s.Get("session", fmt.Sprint(i))
		sent := strings.Contains(payloads, fmt.Sprintf("%02d", i))
		if put != sent || put != s.NonceUsed("a", uint16(i)) {
			t.Errorf("%s: commit %d is there in part", what, i)
		}
		if put {
			left = append(left, i)
		}
	}
	before := fmt.Sprint(left)
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "new", Key: "k", Value: []byte("v")}}})
	closeStore(t, s)
	s, err = store.Open("disk", opts)
	if err != nil {
		t.Fatalf("%s: second Open: %v", what, err)
	}
	again := s.Report()
	if len(again.Damaged) > 0 || again.SalvagedCounters != r.SalvagedCounters {
		t.Errorf("%s: first %v, then %v", what, r, again)
	}
	if _, ok := s.Get("new", "k"); !ok || s.Waiting()["a"] != len(left) {
		t.Errorf("%s: second Open finds %d, first %s", what, s.Waiting()["a"], before)
	}
	closeStore(t, s)
	return left, r, nil
}

// TestEveryByteFlipped damages each byte of a small log. One commit is lost at
// most, and nothing goes unnoticed but in the last one, which cannot be told
// from one cut short.
func TestEveryByteFlipped(t *testing.T) {
	t.Parallel()
	d := tiny(t, small/2, 30)
	const from, to = 8192, 8192 + 12*512
	for at := 0; at < to; at++ {
		if at%4096 >= 64 && at < from {
			continue // nothing is there
		}
		if at >= from && at%512 > 140 && at%512 < 509 {
			continue // padding
		}
		what := fmt.Sprint("byte ", at)
		left, r, err := survivors(t, what, copyDisk(d, firstSegment, func(b []byte) []byte {
			b[at] ^= 0x10
			return b
		}))
		switch hit := (at - from) / 512; {
		case err != nil:
			t.Errorf("%s: %v", what, err)
		case at < from && len(left) != 12:
			t.Errorf("%s: a copy of the header cost commits: %v", what, left)
		case at >= from && len(left) == 12: // padding
		case at >= from && len(left) == 11 && hit == 11:
			// Nobody can tell.
		case at >= from && (len(left) != 11 || !r.SalvagedCounters || r.LostCommits != 1 || len(r.Damaged) != 1):
			t.Errorf("%s: left %v, %v", what, left, r)
		}
	}
}

// TestCutAnywhere ends a log of several segments early, in each segment.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	d := tiny(t, 8192+512+4*1024, 900)
	names, _ := d.Names()
	if len(names) < 3 {
		t.Fatalf("one segment: %v", names)
	}
	for _, name := range names {
		for at := 0; at < len(d.Bytes(name)); at += 171 {
			what := fmt.Sprint(name, " cut at ", at)
			left, r, err := survivors(t, what, copyDisk(d, name, func(b []byte) []byte { return b[:at] }))
			if err != nil || len(r.Damaged) == 0 || !r.SalvagedCounters {
				t.Errorf("%s: left %v, %v, %v", what, left, r, err)
			}
		}
	}
}

// TestPagesLost overwrites pages with zeros or noise, as worn flash does.
func TestPagesLost(t *testing.T) {
	t.Parallel()
	d := tiny(t, 8192+512+4*1024, 900)
	names, _ := d.Names()
	for _, name := range names {
		for at := 0; at+4096 <= len(d.Bytes(name)); at += 4096 {
			for _, noise := range []byte{0, 0xA5, 0xFF} {
				what := fmt.Sprintf("%s page at %d is %#x", name, at, noise)
				left, _, err := survivors(t, what, copyDisk(d, name, func(b []byte) []byte {
					for i := range 4096 {
						b[at+i] = noise
					}
					return b
				}))
				if err != nil || len(left) < 6 || at < 8192 && len(left) != 12 {
					t.Errorf("%s: left %v, %v", what, left, err)
				}
			}
		}
	}
}

// TestSegmentMissing removes whole files, as a careless operator does.
func TestSegmentMissing(t *testing.T) {
	t.Parallel()
	d := tiny(t, 8192+512+4*1024, 900)
	names, _ := d.Names()
	for _, missing := range names[:len(names)-1] {
		after := storetest.New(6)
		for _, n := range names {
			if n != missing {
				after.SetBytes(n, d.Bytes(n))
			}
		}
		if left, r, err := survivors(t, missing+" missing", after); err != nil || !r.SalvagedCounters || len(left) < 6 {
			t.Errorf("%s missing: left %v, %v, %v", missing, left, r, err)
		}
	}
}

func TestDamagedSegmentIsKeptAside(t *testing.T) {
	t.Parallel()
	d := copyDisk(tiny(t, small, 30), firstSegment, func(b []byte) []byte {
		b[8192+3*512+40] ^= 1
		return b
	})
	broken := d.Bytes(firstSegment)
	s := on(t, d)
	want := store.Report{
		Segments: 1, Commits: 11, Records: 11, Outbox: 11,
		Damaged: []string{firstSegment}, LostCommits: 1, SalvagedCounters: true,
	}
	if diff := cmp.Diff(want, s.Report()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	names, _ := d.Names()
	aside := ""
	for _, n := range names {
		if strings.HasPrefix(n, firstSegment+".damaged-") {
			aside = n
		}
	}
	if !bytes.Equal(d.Bytes(aside), broken) {
		t.Errorf("the damaged segment is not kept as it was: %v", names)
	}
	// The jump is asked for until it has been made.
	s = on(t, d)
	if !s.Report().SalvagedCounters {
		t.Error("a restart has forgotten that counters must jump")
	}
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "session", Key: "1", Value: []byte("far on")}}, Jumped: true})
	if s = on(t, d); s.Report().SalvagedCounters {
		t.Error("counters have jumped and are asked to again")
	}
}

// A damaged store on a full disk works on, and is mended at a later start.
func TestDamagedOnFullDisk(t *testing.T) {
	t.Parallel()
	d := copyDisk(tiny(t, small, 30), firstSegment, func(b []byte) []byte {
		b[8192+3*512+40] ^= 1
		return b
	})
	d.Fail(full("create"))
	s := on(t, d)
	if !s.Report().SalvagedCounters || s.Waiting()["a"] != 11 {
		t.Errorf("%v", s.Report())
	}
	if _, err := s.Commit(store.Batch{Put: []store.Record{{Bucket: "b", Key: "k", Value: []byte("v")}}}); err == nil {
		t.Error("a commit without space")
	}
	d.Fail(nil)
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "b", Key: "k", Value: []byte("v")}}})
	s = on(t, d)
	if _, ok := s.Get("b", "k"); !ok || len(s.Report().Damaged) != 1 {
		t.Errorf("%v", s.Report())
	}
	if s = on(t, d); len(s.Report().Damaged) != 0 || s.Waiting()["a"] != 11 {
		t.Errorf("not mended: %v", s.Report())
	}
}

// A payload that rots while the daemon runs is reported, and holds up nobody.
func TestPayloadRots(t *testing.T) {
	t.Parallel()
	d := storetest.New(1)
	s, err := store.Open("", store.Options{FS: d, Recent: -1})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "first"), entry("a", "second")}})
	d.Rot(firstSegment, strings.Index(string(d.Bytes(firstSegment)), "first"))
	if diff := cmp.Diff([]string{"second"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lost := commit(t, s, store.Batch{}); lost["a"] != 1 {
		t.Errorf("lost %v, want the one", lost)
	}
}

// TestBadSectors makes the device refuse to read one page, for each page.
func TestBadSectors(t *testing.T) {
	t.Parallel()
	for bad := int64(0); bad < 8192+12*512; bad += 4096 {
		d := copyDisk(tiny(t, small, 30), "", nil)
		d.Fail(func(op storetest.Op) error {
			if op.What == "read" && op.Name == firstSegment && op.Off < bad+4096 && op.Off+int64(op.Size) > bad {
				return syscall.EIO
			}
			return nil
		})
		left, r, err := survivors(t, fmt.Sprint("page at ", bad), d)
		if err != nil || !r.SalvagedCounters || len(left) < 4 || bad < 8192 && len(left) != 12 {
			t.Errorf("page at %d: left %v, %v, %v", bad, left, r, err)
		}
	}
}

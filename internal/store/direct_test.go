package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// stubborn is a device with larger sectors.
type stubborn struct {
	*os.File
	closed int
}

func (*stubborn) WriteAt([]byte, int64) (int, error) { return 0, unix.EINVAL }
func (s *stubborn) Close() error                     { s.closed++; return nil }

// Whatever way a write takes, what was written is read back.
func TestDirectWrites(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for _, tt := range []struct {
		name    string
		scratch *scratch
		refuse  bool
	}{
		{"through the cache", nil, false},
		{"past it, where the file system can", &scratch{}, false},
		{"past it, refused", &scratch{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := directory{path: t.TempDir(), scratch: tt.scratch}
			created, err := dir.Create("f", size)
			if err != nil {
				t.Fatal(err)
			}
			f := created.(*osFile)
			refusing := &stubborn{}
			if tt.refuse {
				if f.direct != nil {
					_ = f.direct.close()
				}
				f.direct = &direct{refusing, tt.scratch}
			}
			want := make([]byte, size)
			rng := rand.New(rand.NewPCG(1, 2))
			// Whole sectors, parts of them, across pages, and more than one chunk.
			for _, w := range []struct{ off, size int }{
				{0, 8192}, {8192, 512}, {8704, 1024}, {9728, 100}, {9728, 512}, {10240, directChunk + 512}, {513, 1}, {size - 512, 512},
			} {
				p := make([]byte, w.size)
				for i := range p {
					p[i] = byte(rng.Uint32())
				}
				copy(want[w.off:], p)
				if n, err := f.WriteAt(p, int64(w.off)); n != len(p) || err != nil {
					t.Fatalf("%d bytes at %d: wrote %d, %v", w.size, w.off, n, err)
				}
				got := make([]byte, w.size)
				if _, err := f.ReadAt(got, int64(w.off)); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("%d bytes at %d: read back something else, %v", w.size, w.off, err)
				}
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir.path, "f")); err != nil || !bytes.Equal(got, want) {
				t.Errorf("the file holds something else, %v", err)
			}
			if tt.refuse && (refusing.closed != 1 || f.direct != nil || f.unit() != page) {
				t.Errorf("refused: closed %d times, unit %d; want it given up", refusing.closed, f.unit())
			}
		})
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	r := newRecent(10)
	for seq := uint64(1); seq <= 4; seq++ {
		r.add(seq, []byte("abcd"))
	}
	r.add(5, make([]byte, 11))
	if len(r.payloads) != 2 || r.bytes != 8 || r.payloads[4] == nil || r.payloads[3] == nil {
		t.Errorf("kept %v, %d bytes; want 3 and 4 with 8", r.payloads, r.bytes)
	}
	for seq := uint64(6); seq < 10_000; seq++ {
		r.add(seq, []byte("x"))
		r.drop(seq)
	}
	if r.bytes > 8 || len(r.order) > 100 {
		t.Errorf("%d bytes and %d numbers are left of what was dropped", r.bytes, len(r.order))
	}
}

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/store"
)

// filled makes a store of every kind of content, closed.
func filled(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	s := open(t, dir, store.Options{SegmentBytes: small})
	commit(t, s, store.Batch{
		Put:    []store.Record{{Bucket: "session", Key: "otaa:1", Value: []byte{0, 1, 2}}, {Bucket: "dps", Key: "empty", Value: []byte{}}},
		Nonces: []store.Nonce{{Node: "a", DevNonce: 65535}, {Node: "a", DevNonce: 0}},
		Outbox: []store.Entry{entry("a", "done"), {Node: "b", Priority: 3, Record: []byte("\xff\n")}, entry("a", "2")},
		Now:    noon, NowTrusted: true,
	})
	for i := range 200 {
		commit(t, s, store.Batch{Put: []store.Record{{Bucket: "queue", Key: fmt.Sprint(i % 3), Value: make([]byte, 500)}}})
	}
	s.Done("a", 1)
	closeStore(t, s)
	return dir
}

// contentOf describes a store.
func contentOf(t *testing.T, dir string) (content, []store.Entry, store.Report) {
	t.Helper()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	c := content{Keys: map[string]string{}, Nonces: map[string]bool{}}
	for _, bucket := range []string{"session", "dps", "queue"} {
		s.Each(bucket, "", func(key string, value []byte) { c.Keys[bucket+"/"+key] = string(value) })
	}
	for _, nonce := range []uint16{0, 1, 65535} {
		c.Nonces[fmt.Sprint("a/", nonce)] = s.NonceUsed("a", nonce)
	}
	seen, err := s.LastSeen()
	if err != nil {
		t.Fatal(err)
	}
	c.Keys["last seen"] = seen.UTC().String()
	var waiting []store.Entry
	for _, node := range []string{"a", "b"} {
		entries, err := s.Pending(node, 0, 99)
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, entries...)
	}
	return c, waiting, s.Report()
}

func TestExportImport(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	var text bytes.Buffer
	if err := store.Export(dir, &text); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(text.String(), "\n"); first != "gatewayd-store 1" {
		t.Errorf("it begins with %q", first)
	}
	copied := filepath.Join(t.TempDir(), "copy.d")
	if err := store.Import(copied, bytes.NewReader(text.Bytes())); err != nil {
		t.Fatal(err)
	}
	want, waiting, _ := contentOf(t, dir)
	got, gotWaiting, r := contentOf(t, copied)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(waiting, gotWaiting); diff != "" || len(waiting) != 2 {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
	if !r.SalvagedCounters || len(r.Damaged) > 0 {
		t.Errorf("an import must ask for counters to jump: %v", r)
	}
	s := open(t, copied, store.Options{})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("c", "x")}})
	if e, _ := s.Pending("c", 0, 1); len(e) != 1 || e[0].Seq < 1000 {
		t.Errorf("numbers go on at once: %+v", e)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	var text bytes.Buffer
	if err := store.Export(dir, &text); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing":         "",
		"another version": strings.Replace(text.String(), "gatewayd-store 1", "gatewayd-store 2", 1),
		"cut":             text.String()[:text.Len()-80],
		"changed":         strings.Replace(text.String(), `"key":"otaa:1"`, `"key":"otaa:2"`, 1),
		"a line missing":  strings.Replace(text.String(), `{"kind":"nonces"`, "\n", 1),
		"something after": text.String() + "x\n",
	} {
		to := filepath.Join(t.TempDir(), "copy.d")
		if err := store.Import(to, strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := filepath.Glob(to + "*"); len(left) != 1 || left[0] != to+".lock" {
			t.Errorf("%s: left %v", name, left)
		}
	}
	if err := store.Import(dir, bytes.NewReader(text.Bytes())); err == nil {
		t.Error("a store was replaced")
	}
	if err := os.MkdirAll(filepath.Join(filepath.Dir(dir), "part.d.new", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := store.Import(filepath.Join(filepath.Dir(dir), "part.d"), bytes.NewReader(text.Bytes())); err != nil {
		t.Errorf("after an interrupted import: %v", err)
	}
}

func TestOfflineCommandsWantAStore(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	_, verify := store.Verify(dir)
	_, _, compact := store.Compact(dir)
	for name, err := range map[string]error{"export": store.Export(dir, &bytes.Buffer{}), "verify": verify, "compact": compact} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s of nothing: %v", name, err)
		}
	}
	open(t, dir, store.Options{})
	_, verify = store.Verify(dir)
	_, _, compact = store.Compact(dir)
	for name, err := range map[string]error{
		"export": store.Export(dir, &bytes.Buffer{}), "verify": verify, "compact": compact,
		"import": store.Import(dir, strings.NewReader("gatewayd-store 1\n")),
	} {
		if !errors.Is(err, store.ErrLocked) {
			t.Errorf("%s beside a running daemon: %v", name, err)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	r, err := store.Verify(dir)
	if err != nil || r.Records != 6 || r.Outbox != 2 || r.Torn {
		t.Errorf("%v, %v", r, err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	name := files[len(files)-2]
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[8192+100] ^= 1
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err = store.Verify(dir)
	if !errors.Is(err, store.ErrDamaged) || len(r.Damaged) != 1 || !strings.Contains(r.String(), "at least 1 commits are lost") {
		t.Errorf("%v, %v", r, err)
	}
	if again, err := os.ReadFile(name); err != nil || !bytes.Equal(again, content) {
		t.Error("Verify has changed a file")
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	want, waiting, _ := contentOf(t, dir)
	before, after, err := store.Compact(dir)
	if err != nil || after > 20_000 || before < 2*after {
		t.Errorf("%d bytes, then %d, %v", before, after, err)
	}
	got, gotWaiting, r := contentOf(t, dir)
	if diff := cmp.Diff(want, got) + cmp.Diff(waiting, gotWaiting); diff != "" || r.SalvagedCounters {
		t.Errorf("%v (-want +got):\n%s", r, diff)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
}

// TestConcurrentUse is for the race detector: hub connections read and forget
// while the bridge commits and the log is cleaned.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := open(t, folder(t), store.Options{SegmentBytes: small, Spool: time.Hour})
	const n = 300
	finished := make(chan error, 2)
	for _, node := range []string{"a", "b"} {
		go func() {
			sent := 0
			for after := uint64(0); sent < n; {
				entries, err := s.Pending(node, after, 7)
				if err != nil {
					finished <- err
					return
				}
				for _, e := range entries {
					if want := fmt.Sprint(node, sent, strings.Repeat(".", 200)); string(e.Record) != want {
						finished <- fmt.Errorf("got %.10q, want %.10q", e.Record, want)
						return
					}
					s.Done(node, e.Seq)
					after = e.Seq
					sent++
				}
			}
			finished <- nil
		}()
	}
	for i := range n {
		b := store.Batch{Deferrable: i%2 == 0, Put: []store.Record{{Bucket: "b", Key: fmt.Sprint(i % 5), Value: make([]byte, 100)}}}
		for _, node := range []string{"a", "b"} {
			b.Outbox = append(b.Outbox, entry(node, fmt.Sprint(node, i, strings.Repeat(".", 200))))
		}
		commit(t, s, b)
		s.Stats()
		s.Waiting()
	}
	for range 2 {
		if err := <-finished; err != nil {
			t.Error(err)
		}
	}
}

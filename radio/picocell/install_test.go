package picocell

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vendorFiles are fake images as the vendor's text, and their pins.
func vendorFiles() (map[string][]byte, Pins) {
	raw := fakeImages(".var")
	files := make(map[string][]byte)
	for name, b := range raw {
		files[name] = arrayText(b)
	}
	return files, PinsFor(raw)
}

func serve(t *testing.T, files map[string][]byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := files[strings.TrimPrefix(r.URL.Path, "/src/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/src"
}

// content reads a folder.
func content(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	m := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if m[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestInstall(t *testing.T) {
	files, pins := vendorFiles()
	checkout := t.TempDir()
	src := filepath.Join(checkout, "libloragw", "src")
	if err := os.MkdirAll(src, 0o755); err != nil {
		t.Fatal(err)
	}
	writeImages(t, src, files)
	tests := []struct {
		name string
		o    InstallOptions
	}{
		{"download", InstallOptions{URL: serve(t, files)}},
		{"checkout", InstallOptions{Checkout: checkout}},
		{"the folder itself", InstallOptions{Checkout: src}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "firmware")
			tt.o.Dir, tt.o.Pins = dir, pins
			if err := Install(context.Background(), tt.o); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(files, content(t, dir)); diff != "" {
				t.Error("installed files differ from the vendor's")
			}
			if _, err := LoadImages(dir, pins); err != nil {
				t.Error(err)
			}
			if err := Install(context.Background(), tt.o); err != nil {
				t.Errorf("again: %v", err)
			}
		})
	}
}

func TestInstallWritesNothingUnlessAllIsRight(t *testing.T) {
	good, pins := vendorFiles()
	tests := []struct {
		name   string
		change func(files map[string][]byte)
		want   string
	}{
		{"one is missing", func(f map[string][]byte) { delete(f, "cal_fw.var") }, "cal_fw.var: the server says 404"},
		{"one is wrong", func(f map[string][]byte) { f["agc_fw.var"] = f["arb_fw.var"] }, "agc_fw.var: SHA-256 is"},
		{"one is huge", func(f map[string][]byte) { f["arb_fw.var"] = make([]byte, maxImageFile+1) }, "arb_fw.var: more than 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := maps.Clone(good)
			tt.change(files)
			dir := t.TempDir()
			before := map[string][]byte{"agc_fw.bin": []byte("old")}
			writeImages(t, dir, before)
			err := Install(context.Background(), InstallOptions{Dir: dir, URL: serve(t, files), Pins: pins})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(before, content(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInstallReplacesTheOtherExtension(t *testing.T) {
	raw := fakeImages(".bin")
	checkout, dir := t.TempDir(), t.TempDir()
	writeImages(t, checkout, raw)
	writeImages(t, dir, map[string][]byte{"agc_fw.var": []byte("{1}")})
	if err := Install(context.Background(), InstallOptions{Dir: dir, Checkout: checkout, Pins: PinsFor(raw)}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadImages(dir, PinsFor(raw)); err != nil {
		t.Error(err)
	}
}

func TestInstallStopsWithItsContext(t *testing.T) {
	files, pins := vendorFiles()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "firmware")
	if err := Install(ctx, InstallOptions{Dir: dir, URL: serve(t, files), Pins: pins}); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("folder made")
	}
}

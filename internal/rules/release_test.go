//go:build dist

package rules

import (
	"debug/buildinfo"
	"debug/elf"
	"os"
	"path/filepath"
	"testing"
)

// What a binary may weigh, in bytes: on a Pi it is copied over slow networks to
// small cards.
const (
	maxPi    = 20 << 20
	maxAMD64 = 24 << 20
)

// TestRelease looks at what "make cross" has built.
func TestRelease(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		size    int64
		machine elf.Machine
		class   elf.Class
		setting map[string]string
	}{
		{"gatewayd_linux_armv6", maxPi, elf.EM_ARM, elf.ELFCLASS32, map[string]string{"GOARCH": "arm", "GOARM": "6"}},
		{"gatewayd_linux_arm64", maxPi, elf.EM_AARCH64, elf.ELFCLASS64, map[string]string{"GOARCH": "arm64"}},
		{"gatewayd_linux_amd64", maxAMD64, elf.EM_X86_64, elf.ELFCLASS64, map[string]string{"GOARCH": "amd64"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(root, "dist", tt.name)
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() >= tt.size {
				t.Errorf("%d bytes, want less than %d", info.Size(), tt.size)
			}
			t.Logf("%.1f MiB", float64(info.Size())/(1<<20))
			checkELF(t, file, tt.machine, tt.class)
			tt.setting["CGO_ENABLED"], tt.setting["-trimpath"] = "0", "true"
			checkSettings(t, file, tt.setting)
		})
	}
}

// checkELF wants a static executable: nothing to load, no loader.
func checkELF(t *testing.T, file string, machine elf.Machine, class elf.Class) {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != machine || f.Class != class {
		t.Errorf("built for %v %v, want %v %v", f.Machine, f.Class, machine, class)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("not static: it has a %v segment", p.Type)
		}
	}
}

// checkSettings compares what the build recorded of itself.
func checkSettings(t *testing.T, file string, want map[string]string) {
	t.Helper()
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range info.Settings {
		got[s.Key] = s.Value
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("built with %s=%q, want %q", key, got[key], value)
		}
	}
}

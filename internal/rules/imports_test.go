package rules

import (
	"slices"
	"strings"
	"testing"
)

// ban forbids packages to import others. A pattern is an import path, or one
// with "/..." for everything below it too.
type ban struct {
	from, except []string
	to, allow    []string
	why          string
}

// bans are the one-way streets of docs/architecture.md. They bind what ships;
// tests may bring both ends together.
func bans() []ban {
	return []ban{
		{
			from: []string{"gatewayd/radio/..."},
			to:   []string{"gatewayd/hub/...", "gatewayd/bridge/...", "gatewayd/internal/config", "gatewayd/cmd/..."},
			why:  "the air knows nothing of the cloud, of sessions or of configuration files; it is usable without them",
		},
		{
			from: []string{"gatewayd/hub/..."},
			to:   []string{"gatewayd/radio/...", "gatewayd/bridge/...", "gatewayd/internal/config", "gatewayd/cmd/..."},
			why:  "the Azure side carries messages and would read the same for nodes of any other kind",
		},
		{
			from:   []string{"gatewayd/bridge/..."},
			to:     []string{"gatewayd/..."},
			allow:  []string{"gatewayd/radio", "gatewayd/hub", "gatewayd/bridge/...", "gatewayd/internal/..."},
			except: nil,
			why:    "the bridge works with the types of the air and of the cloud, never with one driver or with the emulator",
		},
		{
			from: []string{"gatewayd/bridge/..."},
			to:   []string{"gatewayd/internal/config"},
			why:  "configuration is turned into values in one place, cmd/gatewayd",
		},
		{
			from: []string{"gatewayd/internal/..."},
			to:   []string{"gatewayd/cmd/..."},
			why:  "cmd is where everything is put together, so nothing can rest on it",
		},
		{
			from: []string{"gatewayd/hub/hubtest"},
			to:   []string{"gatewayd/hub"},
			why:  "an emulator that shares code with the client agrees with its mistakes",
		},
		{
			from:   []string{"gatewayd/..."},
			except: []string{"gatewayd/hub", "gatewayd/hub/hubtest"},
			to:     []string{"github.com/eclipse/paho.mqtt.golang/..."},
			why:    "one package knows the traps of the MQTT library",
		},
		{
			from:  []string{"gatewayd/hub/hubtest"},
			to:    []string{"github.com/eclipse/paho.mqtt.golang/..."},
			allow: []string{"github.com/eclipse/paho.mqtt.golang/packets"},
			why:   "the emulator may read packets with paho's codec, but must not be its client",
		},
		{
			from:   []string{"gatewayd/..."},
			except: []string{"gatewayd/radio/picocell", "gatewayd/radio/modem"},
			to:     []string{"github.com/tarm/serial"},
			why:    "a serial port has one owner, the driver, which knows the library's traps",
		},
		{
			from:   []string{"gatewayd/..."},
			except: []string{"gatewayd/cmd/..."},
			to:     []string{"github.com/spf13/...", "flag", "os/signal"},
			why:    "flags and signals are read in one place, cmd/gatewayd",
		},
		{
			from:   []string{"gatewayd/..."},
			except: []string{"gatewayd/cmd/gatewayd"},
			to:     []string{"gatewayd/hub/registry"},
			why:    "a policy opens every device of a hub: commands may hold one, the daemon's parts may not",
		},
		{
			from: []string{"gatewayd/..."},
			to:   []string{"github.com/pkg/errors", "math/rand", "io/ioutil"},
			why:  "retired: use errors with %w, math/rand/v2 and os",
		},
	}
}

// matches reports whether path falls under one of patterns.
func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		base, tree := strings.CutSuffix(p, "/...")
		return path == base || tree && strings.HasPrefix(path, base+"/")
	})
}

// breaks reports whether pkg may not import path under b.
func (b ban) breaks(pkg, path string) bool {
	return matches(b.from, pkg) && !matches(b.except, pkg) && matches(b.to, path) && !matches(b.allow, path)
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		for _, path := range f.imports() {
			for _, b := range bans() {
				if b.breaks(f.pkg, path) {
					t.Errorf("%s: %s may not import %s: %s", f.path, f.pkg, path, b.why)
				}
			}
		}
	}
}

// TestBansBite makes sure that each ban can fail.
func TestBansBite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pkg, path string
		banned    bool
	}{
		{"gatewayd/radio/picocell", "gatewayd/hub", true},
		{"gatewayd/radio", "gatewayd/internal/config", true},
		{"gatewayd/radio", "gatewayd/internal/secret", false},
		{"gatewayd/hub", "gatewayd/radio", true},
		{"gatewayd/hub", "gatewayd/hub/hubtest", false},
		{"gatewayd/hub/hubtest", "gatewayd/hub", true},
		{"gatewayd/bridge", "gatewayd/radio", false},
		{"gatewayd/bridge", "gatewayd/radio/picocell", true},
		{"gatewayd/bridge", "gatewayd/hub/hubtest", true},
		{"gatewayd/bridge", "gatewayd/internal/store", false},
		{"gatewayd/bridge", "gatewayd/internal/config", true},
		{"gatewayd/bridge/codec", "gatewayd/bridge", false},
		{"gatewayd/internal/status", "gatewayd/cmd/gatewayd", true},
		{"gatewayd/hub", "github.com/eclipse/paho.mqtt.golang", false},
		{"gatewayd/hub/hubtest", "github.com/eclipse/paho.mqtt.golang", true},
		{"gatewayd/hub/hubtest", "github.com/eclipse/paho.mqtt.golang/packets", false},
		{"gatewayd/cmd/gatewayd", "github.com/eclipse/paho.mqtt.golang", true},
		{"gatewayd/radio/modem", "github.com/tarm/serial", false},
		{"gatewayd/cmd/gatewayd", "github.com/tarm/serial", true},
		{"gatewayd/bridge", "gatewayd/hub/registry", true},
		{"gatewayd/cmd/gatewayd", "gatewayd/hub/registry", false},
		{"gatewayd/cmd/gatewayd", "github.com/spf13/cobra", false},
		{"gatewayd/internal/config", "github.com/spf13/pflag", true},
		{"gatewayd/radiology", "gatewayd/hub", false},
		{"gatewayd/radio", "math/rand", true},
		{"gatewayd/radio", "math/rand/v2", false},
	} {
		got := slices.ContainsFunc(bans(), func(b ban) bool { return b.breaks(tt.pkg, tt.path) })
		if got != tt.banned {
			t.Errorf("%s importing %s: banned is %v, want %v", tt.pkg, tt.path, got, tt.banned)
		}
	}
}

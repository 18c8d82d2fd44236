package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unit reads a systemd unit into the values of each "Section.Key".
func unit(text string) map[string][]string {
	values := map[string][]string{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			key, value, _ := strings.Cut(line, "=")
			name := section + "." + key
			values[name] = append(values[name], value)
		}
	}
	return values
}

// TestUnit holds what systemd-analyze cannot know to be wanted.
func TestUnit(t *testing.T) {
	t.Parallel()
	u := unit(read(t, "deploy/systemd/gatewayd.service"))
	for _, tt := range []struct {
		key, value, why string
	}{
		{"Service.Type", "notify", "start-up is over when the daemon says so"},
		{"Service.NotifyAccess", "main", "nobody else may speak for the daemon"},
		{"Service.ExecStart", "/usr/bin/gatewayd run --config /etc/gatewayd/gatewayd.toml", "documented"},
		{"Service.ExecReload", "/bin/kill -HUP $MAINPID", "a reload must not cut connections"},
		{"Service.Restart", "on-failure", "a gateway stands where nobody is"},
		{"Service.RestartPreventExitStatus", "2", "a wrong configuration stays wrong"},
		{"Service.Environment", "GOTRACEBACK=crash", "a crash must not look like a wrong configuration"},
		{"Service.WatchdogSec", "30", "the bridge's loop proves that it turns"},
		{"Service.TimeoutStopSec", "15", "longer than the daemon's 10 s of draining"},
		{"Service.User", "gatewayd", "never root"},
		{"Service.StateDirectory", "gatewayd", "sessions and outbox"},
		{"Service.StateDirectoryMode", "0700", "session keys are in there"},
		{"Service.LimitCORE", "0", "keys in memory must not reach the disk"},
		{"Service.DevicePolicy", "closed", "no device but the ports"},
		{"Service.PrivateUsers", "yes", "hardening"},
		{"Service.ProtectSystem", "strict", "hardening"},
		{"Service.ProcSubset", "all", "the boot id must be readable"},
		{"Unit.StartLimitIntervalSec", "0", "never give up"},
		{"Install.WantedBy", "multi-user.target", "starts at boot"},
	} {
		if got := u[tt.key]; !slices.Equal(got, []string{tt.value}) {
			t.Errorf("%s is %q, want %q: %s", tt.key, got, tt.value, tt.why)
		}
	}
	for _, device := range []string{"char-ttyACM rw", "char-ttyUSB rw", "char-ttyAMA rw", "char-ttyS rw"} {
		if !slices.Contains(u["Service.DeviceAllow"], device) {
			t.Errorf("DeviceAllow=%s is missing: ports of that kind could not be opened", device)
		}
	}
	for _, key := range []string{"Service.PrivateDevices", "Service.PrivateNetwork", "Unit.Requires", "Unit.BindsTo", "Unit.Requisite"} {
		if u[key] != nil {
			t.Errorf("%s is set: it would hide the port or the network, or make the radio wait", key)
		}
	}
	if wants := strings.Join(u["Unit.Wants"], " "); strings.Contains(wants, "online") || strings.Contains(wants, "time-sync") {
		t.Errorf("Wants=%s: the radio would wait for the network or for the time", wants)
	}
	for _, target := range []string{"network.target", "time-sync.target"} {
		if !slices.Contains(strings.Fields(strings.Join(u["Unit.After"], " ")), target) {
			t.Errorf("After=%s is missing", target)
		}
	}
}

// TestUdevRules checks what "udevadm verify" would, where there is none, and
// that the rules do their job.
func TestUdevRules(t *testing.T) {
	t.Parallel()
	text := read(t, "deploy/systemd/udev/70-gatewayd.rules")
	term := regexp.MustCompile(`^[A-Z]+(\{[A-Za-z_]+\})?(==|!=|=|\+=|:=)"[^"]*"$`)
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		for t1 := range strings.SplitSeq(line, ", ") {
			if !term.MatchString(t1) {
				t.Errorf("line %d: not a rule: %s", i+1, t1)
			}
		}
	}
	for _, want := range []string{
		`ATTR{idVendor}=="0483", ATTR{idProduct}=="5740", ENV{ID_MM_DEVICE_IGNORE}="1"`,
		`GROUP="dialout", MODE="0660", SYMLINK+="gatewayd/picocell-%b"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the rules lack %s", want)
		}
	}
}

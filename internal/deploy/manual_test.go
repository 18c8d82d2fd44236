//go:build deploy

package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manual is the commands in a section of docs/operations.md.
func manual(t *testing.T, section string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs/operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	inside, code := false, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code && inside:
			commands = append(commands, line)
		case strings.HasPrefix(line, "#"):
			inside = strings.TrimLeft(line, "# ") == section
		}
	}
	return commands
}

// documented runs the commands of a section that begin with prefix, but for
// udev's: it does not run in a container.
func (c *container) documented(t *testing.T, section, prefix string) {
	t.Helper()
	ran := 0
	for _, command := range manual(t, section) {
		if !strings.HasPrefix(command, prefix) || strings.HasPrefix(command, "udevadm ") {
			continue
		}
		c.sh(t, "cd /tmp/unpacked 2>/dev/null; %s", command)
		ran++
	}
	if ran == 0 {
		t.Errorf("the manual has no commands under %s that begin with %q", section, prefix)
	}
}

// testByHand installs from the archive as the manual says.
func (c *container) testByHand(t *testing.T) {
	c.emulate(t)
	c.sh(t, "mkdir /tmp/unpacked && tar -x -f %s/archive.tar.gz -C /tmp/unpacked --strip-components=1", shared)
	c.documented(t, "Without the package", "")
	c.awaitProperty(t, "ActiveState", "active")
	if status := c.status(t); !strings.Contains(status, "waiting for a configuration: write "+configFile) {
		t.Errorf("systemctl status does not say what to do:\n%s", status)
	}
	if got := c.sh(t, "gatewayd version"); !strings.Contains(got, upgraded) {
		t.Errorf("gatewayd version: %s", got)
	}
}

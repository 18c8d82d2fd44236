//go:build deploy

package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// status is what its user reads about the service.
func (c *container) status(t *testing.T) string {
	t.Helper()
	// The exit code says whether it runs, which is not asked for here.
	return c.sh(t, "systemctl status --no-pager --full gatewayd || true")
}

// emulation leaves out what qemu's emulation of Linux does not know; nor does
// it know how systemd hands out credentials.
const emulation = `[Service]
PrivateIPC=no
PrivateUsers=no
`

// emulate writes it, where there is an emulation.
func (c *container) emulate(t *testing.T) {
	t.Helper()
	if emulated() {
		c.write(t, dropIn+"emulated.conf", emulation)
	}
}

// TestPackage leads one machine through the life of the package. Each step
// begins where the one before has ended, so the first that fails is the last.
func TestPackage(t *testing.T) {
	if os.Getenv(rootEnv) == "" {
		t.Fatalf("%s is not set: run make test-deploy", rootEnv)
	}
	dir := t.TempDir()
	build(t, dir)
	writeFirmware(t, filepath.Join(dir, "firmware"))
	c := boot(t, dir)
	c.emulate(t)
	for _, step := range []struct {
		name string
		run  func(*container, *testing.T)
	}{
		{"install", (*container).testInstall},
		{"waiting", (*container).testWaiting},
		{"start", (*container).testStart},
		{"modes", (*container).testModes},
		{"journal", (*container).testJournal},
		{"commands", (*container).testCommands},
		{"reload", (*container).testReload},
		{"restart", (*container).testRestart},
		{"sandbox", (*container).testSandbox},
		{"crash", (*container).testCrash},
		{"watchdog", (*container).testWatchdog},
		{"wrong configuration", (*container).testWrongConfiguration},
		{"upgrade", (*container).testUpgrade},
		{"disabled", (*container).testDisabled},
		{"remove", (*container).testRemove},
		{"purge", (*container).testPurge},
		{"by hand", (*container).testByHand},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(c, t) }) {
			journal, err := c.try("journalctl --no-pager --lines=300 _SYSTEMD_UNIT=init.scope + UNIT=gatewayd.service + _SYSTEMD_UNIT=gatewayd.service" +
				" + _SYSTEMD_UNIT=site-hub.service + _SYSTEMD_UNIT=site-air.service")
			t.Fatalf("the journal (%v):\n%s", err, journal)
		}
	}
}

// install installs a package as its user would, from a file, with nobody
// there to answer questions.
func (c *container) install(t *testing.T, deb string, options ...string) {
	t.Helper()
	out := c.sh(t, "apt-get install --yes --no-install-recommends %s %s/%s </dev/null 2>&1", strings.Join(options, " "), shared, deb)
	for _, bad := range []string{"rror", "arning", "ailed", "onfiguration file"} {
		if strings.Contains(out, bad) {
			t.Errorf("the installation says %q:\n%s", bad, out)
		}
	}
}

func (c *container) testInstall(t *testing.T) {
	c.install(t, "old.deb")
	if got := c.sh(t, "systemctl is-enabled gatewayd"); got != "enabled" {
		t.Errorf("is-enabled: %s", got)
	}
	if got := c.sh(t, "dpkg --verify gatewayd"); got != "" {
		t.Errorf("dpkg --verify: %s", got)
	}
	if got := c.sh(t, "id -nG gatewayd"); !strings.Contains(got, "dialout") {
		t.Errorf("user gatewayd is in %s, and not in dialout", got)
	}
	if got := c.sh(t, "getent passwd gatewayd"); !strings.HasSuffix(got, ":/var/lib/gatewayd:/usr/sbin/nologin") {
		t.Errorf("user gatewayd: %s", got)
	}
	c.sh(t, "test -s /usr/share/bash-completion/completions/gatewayd")
	c.sh(t, "zcat /usr/share/man/man1/gatewayd-tail.1.gz | grep -q '^.SH SYNOPSIS'")
}

// testWaiting: the service that was installed a moment ago has not failed, and
// says what is to be done.
func (c *container) testWaiting(t *testing.T) {
	c.awaitProperty(t, "ActiveState", "active")
	status := c.status(t)
	for _, want := range []string{"active (running)", "waiting for a configuration: write " + configFile, "systemctl restart gatewayd"} {
		if !strings.Contains(status, want) {
			t.Errorf("systemctl status does not say %q:\n%s", want, status)
		}
	}
	if failed := c.sh(t, "systemctl --failed --plain --no-legend"); strings.Contains(failed, "gatewayd") {
		t.Errorf("failed after the installation: %s", failed)
	}
	// Where the text sends its reader, in the manual's words.
	c.documented(t, "Install", "install ")
	c.sh(t, "runuser -u gatewayd -- gatewayd check")
	c.sh(t, "systemctl reload gatewayd")
	c.awaitLog(t, "gatewayd starts", "")
}

func (c *container) testModes(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/gatewayd":                              "755 root root",
		"/usr/lib/systemd/system/gatewayd.service":       "644 root root",
		"/etc/gatewayd":                                  "750 root gatewayd",
		configFile:                                       "640 root gatewayd",
		"/var/lib/gatewayd":                              "700 gatewayd gatewayd",
		"/var/lib/gatewayd/store":                        "700 gatewayd gatewayd",
		"/usr/share/doc/gatewayd/examples/gatewayd.toml": "644 root root",
		"/usr/share/doc/gatewayd/third-party-notices.gz": "644 root root",
	} {
		if got := c.sh(t, "stat -c '%%a %%U %%G' %s", path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	// Nobody but root and the daemon reads keys or state.
	for _, path := range []string{configFile, "/var/lib/gatewayd/store"} {
		if out, err := c.try("runuser -u nobody -- ls " + path); err == nil {
			t.Errorf("user nobody sees %s", out)
		}
	}
	if got := c.sh(t, "find /var/lib/gatewayd -type f -perm /077"); got != "" {
		t.Errorf("state that others may read: %s", got)
	}
}

func (c *container) testDisabled(t *testing.T) {
	c.sh(t, "systemctl disable --now --quiet gatewayd")
	c.install(t, "new.deb", "--reinstall")
	if got := c.sh(t, "systemctl is-enabled gatewayd || true"); got != "disabled" {
		t.Errorf("a disabled service is %s after an upgrade", got)
	}
	if got := c.property(t, "gatewayd", "ActiveState"); got != "inactive" {
		t.Errorf("a disabled service is %s after an upgrade", got)
	}
	c.sh(t, "systemctl enable --now --quiet gatewayd")
	c.awaitNews(t, abpNode)
}

func (c *container) testRemove(t *testing.T) {
	c.sh(t, "apt-get remove --yes gatewayd </dev/null 2>&1")
	if got := c.property(t, "gatewayd", "ActiveState"); got != "inactive" {
		t.Errorf("the service is %s after the removal", got)
	}
	c.sh(t, "test ! -e /usr/bin/gatewayd && test -s %s && test -d /var/lib/gatewayd/store", configFile)
	// What was kept is taken up again: the node need not join anew.
	c.install(t, "new.deb")
	c.awaitNews(t, abpNode, otaaNode)
}

func (c *container) testPurge(t *testing.T) {
	c.sh(t, "rm -r %s", dropIn) // the operator's, not the package's
	c.sh(t, "apt-get purge --yes gatewayd </dev/null 2>&1")
	left := c.sh(t, "find / -xdev -name '*gatewayd*' -not -path '/proc/*' -not -path '/var/log/*' -not -path '/tmp/*' -not -path '/var/tmp/*'"+
		" -not -path '/var/lib/dpkg/*' -not -path '/run/systemd/*' -not -path '/sys/*'")
	if left != "" {
		t.Errorf("left behind: %s", left)
	}
	if got := c.sh(t, "dpkg-query -W gatewayd 2>/dev/null || true"); got != "" {
		t.Errorf("dpkg still knows %s", got)
	}
}

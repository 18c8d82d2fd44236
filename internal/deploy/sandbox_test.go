//go:build deploy

package deploy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testSandbox lets the probe run where the daemon runs. What it may do outside
// of the sandbox shows that it is the sandbox that keeps it from it.
func (c *container) testSandbox(t *testing.T) {
	if emulated() {
		t.Skip("the sandbox is the kernel's, of which the emulation of a CPU does not pass on all")
	}
	// 4:95 is a serial port that this machine need not have; major 240 is
	// nobody's, so that opening it fails with ENXIO when it is allowed.
	c.sh(t, "mknod -m 660 %s c 4 95 && chgrp dialout %[1]s", serialDevice)
	c.sh(t, "mknod -m 666 %s c 240 0", foreignDevice)
	c.sh(t, "touch %s && chmod 644 %[1]s", othersFile)

	free := c.probed(t, c.sh(t, "%s=%s %s/site", roleEnv, roleProbe, shared))
	c.write(t, dropIn+"probe.conf", "[Service]\nEnvironment="+roleEnv+"="+roleProbe+"\nExecStartPre="+shared+"/site\n")
	c.sh(t, "systemctl daemon-reload && systemctl restart gatewayd")
	bound := c.probed(t, c.sh(t, "journalctl --unit=gatewayd --output=cat _COMM=site"))
	c.sh(t, "rm %sprobe.conf && systemctl daemon-reload && systemctl restart gatewayd", dropIn)

	want := map[string]string{
		"port": "", "state": "", "own tmp": "", "network": "",
		"serial device": free["serial device"], "foreign device": "EPERM",
		"configuration": denied, "system": denied, "other state": denied, "run": denied, "home": denied, "others' tmp": "ENOENT",
		"raw packets": "EAFNOSUPPORT", "netlink": "EAFNOSUPPORT",
		"clock": "EPERM", "namespace": "EPERM", "code in memory": "EPERM", "core files": "EPERM",
	}
	if diff := cmp.Diff(want, bound); diff != "" {
		t.Errorf("in the sandbox (-want +got)\n%s", diff)
	}
	for name, refused := range want {
		if refused != "" && free[name] == refused && name != "serial device" {
			t.Errorf("%s: %s outside of the sandbox, too: this proves nothing", name, refused)
		}
	}
	security := c.sh(t, "systemd-analyze security --no-pager --threshold=15 gatewayd.service")
	t.Log(security[strings.LastIndexByte(security, '\n')+1:])
}

// probed reads what the probe has printed.
func (c *container) probed(t *testing.T, printed string) map[string]string {
	t.Helper()
	results := map[string]string{}
	for line := range strings.Lines(printed) {
		var a attempt
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("the probe says %q: %v", printed, err)
		}
		results[a.Name] = a.Error
	}
	return results
}

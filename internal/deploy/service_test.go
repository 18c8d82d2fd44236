//go:build deploy

package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dropIn is where what an operator adds with "systemctl edit" goes.
const dropIn = "/etc/systemd/system/gatewayd.service.d/"

// testStart configures the daemon as the manual says, with one key as a
// credential if there are any, and waits until frames of both nodes are at the hub.
func (c *container) testStart(t *testing.T) {
	c.openSite(t)
	if emulated() {
		c.write(t, keyFile, deviceKey(abpNode))
	} else {
		c.write(t, "/etc/credentials/greenhouse", deviceKey(abpNode))
		c.sh(t, "chmod 700 /etc/credentials && chmod 600 /etc/credentials/greenhouse")
		c.write(t, dropIn+"credentials.conf", "[Service]\nLoadCredential=greenhouse:/etc/credentials/greenhouse\n")
	}
	c.configure(t, configuration(""))
	c.sh(t, "systemctl daemon-reload && systemctl restart gatewayd")
	c.awaitNews(t, abpNode, otaaNode)
	await(t, "the status line", func() (string, error) {
		status := c.status(t)
		if !strings.Contains(status, "2 of 2 devices connected") {
			return "", fmt.Errorf("it is\n%s", status)
		}
		return status, nil
	})
}

// configure writes the configuration and gives it to the daemon's group.
func (c *container) configure(t *testing.T, text string) {
	t.Helper()
	c.write(t, configFile, text)
	c.sh(t, "systemd-tmpfiles --create gatewayd.conf")
}

// logged is what the daemon has logged, oldest first. Stacks of goroutines and
// other lines that are no log are in others.
func (c *container) logged(t *testing.T) (lines []map[string]any, others []string) {
	t.Helper()
	for text := range strings.Lines(c.sh(t, "journalctl --unit=gatewayd --output=cat _COMM=gatewayd")) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			others = append(others, text)
			continue
		}
		lines = append(lines, line)
	}
	return lines, others
}

// awaitLog waits for a line with msg and, unless it is "", version, and returns
// the newest.
func (c *container) awaitLog(t *testing.T, msg, version string) map[string]any {
	t.Helper()
	return await(t, "log line "+msg, func() (map[string]any, error) {
		lines, _ := c.logged(t)
		for _, line := range slices.Backward(lines) {
			if line["msg"] == msg && (version == "" || line["version"] == version) {
				return line, nil
			}
		}
		return nil, errors.New("the journal lacks it")
	})
}

func (c *container) testJournal(t *testing.T) {
	start := c.awaitLog(t, "gatewayd starts", "")
	for key, want := range map[string]any{"level": "info", "hub": "localhost", "nodes": 2.0, "state_dir": "/var/lib/gatewayd"} {
		if start[key] != want {
			t.Errorf("%s is %v, want %v, in %v", key, start[key], want, start)
		}
	}
	if _, others := c.logged(t); len(others) > 0 {
		t.Errorf("not JSON: %q", others)
	}
	if start["time"] != nil {
		t.Error("a line has its own time beside the journal's")
	}
	journal := c.sh(t, "journalctl --no-pager --unit=gatewayd")
	for what, key := range map[string]string{"device key": deviceKey(abpNode), "another": deviceKey(otaaNode), "AppKey": appKey, "NwkSKey": nwkSKey} {
		if strings.Contains(strings.ToLower(journal), strings.ToLower(key)) {
			t.Errorf("the journal has a key: %s", what)
		}
	}
}

// testCommands: the commands reach the daemon from outside its sandbox.
func (c *container) testCommands(t *testing.T) {
	if got := c.sh(t, "runuser -u gatewayd -- gatewayd nodes"); !strings.Contains(got, abpNode) || !strings.Contains(got, otaaNode) {
		t.Errorf("gatewayd nodes: %s", got)
	}
}

func (c *container) testReload(t *testing.T) {
	pid := c.property(t, "gatewayd", "MainPID")
	c.configure(t, configuration("\n[[node]]\ndevice_id = \"cellar\"\ndevice_key = \""+deviceKey("cellar")+"\"\ndev_addr = \"26011BDB\"\nnwk_s_key = \""+
		strings.Repeat("21", 16)+"\"\napp_s_key = \""+strings.Repeat("22", 16)+"\"\n"))
	c.sh(t, "systemctl reload gatewayd")
	if line := c.awaitLog(t, "configuration re-read", ""); line["nodes"] != 3.0 {
		t.Errorf("re-read, but %v", line)
	}
	c.configure(t, configuration("\n[[node]]\n"))
	c.sh(t, "systemctl reload gatewayd")
	c.awaitLog(t, "nodes not re-read, the old ones stay", "")
	c.configure(t, configuration(""))
	c.sh(t, "systemctl reload gatewayd")
	if got := c.property(t, "gatewayd", "MainPID"); got != pid {
		t.Errorf("a reload has made process %s of %s", got, pid)
	}
	c.awaitNews(t, abpNode, otaaNode)
}

func (c *container) testRestart(t *testing.T) {
	c.sh(t, "systemctl stop gatewayd")
	if got := c.sh(t, "systemctl show --property=ActiveState,Result,ExecMainStatus gatewayd"); got != "Result=success\nExecMainStatus=0\nActiveState=inactive" {
		t.Errorf("stopped with\n%s", got)
	}
	c.sh(t, "systemctl start gatewayd")
	c.sh(t, "systemctl restart gatewayd")
	c.awaitNews(t, abpNode, otaaNode)
	c.noneLost(t)
}

// noneLost wants everything at the hub that the daemon has acknowledged.
func (c *container) noneLost(t *testing.T) {
	t.Helper()
	acked := c.acked(t)
	if len(acked) == 0 {
		t.Fatal("nothing was acknowledged: this proves nothing")
	}
	await(t, "what was acknowledged", func() (struct{}, error) {
		if missing := c.missing(t, acked); len(missing) > 0 {
			return struct{}{}, fmt.Errorf("of %d frames the hub lacks %v", len(acked), missing)
		}
		return struct{}{}, nil
	})
}

// impatient makes systemd act within seconds where it waits for longer.
func (c *container) impatient(t *testing.T) {
	t.Helper()
	c.write(t, dropIn+"impatient.conf", "[Service]\nWatchdogSec=10\nRestartSec=1\n")
	c.sh(t, "systemctl daemon-reload && systemctl restart gatewayd")
}

func (c *container) testCrash(t *testing.T) {
	c.impatient(t)
	before := c.property(t, "gatewayd", "NRestarts")
	c.sh(t, "kill -KILL %s", c.property(t, "gatewayd", "MainPID"))
	c.awaitRestart(t, before, "signal")
	c.awaitNews(t, abpNode)
	c.noneLost(t)
}

// testWatchdog stops the daemon without ending it, as a loop that stands still
// would.
func (c *container) testWatchdog(t *testing.T) {
	before := c.property(t, "gatewayd", "NRestarts")
	c.sh(t, "kill -STOP %s", c.property(t, "gatewayd", "MainPID"))
	c.awaitRestart(t, before, "watchdog")
	c.awaitNews(t, abpNode)
	c.noneLost(t)
	journal := c.sh(t, "journalctl --no-pager --unit=gatewayd")
	for _, want := range []string{"Watchdog timeout", "SIGABRT: abort", "goroutine "} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal lacks %q", want)
		}
	}
	c.sh(t, "rm %simpatient.conf && systemctl daemon-reload", dropIn)
}

// awaitRestart waits until systemd has started the daemon again, after it
// ended with result.
func (c *container) awaitRestart(t *testing.T, before, result string) {
	t.Helper()
	await(t, "a restart", func() (struct{}, error) {
		now, err := c.try("systemctl show --value --property=NRestarts gatewayd")
		if err == nil && now == before {
			err = fmt.Errorf("%s so far", now)
		}
		return struct{}{}, err
	})
	c.awaitProperty(t, "ActiveState", "active")
	if journal := c.sh(t, "journalctl --no-pager --unit=gatewayd"); !strings.Contains(journal, "Failed with result '"+result+"'") {
		t.Errorf("the daemon did not end by %s", result)
	}
}

// testWrongConfiguration: no use starting again, and the reason is there to
// read.
func (c *container) testWrongConfiguration(t *testing.T) {
	c.configure(t, configuration("\n[[node]]\ndevice_id = 5\n"))
	if out, err := c.try("systemctl restart gatewayd"); err == nil {
		t.Errorf("the daemon starts with a wrong configuration: %s", out)
	}
	got := c.sh(t, "systemctl show --property=ActiveState,ExecMainStatus,NRestarts gatewayd")
	if diff := cmp.Diff("NRestarts=0\nExecMainStatus=2\nActiveState=failed", got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if status := c.status(t); !strings.Contains(status, configFile+":") || !strings.Contains(status, "device_id") {
		t.Errorf("systemctl status does not say what is wrong:\n%s", status)
	}
	c.configure(t, configuration(""))
	c.sh(t, "systemctl restart gatewayd")
}

//go:build deploy

package deploy

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// backlog is how many frames wait for the hub when the package is upgraded.
const backlog = 3

// testUpgrade upgrades while the hub does not answer. What waits must arrive,
// and the operator's files stay as they are.
func (c *container) testUpgrade(t *testing.T) {
	config, err := os.ReadFile(c.file(configFile))
	if err != nil {
		t.Fatal(err)
	}
	c.awaitNews(t, abpNode)
	pid := c.property(t, "gatewayd", "MainPID")
	c.sh(t, "systemctl kill --signal=STOP site-hub")
	waiting := await(t, "a backlog", func() ([]arrival, error) {
		missing := c.missing(t, c.acked(t))
		if len(missing) < backlog {
			return nil, fmt.Errorf("%d frames wait", len(missing))
		}
		return missing, nil
	})

	c.install(t, "new.deb")

	if got := c.property(t, "gatewayd", "MainPID"); got == pid {
		t.Error("the old daemon still runs")
	}
	if got := c.sh(t, "gatewayd version"); !strings.Contains(got, upgraded) {
		t.Errorf("gatewayd version: %s", got)
	}
	c.awaitLog(t, "gatewayd starts", upgraded)
	if missing := c.missing(t, waiting); len(missing) != len(waiting) {
		t.Errorf("only %d of %d frames waited during the upgrade: this proves little", len(missing), len(waiting))
	}
	c.sh(t, "systemctl kill --signal=CONT site-hub")
	// Nothing is gained by waiting until the daemon tries again by itself.
	c.sh(t, "runuser -u gatewayd -- gatewayd reconnect %s && runuser -u gatewayd -- gatewayd reconnect %s", abpNode, otaaNode)
	c.awaitNews(t, abpNode, otaaNode)
	c.noneLost(t)
	if missing := c.missing(t, waiting); len(missing) > 0 {
		t.Errorf("lost by the upgrade: %v", missing)
	}

	after, err := os.ReadFile(c.file(configFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(after, config) {
		t.Errorf("the upgrade has changed the configuration to\n%s", after)
	}
	if got := c.sh(t, "stat -c '%%a %%U %%G' %s", configFile); got != "640 root gatewayd" {
		t.Errorf("the upgrade has made the configuration %s", got)
	}
	if got := c.sh(t, "find /etc/gatewayd -name '*.dpkg-*'"); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

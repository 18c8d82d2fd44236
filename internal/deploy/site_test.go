//go:build deploy

package deploy

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
)

const (
	configFile = "/etc/gatewayd/gatewayd.toml"
	hubRecord  = "/var/lib/site/hub.jsonl"
	hubCA      = "/var/lib/site/ca.pem"
)

func deviceKey(node string) string {
	return base64.StdEncoding.EncodeToString([]byte("fake key of device " + node))
}

// keyFile has the key of one node where there are no credentials.
const keyFile = "/etc/gatewayd/greenhouse.key"

// keyOrigin is where that node's key comes from.
func keyOrigin() string {
	if emulated() {
		return "file:" + keyFile
	}
	return "credential:greenhouse"
}

// configuration is the daemon's; the key of one node is elsewhere. What more
// there is goes to its end.
func configuration(more string) string {
	pins := picocell.PinsFor(radiotest.StandInImages())
	return fmt.Sprintf(`[clock]
require_sync = "never"

[hub]
host = "localhost:8883"
ca_file = %q
puback_timeout = "5s"

[[concentrator]]
type = "picocell"
port = %q
region = "EU868"
firmware_dir = %q
[concentrator.firmware_sha256]
agc = %q
arb = %q
cal = %q
cal5_12 = %q

[[node]]
device_id = %q
device_key = %q
dev_addr = "%08X"
nwk_s_key = %q
app_s_key = %q

[[node]]
device_id = %q
device_key = %q
dev_eui = %q
join_eui = %q
app_key = %q
%s`, hubCA, portLink, shared+"/firmware", pins[picocell.ImageAGC], pins[picocell.ImageARB], pins[picocell.ImageCal], pins[picocell.ImageCal5to12],
		abpNode, keyOrigin(), devAddr, nwkSKey, appSKey, otaaNode, deviceKey(otaaNode), devEUI(), radio.EUI64{}, appKey, more)
}

// writeFirmware writes the images that the simulated concentrator wants.
func writeFirmware(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, image := range radiotest.StandInImages() {
		if err := os.WriteFile(filepath.Join(dir, name), image, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// openSite starts the hub and the air in the container.
func (c *container) openSite(t *testing.T) {
	t.Helper()
	c.sh(t, "mkdir -p /run/site /var/lib/site")
	var devices strings.Builder
	for _, node := range []string{abpNode, otaaNode} {
		fmt.Fprintf(&devices, " --device %s=%s", node, deviceKey(node))
	}
	c.sh(t, "systemd-run --quiet --unit=site-hub gatewayd emulate-hub --record %s --ca-out %s%s", hubRecord, hubCA, devices.String())
	c.sh(t, "systemd-run --quiet --unit=site-air --service-type=notify --setenv=%s=%s --setenv=TMPDIR=/run/site %s/site", roleEnv, roleAir, shared)
	await(t, "the hub's certificate", func() (os.FileInfo, error) { return os.Stat(c.file(hubCA)) })
}

// onAir is every application frame so far.
func (c *container) onAir(t *testing.T) []frame {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.file(airSocket))
	}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://air/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var frames []frame
	if err := json.NewDecoder(answer.Body).Decode(&frames); err != nil {
		t.Fatal(err)
	}
	return frames
}

// arrival names a frame.
type arrival struct {
	node string
	fCnt uint32
}

// atHub is how often each frame has arrived at the hub.
func (c *container) atHub(t *testing.T) map[arrival]int {
	t.Helper()
	record, err := os.ReadFile(c.file(hubRecord))
	if err != nil {
		t.Fatal(err)
	}
	arrived := map[arrival]int{}
	for line := range bytes.Lines(record) {
		var event struct {
			Event, Device string
			Body          []byte
		}
		// The last line may be half written.
		if json.Unmarshal(line, &event) != nil || event.Event != "d2c" {
			continue
		}
		var up struct {
			Event string
			FCnt  uint32
		}
		if err := json.Unmarshal(event.Body, &up); err != nil {
			t.Fatalf("the hub has got %q: %v", event.Body, err)
		}
		if up.Event == "up" {
			arrived[arrival{event.Device, up.FCnt}]++
		}
	}
	return arrived
}

// awaitNews waits until a frame of each of nodes has arrived that has not been
// on the air yet.
func (c *container) awaitNews(t *testing.T, nodes ...string) {
	t.Helper()
	old := map[arrival]bool{}
	for _, f := range c.onAir(t) {
		old[arrival{f.Node, f.FCnt}] = true
	}
	for _, node := range nodes {
		await(t, "a frame of "+node, func() (struct{}, error) {
			for a := range c.atHub(t) {
				if a.node == node && !old[a] {
					return struct{}{}, nil
				}
			}
			return struct{}{}, fmt.Errorf("the hub has %d frames", len(c.atHub(t)))
		})
	}
}

// acked is the frames that the daemon has acknowledged.
func (c *container) acked(t *testing.T) []arrival {
	t.Helper()
	var acked []arrival
	for _, f := range c.onAir(t) {
		if f.Acked {
			acked = append(acked, arrival{f.Node, f.FCnt})
		}
	}
	return acked
}

// missing is which of frames have not arrived at the hub.
func (c *container) missing(t *testing.T, frames []arrival) []arrival {
	t.Helper()
	arrived := c.atHub(t)
	var missing []arrival
	for _, f := range frames {
		if arrived[f] == 0 {
			missing = append(missing, f)
		}
	}
	return missing
}

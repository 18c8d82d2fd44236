package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"gatewayd/internal/config"
)

// TestDocs loads each configuration that docs/concentrators.md shows, and
// wants every type of concentrator to be among them.
func TestDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/concentrators.md")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for i, block := range regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllSubmatch(page, -1) {
		t.Run(fmt.Sprint("block ", i+1), func(t *testing.T) {
			c := load(t, block[1])
			for _, concentrator := range c.Concentrators {
				types[concentrator.Type] = true
			}
		})
	}
	for _, want := range []string{"picocell", "semtech-udp", "basicstation", "concentratord", "rn2483"} {
		if !types[want] {
			t.Errorf("no configuration of type %q", want)
		}
	}
}

// load reads tables of concentrators, with what else a configuration needs.
func load(t *testing.T, concentrators []byte) *config.Config {
	t.Helper()
	const before = "hub.host = \"contoso.azure-devices.net\"\n"
	const after = `
[[node]]
device_id = "lora1"
device_key = "ZmFrZSBrZXkgb2YgZGV2aWNlIGxvcmExIQ=="
dev_eui = "70B3D57ED0000001"
join_eui = "0000000000000000"
app_key = "000102030405060708090A0B0C0D0E0F"
`
	folder := t.TempDir()
	// The file of a board's maker that the page tells to copy there.
	board := []byte(`{"SX1301_conf": {"radio_0": {"enable": true, "type": "SX1257", "freq": 867500000, "rssi_offset": -166, "tx_enable": true}}}`)
	if err := os.WriteFile(filepath.Join(folder, "global_conf.json"), board, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "gatewayd.toml")
	if err := os.WriteFile(path, []byte(before+string(concentrators)+after), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatalf("%v\n%s", err, concentrators)
	}
	return c
}

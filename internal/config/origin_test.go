package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretsFromElsewhere checks each place a secret can be kept in, and that
// a file without secrets may be read by anybody.
func TestSecretsFromElsewhere(t *testing.T) {
	t.Parallel()
	path := write(t, 0o600, "gatewayd.toml", `nodes_file = "nodes.toml"`+strings.Replace(required, "[hub]", "[hub]\nproxy = \"none\"", 1)+`
[[node]]
device_id = "a"
device_key = "credential:a"
dev_addr = "26011BDA"
nwk_s_key = "file:keys/nwk"
app_s_key = "env:APP_S_KEY"
`, "nodes.toml", strings.NewReplacer(`"8F1120CE5A3B77E1094C6D2B10FA99E7"`, `"env:APP_S_KEY"`,
		`"HostName=contoso.azure-devices.net;DeviceId=b;SharedAccessKey=0ZkQp2vH6s1Jx8bYtLr4Wg=="`, `"credential:b"`).Replace(nodeB))
	dir := filepath.Dir(path)
	for name, content := range map[string]string{
		"keys/nwk":      "8F1120CE5A3B77E1094C6D2B10FA99E7\r\n",
		"credentials/a": "0ZkQp2vH6s1Jx8bYtLr4Wg==\n",
		"credentials/b": "HostName=contoso.azure-devices.net;DeviceId=b;SharedAccessKey=0ZkQp2vH6s1Jx8bYtLr4Wg==",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{path, filepath.Join(dir, "nodes.toml")} {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(path, func(name string) string {
		return map[string]string{
			"CREDENTIALS_DIRECTORY": filepath.Join(dir, "credentials"), "APP_S_KEY": "1CF08A9E33D14B7720B5E64D9C02AF58",
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Nodes[0], c.Nodes[1]
	if a.NwkSKey.Reveal()[0] != 0x8F || a.AppSKey.Reveal()[0] != 0x1C || b.AppKey != a.AppSKey {
		t.Error("LoRaWAN keys are not those that are kept elsewhere")
	}
	if a.Credential == nil || a.Credential != b.Credential || b.DeviceID != "b" {
		t.Errorf("credentials %v and %v, device %q", a.Credential, b.Credential, b.DeviceID)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

// TestErrorsQuoteNoSecretOfElsewhere checks that no error and no warning
// quotes what was read.
func TestErrorsQuoteNoSecretOfElsewhere(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"topsecret", "topsecret;", "HostName=topsecret;DeviceId=topsecret;SharedAccessKey=topsecret", "SharedAccessSignature sr=topsecret", "top\nsecret",
	} {
		for _, key := range []string{"device_key", "connection_string", "sas_token", "app_key", "nwk_key", "nwk_s_key", "app_s_key"} {
			text := required + fmt.Sprintf("[[node]]\ndevice_id = \"a\"\ndev_eui = \"70B3D57ED000000A\"\n%s = \"env:KEY\"\n", key) +
				"[dps]\nid_scope = \"0ne00ABCDEF\"\ngroup_key = \"env:KEY\"\n"
			env := badEnvironment()
			env.getenv = func(string) string { return content }
			_, err := check(source{name: "gatewayd.toml", data: []byte(text)}, env)
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", key, err)
			}
			if !strings.Contains(fmt.Sprint(err), "node."+key+": environment variable KEY: ") {
				t.Errorf("%s: the source is not named: %v", key, err)
			}
		}
	}
}

package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TestNoSecretIsPrinted prints a Config in all usual ways.
func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gatewayd.toml", "gatewayd.reference.toml"} {
		c := loadShipped(t, name)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		printed := map[string]string{"json": string(text), "zap": zapText(t, c)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			printed[verb] = fmt.Sprintf(verb, c) + fmt.Sprintf(verb, *c)
			for _, n := range c.Nodes {
				printed[verb] += fmt.Sprintf(verb, n) + fmt.Sprintf(verb, n.Credential) + fmt.Sprintf(verb, n.AppKey)
			}
		}
		keys := keysOfNodes(t, "../../configs/"+name)
		for how, text := range printed {
			for _, key := range keys {
				if strings.Contains(strings.ToLower(text), strings.ToLower(key)) {
					t.Errorf("%s: %s prints %s", name, how, key)
				}
			}
		}
	}
}

func zapText(t *testing.T, c *Config) string {
	t.Helper()
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	buf, err := enc.EncodeEntry(zapcore.Entry{}, []zapcore.Field{zap.Any("config", c), zap.Any("nodes", c.Nodes)})
	if err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// keysOfNodes lists the secrets in a file: as they are written, and the bytes
// as numbers and hexadecimal, as %x, %d and %#v would print them.
func keysOfNodes(t *testing.T, file string) []string {
	t.Helper()
	var raw rawConfig
	parse(mustRead(t, file), &raw, newReport())
	var keys []string
	for _, n := range raw.Node {
		for _, key := range []string{n.DeviceKey, n.ConnectionString, n.SASToken, n.NwkSKey, n.AppSKey, n.AppKey} {
			if key != "" {
				keys = append(keys, key, fmt.Sprintf("%x", key), "fake key", "fake sig", "ZmFrZSBz")
			}
		}
	}
	if len(keys) < 25 {
		t.Fatalf("%s has only %d secrets", file, len(keys)/5)
	}
	return append(keys, "16 17 18 19 20", "0x10, 0x11, 0x12", "32 33 34 35 36", "0x20, 0x21, 0x22")
}

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
			for _, g := range c.Groups {
				printed[verb] += fmt.Sprintf(verb, g) + fmt.Sprintf(verb, g.Credential)
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
	if parsed, ok := parse(mustRead(t, file), newReport()); ok {
		parsed.into(&raw, profiles{})
	}
	var keys []string
	for _, n := range raw.Node {
		secrets := append(secretsOf(n.rawIdentity), n.AppKey, n.NwkKey, n.NwkSKey, n.AppSKey, n.FNwkSIntKey, n.SNwkSIntKey, n.NwkSEncKey)
		for _, key := range texts(secrets) {
			if key != "" {
				keys = append(keys, key, fmt.Sprintf("%x", key), "fake key", "fake sig", "ZmFrZSBz")
			}
		}
	}
	for _, g := range raw.Group {
		for _, key := range texts(append(secretsOf(g.rawIdentity), g.NwkSKey, g.AppSKey)) {
			if key != "" {
				keys = append(keys, key, fmt.Sprintf("%x", key))
			}
		}
	}
	if len(keys) < 25 {
		t.Fatalf("%s has only %d secrets", file, len(keys)/5)
	}
	return append(keys, "16 17 18 19 20", "0x10, 0x11, 0x12", "32 33 34 35 36", "0x20, 0x21, 0x22")
}

func secretsOf(id rawIdentity) []secretText {
	return []secretText{id.DeviceKey, id.ConnectionString, id.SASToken}
}

func texts(secrets []secretText) []string {
	var list []string
	for _, s := range secrets {
		list = append(list, string(s))
	}
	return list
}

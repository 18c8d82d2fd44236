package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"gatewayd/bridge/codec"
	"gatewayd/hub"
)

// FuzzCheck checks that any bytes give either a usable Config or errors that
// all stand at a place inside the file.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(required + nodeA + nodeB))
	f.Add([]byte("nodes_file = \"n\"\n" + required))
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../configs/gatewayd.reference.toml", "../../configs/gatewayd.toml") {
		src, err := readSource(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src.data)
	}
	env := environment{
		getenv: noEnv,
		read:   func(string) (source, error) { return source{}, fs.ErrNotExist },

		certificate: func(string, string) (hub.Credential, error) { return nil, fs.ErrNotExist },
		codec:       func(string) (codec.Report, error) { return codec.Report{}, nil },
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := check(source{name: "f", data: data}, env)
		if err == nil {
			checkUsable(t, c)
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("not Errors: %v", err)
		}
		lines := strings.Split(string(data), "\n")
		for i, e := range errs {
			p := e.Position
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
				t.Errorf("outside the file: %v", e)
			}
			if i > 0 && (errs[i-1].Position.Line > p.Line || errs[i-1].Position.Line == p.Line && errs[i-1].Position.Column > p.Column) {
				t.Errorf("out of order: %v after %v", e, errs[i-1])
			}
		}
	})
}

// checkUsable checks what the rest of the program relies on.
func checkUsable(t *testing.T, c *Config) {
	t.Helper()
	if c.Hub.Host == "" || c.Hub.Port == 0 || len(c.Concentrators) == 0 || c.LoRaWAN.Plan == nil || c.LoRaWAN.Region == "" || c.Outbox.MaxBytes <= 0 {
		t.Errorf("accepted, but not usable: %+v", c)
	}
	for _, n := range c.Nodes {
		complete := !n.NwkSKey.IsZero()
		if n.OTAA {
			complete = !n.AppKey.IsZero()
		}
		if n.Name == "" || n.DeviceID == "" || n.Credential == nil || !complete || n.Class == "" || n.MAC.Region != c.LoRaWAN.Plan {
			t.Errorf("accepted, but not usable: %+v", n)
		}
	}
	if g := c.Gateway; (g.DeviceID == "") != (g.Credential == nil) || g.StatsInterval <= 0 {
		t.Errorf("accepted, but not usable: %+v", g)
	}
	for _, h := range c.OtherHubs {
		if h.Name == "" || h.Host == "" || h.Port == 0 || h.Units == 0 || h.Transport == "" {
			t.Errorf("accepted, but not usable: %+v", h)
		}
	}
	for _, g := range c.Groups {
		if g.Name == "" || g.Credential == nil || g.NwkSKey.IsZero() || g.AppSKey.IsZero() || g.Frequency == 0 {
			t.Errorf("accepted, but not usable: %+v", g)
		}
	}
}

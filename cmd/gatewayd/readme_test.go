package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the README shows must be true: its configuration can be used, and
// every command it names exists.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```toml\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("no configuration in the README")
	}
	path := filepath.Join(t.TempDir(), "gatewayd.toml")
	if err := os.WriteFile(path, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"check", "--config", path}, func(string) string { return "" }, &stdout, &stderr); code != exitOK {
		t.Errorf("check exits with %d:\n%s", code, &stderr)
	}
	commands := regexp.MustCompile(`(?m)^gatewayd ([a-z-]+(?: [a-z]+)?)`).FindAllSubmatch(readme, -1)
	if len(commands) < 9 {
		t.Errorf("%d commands in the README, want all of them", len(commands))
	}
	for _, c := range commands {
		var out, errs bytes.Buffer
		words := strings.Fields(string(c[1]))
		code := run(append(words, "--help"), func(string) string { return "" }, &out, &errs)
		if code != exitOK || !strings.Contains(out.String(), "gatewayd "+words[0]) {
			t.Errorf("gatewayd %s --help exits with %d: %s", c[1], code, errs.String())
		}
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram makes the test binary be gatewayd itself, so that tests can kill
// it.
const asProgram = "GATEWAYD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"gatewayd": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	configs, err := filepath.Abs("../../configs")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("CONFIGS", configs)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"waitfor": waitFor},
	})
}

// waitFor FILE PATTERN waits until the file is there and has a match. Named
// groups of the pattern become variables.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		content, err := os.ReadFile(ts.MkAbs(args[0]))
		if m := pattern.FindSubmatch(content); err == nil && m != nil {
			for i, name := range pattern.SubexpNames() {
				if name != "" {
					ts.Setenv(name, string(m[i]))
				}
			}
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s: nothing matches %s in\n%s", args[0], args[1], content)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	const key = "R5CpMrUKEM4sK2xJLRATRm/TaBf4yAm2AWLzkwXQSr4="
	for name, tt := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string // patterns
	}{
		"version": {[]string{"version"}, exitOK, `^gatewayd devel go1\.\d+.* linux/\w+\n$`, `^$`},
		"help":    {[]string{"help"}, exitOK, `(?s)Available Commands:.*run .*Run the daemon`, `^$`},
		"nothing": {nil, exitUsage, `Usage:`, `^gatewayd: name a command\n$`},
		"unknown command": {
			[]string{"rum"}, exitUsage, `^$`, `^gatewayd: unknown command "rum"`,
		},
		"unknown flag": {
			[]string{"run", "--konfig", "x"}, exitUsage, `^$`, `^gatewayd: unknown flag: --konfig\n$`,
		},
		"superfluous argument": {
			[]string{"check", "x.toml"}, exitUsage, `^$`, `^gatewayd: unknown command "x.toml"`,
		},
		"config missing": {
			[]string{"check", "--config", "/nonexistent/gatewayd.toml"}, exitUsage, `^$`, `/nonexistent/gatewayd.toml: no such file`,
		},
		"sas-token, published vector": {
			[]string{"sas-token", "--host", "contoso.azure-devices.net", "--device", "MyDevice01", "--key", key, "--expiry", "1767225600"},
			exitOK,
			`^SharedAccessSignature sr=contoso\.azure-devices\.net%2Fdevices%2FMyDevice01&sig=Pkc%2Fo02dqdnXP30btE9LPV8g%2BDXI6X1%2B5ooB7lAOyt4%3D&se=1767225600\n$`,
			`^$`,
		},
		"sas-token, key missing": {
			[]string{"sas-token", "--host", "h.azure-devices.net", "--device", "d"}, exitUsage, `^$`, `--key is missing`,
		},
		"sas-token, bad key": {
			[]string{"sas-token", "--host", "h.azure-devices.net", "--device", "d", "--key", "c2VjcmV0!"}, exitUsage, `^$`, `^gatewayd: --key: [^!]*\n$`,
		},
		"sas-token, ttl and expiry": {
			[]string{"sas-token", "--host", "h.azure-devices.net", "--device", "d", "--key", key, "--ttl", "1h", "--expiry", "1"},
			exitUsage, `^$`, `\[expiry ttl\]|\[ttl expiry\]`,
		},
		"publish, property without value": {
			[]string{"publish", "--host", "h.azure-devices.net", "--device", "d", "--key", key, "--property", "x", "-m", "hi"},
			exitUsage, `^$`, `^gatewayd: --property "x": want key=value\n$`,
		},
		"publish, key and token": {
			[]string{"publish", "--host", "h.azure-devices.net", "--device", "d", "--key", key, "--sas-token", "x", "-m", "hi"},
			exitUsage, `^$`, `key.*sas-token`,
		},
		"publish, nobody there": {
			[]string{"publish", "--host", "localhost:1", "--device", "d", "--key", key, "-m", "hi"}, exitFailure, `^$`, `^gatewayd: .*refused`,
		},
		"emulate-hub, device without key": {
			[]string{"emulate-hub", "--device", "lora1"}, exitUsage, `^$`, `--device: want ID=BASE64KEY`,
		},
		"firmware, no images": {
			[]string{"firmware", "check", "--dir", "/nonexistent"}, exitFailure, `^$`, "gatewayd firmware install",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := run(tt.args, func(string) string { return "" }, &stdout, &stderr)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !regexp.MustCompile(tt.stdout).MatchString(stdout.String()) {
				t.Errorf("stdout %q, want a match of %s", stdout.String(), tt.stdout)
			}
			if !regexp.MustCompile(tt.stderr).MatchString(stderr.String()) {
				t.Errorf("stderr %q, want a match of %s", stderr.String(), tt.stderr)
			}
		})
	}
}

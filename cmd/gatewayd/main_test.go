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
			[]string{"check", "x.toml"}, exitUsage, `^$`, `^gatewayd: gatewayd check takes flags only`,
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
			exitUsage, `^$`, `^gatewayd: --ttl or --expiry, not both\n$`,
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
		"a key whose flag was forgotten": {
			[]string{"sas-token", "--host", "h.net", "--device", "d", "topsecret"}, exitUsage, `^$`, `^gatewayd: gatewayd sas-token takes flags only, [a-z ;]+see gatewayd sas-token --help\n$`,
		},
		"unknown command with flags": {[]string{"rn", "--config", "x"}, exitUsage, `^$`, `^gatewayd: unknown command "rn"`},
		"--version":                  {[]string{"--version"}, exitOK, `^gatewayd devel\n$`, `^$`},
		"sas-token, no life":         {[]string{"sas-token", "--host", "h.net", "--device", "d", "--key", key, "--ttl", "0s"}, exitUsage, `^$`, `positive duration`},
		"sas-token, date for expiry": {
			[]string{"sas-token", "--host", "h.net", "--device", "d", "--key", key, "--expiry", "2026-01-01"}, exitUsage, `^$`, `^gatewayd: invalid argument "2026-01-01" for "--expiry" flag\n$`,
		},
		"sas-token, URL for a host": {
			[]string{"sas-token", "--host", "https://h.net", "--device", "d", "--key", key}, exitUsage, `^$`, `without scheme`,
		},
		"publish, neither key nor token": {[]string{"publish", "--host", "h.net", "--device", "d", "-m", "hi"}, exitUsage, `^$`, `--key or --sas-token is missing`},
		"demo, negative time":            {[]string{"demo", "--for", "-5s"}, exitUsage, `^$`, `positive duration`},
		"run, empty file name":           {[]string{"run", "--config", ""}, exitUsage, `^$`, `--config: the name of the file is empty`},
		"emulate-hub, port in hostname":  {[]string{"emulate-hub", "--hostname", "h:8883"}, exitUsage, `^$`, `without port`},
		"emulate-hub, bad listen":        {[]string{"emulate-hub", "--listen", "foo"}, exitUsage, `^$`, `want HOST:PORT`},
		"emulate-hub, device twice":      {[]string{"emulate-hub", "--listen", "127.0.0.1:0", "--device", "a=" + key, "--device", "a=" + key}, exitUsage, `^$`, `given twice`},
		"emulate-hub, device without key": {
			[]string{"emulate-hub", "--device", "lora1"}, exitUsage, `^$`, `--device: want ID=BASE64KEY`,
		},
		"emulate-hub, unknown tier":          {[]string{"emulate-hub", "--tier", "S9"}, exitUsage, `^$`, `--tier "S9": want F1, S1, S2 or S3`},
		"emulate-hub, negative quota":        {[]string{"emulate-hub", "--quota", "-1"}, exitUsage, `^$`, `--quota -1: want 0 or more`},
		"emulate-hub, DPS without scope":     {[]string{"emulate-hub", "--dps-listen", "127.0.0.1:0"}, exitUsage, `^$`, `needs an --id-scope`},
		"emulate-hub, scope without DPS":     {[]string{"emulate-hub", "--id-scope", "0ne00000000"}, exitUsage, `^$`, `--dps-listen, which is missing`},
		"emulate-hub, policy without admin":  {[]string{"emulate-hub", "--policy-key", key}, exitUsage, `^$`, `--admin, which is missing`},
		"emulate-hub, bad DPS address":       {[]string{"emulate-hub", "--dps-listen", "foo", "--id-scope", "x"}, exitUsage, `^$`, `--dps-listen "foo": want HOST:PORT`},
		"emulate-hub, policy key not base64": {[]string{"emulate-hub", "--admin", "127.0.0.1:0", "--policy-key", "topsecret!"}, exitUsage, `^$`, `^[^!]*not base64\n$`},
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

package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/codec"
	"gatewayd/hub"
)

var update = flag.Bool("update", false, "write the golden messages of testdata/bad")

// badEnvironment serves the files beside the bad configurations.
func badEnvironment() environment {
	at := func(path string) string { return filepath.Join("testdata", "bad", path) }
	return environment{
		getenv: func(name string) string {
			return map[string]string{"CREDENTIALS_DIRECTORY": "files", "APP_KEY": "8F1120CE5A3B77E1094C6D2B10FA99E7", "SHORT": "8F11"}[name]
		},
		read: func(path string) (source, error) {
			src, err := readSource(at(path))
			src.name, src.mode = path, 0o640 // whatever the checkout made of it
			if strings.HasSuffix(path, "open.key") {
				src.mode = 0o644
			}
			return src, unplaced(err, path)
		},
		certificate: hub.NewCertificate,
		codec: func(file string) (codec.Report, error) {
			r, err := tryCodec(at(file))
			return r, unplaced(err, file)
		},
	}
}

// unplaced is err without the folder of the tests.
func unplaced(err error, path string) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.ReplaceAll(err.Error(), filepath.Join("testdata", "bad", path), path))
}

// TestBadConfigs checks that each file of testdata/bad, which has one
// mistake, gives exactly the message beside it. go test -update writes the
// messages.
func TestBadConfigs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad configurations: %v", err)
	}
	shape := regexp.MustCompile(`^[a-z0-9_/]+\.toml:[0-9]+:[0-9]+: [A-Za-z0-9_."]+: .{20,}$`)
	goNames := regexp.MustCompile(`\b(config|reflect|strconv|raw[A-Z]|int64|float64|struct|map\[|\[\])`)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			t.Parallel()
			got := badMessage(t, filepath.Base(file))
			compareGolden(t, strings.TrimSuffix(file, ".toml")+".err", got+"\n")
			for line := range strings.SplitSeq(got, "\n") {
				if !shape.MatchString(line) {
					t.Errorf("not of the form file:line:col: key: what is wrong: %s", line)
				}
				if name := goNames.FindString(strings.ReplaceAll(line, "[[", "")); name != "" {
					t.Errorf("speaks Go (%s): %s", name, line)
				}
			}
		})
	}
}

// TestDoubtfulConfigs checks that each file of testdata/doubtful is accepted
// with exactly the warnings beside it, those of example keys left out unless
// it is about them.
func TestDoubtfulConfigs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/doubtful/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no doubtful configurations: %v", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".toml"), func(t *testing.T) {
			t.Parallel()
			src := mustRead(t, file)
			src.name = name
			c, err := check(src, badEnvironment())
			if err != nil {
				t.Fatal(err)
			}
			warnings := slices.DeleteFunc(c.Warnings, func(w string) bool {
				return strings.Contains(w, "an example key") && !strings.HasPrefix(name, "example_keys")
			})
			if len(warnings) == 0 {
				t.Fatal("no warning")
			}
			compareGolden(t, strings.TrimSuffix(file, ".toml")+".warn", strings.Join(warnings, "\n")+"\n")
		})
	}
}

func badMessage(t *testing.T, name string) string {
	t.Helper()
	env := badEnvironment()
	src, err := env.read(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = check(src, env)
	if err == nil {
		t.Fatalf("%s: accepted", name)
	}
	for _, secret := range secretsIn(string(src.data)) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("quotes a secret: %v", err)
		}
	}
	return err.Error()
}

// secretsIn finds what looks like a key or a signature: runs of base64 or
// hexadecimal of at least 16 characters.
func secretsIn(text string) []string {
	return regexp.MustCompile(`[A-Za-z0-9+/]{16,}=*`).FindAllString(strings.ReplaceAll(text, "/dev/", ""), -1)
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}

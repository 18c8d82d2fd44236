//go:build deploy

package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

const (
	// roleEnv makes the test binary play a part inside the container.
	roleEnv   = "GATEWAYD_DEPLOY_ROLE"
	roleAir   = "air"
	roleProbe = "probe"

	// rootEnv names the Debian to boot, and archEnv what it is built for, as
	// the Makefile calls it: armv6, arm64 or amd64.
	rootEnv = "GATEWAYD_DEPLOY_ROOT"
	archEnv = "GATEWAYD_DEPLOY_ARCH"

	// repository is its root, as seen from this package's directory.
	repository = "../.."
)

// upgraded is the version of the package that takes the other's place.
const upgraded = "v1000.0.0"

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(roleEnv); role {
	case "":
		m.Run()
	case roleAir:
		err = air()
	case roleProbe:
		err = probe(os.Stdout)
	default:
		err = fmt.Errorf("%s=%q: no such role", roleEnv, role)
	}
	if err != nil {
		panic(err)
	}
}

// patience is how long anything may take that should take seconds. An
// emulated CPU needs more of it.
func patience() time.Duration {
	if emulated() {
		return 5 * time.Minute
	}
	return time.Minute
}

// arch is what the container is built for.
func arch() string {
	if a := os.Getenv(archEnv); a != "" {
		return a
	}
	return runtime.GOARCH
}

// emulated reports whether the container's CPU is not ours.
func emulated() bool { return arch() != runtime.GOARCH }

// await returns as soon as try does so without an error.
func await[T any](t *testing.T, what string, try func() (T, error)) T {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience())
	defer late.Stop()
	for {
		v, err := try()
		if err == nil {
			return v
		}
		select {
		case <-late.C:
			t.Fatalf("waited %v in vain for %s: %v", patience(), what, err)
		case <-tick.C:
		}
	}
}

// build makes what goes into the container: the package in two versions, as
// old.deb and new.deb, the archive as archive.tar.gz, and this test binary, as
// site.
func build(t *testing.T, dir string) {
	t.Helper()
	for name, args := range map[string][]string{"old": {"deb"}, "new": {"release", "VERSION=" + upgraded}} {
		run(t, nil, "make", append(args, "-C", repository, "--no-print-directory", "ARCHES="+arch(), "DIST="+filepath.Join(dir, name))...)
	}
	for made, name := range map[string]string{"old/*.deb": "old.deb", "new/*.deb": "new.deb", "new/*.tar.gz": "archive.tar.gz"} {
		files, err := filepath.Glob(filepath.Join(dir, made))
		if err != nil || len(files) != 1 {
			t.Fatalf("for %s make made %v: %v", made, files, err)
		}
		if err := os.Rename(files[0], filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string][]string{"armv6": {"GOARCH=arm", "GOARM=6"}, "arm64": {"GOARCH=arm64"}, "amd64": {"GOARCH=amd64"}}[arch()]
	run(t, append(env, "CGO_ENABLED=0"), "go", "test", "-c", "-tags", "deploy", "-o", filepath.Join(dir, "site"), ".")
}

// run runs a command on this machine.
func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

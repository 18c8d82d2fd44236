package rules

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDebianVersion runs the script that turns what git says into a version
// that dpkg can compare.
func TestDebianVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ described, want string }{
		{"v1.2.0", "1.2.0"},
		{"1.2.0", "1.2.0"},
		{"v0.1", "0.1"},
		{"v1.2.0-rc.1", "1.2.0~rc.1"},
		{"v1.2.0-beta-2", "1.2.0~beta.2"},
		{"v1.2.0-14-g0123abc", "1.2.0+14.g0123abc"},
		{"v1.2.0-rc1-14-g0123abc", "1.2.0~rc1+14.g0123abc"},
		{"v1.2.0-dirty", "1.2.0+dirty"},
		{"v1.2.0-14-g0123abc-dirty", "1.2.0+14.g0123abc.dirty"},
		{"0123abc", "0~git20010909014640.0123abc"},
		{"1234567", "0~git20010909014640.1234567"},
		{"0123abc-dirty", "0~git20010909014640.0123abc+dirty"},
		{"dev", "0~git20010909014640.dev"},
		{"site_1/a b", "0~git20010909014640.site.1.a.b"},
	} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(root, "deploy/debian/version"), tt.described)
		cmd.Env = append(cmd.Environ(), "SOURCE_DATE_EPOCH=1000000000")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(out)); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.described, got, tt.want)
		}
	}
}

// TestMaintainerScripts wants scripts that any Debian shell can read and that
// stop at the first failure: half a set-up that calls itself done is the worst.
func TestMaintainerScripts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		text := read(t, "deploy/debian/"+name)
		if !strings.HasPrefix(text, "#!/bin/sh\n") || !strings.Contains(text, "\nset -e\n") {
			t.Errorf("%s: want #!/bin/sh and set -e", name)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-n")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

package rules

import (
	"encoding/json"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDependencies wants one line of reason in docs/dependencies.md for each
// module that go.mod requires directly, and none for others.
func TestDependencies(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$").FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		reasons[m[1]] = strings.TrimSpace(m[2])
	}
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		if len(reasons[r.Path]) < 20 {
			t.Errorf("go.mod requires %s, and docs/dependencies.md does not say why", r.Path)
		}
		delete(reasons, r.Path)
	}
	for name := range reasons {
		t.Errorf("docs/dependencies.md gives a reason for %s, which go.mod does not require directly", name)
	}
}

// TestNoMachinePaths keeps the paths of whoever wrote a file out of it.
func TestNoMachinePaths(t *testing.T) {
	t.Parallel()
	private := regexp.MustCompile(`(?:^|[^\w.-])/(?:work|root|home/\w+)/[\w.-]`)
	eachFile(t, func(name string, content []byte) {
		if !utf8.Valid(content) {
			return
		}
		for i, line := range strings.Split(string(content), "\n") {
			if private.MatchString(line) {
				t.Errorf("%s:%d: a path of one machine: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	})
}

// TestNoRegistryHosts keeps lock files usable with any mirror.
func TestNoRegistryHosts(t *testing.T) {
	t.Parallel()
	eachFile(t, func(name string, content []byte) {
		if path.Base(name) == "package-lock.json" && strings.Contains(string(content), `"resolved"`) {
			t.Errorf("%s names a registry: make it with npm's --omit-lockfile-registry-resolved", name)
		}
	})
}

// TestLinks wants every relative link of a document to lead somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	texts := map[string]string{}
	eachFile(t, func(name string, content []byte) {
		for dir := name; dir != "."; dir = path.Dir(dir) {
			have[dir] = true
		}
		if path.Ext(name) == ".md" {
			texts[name] = string(content)
		}
	})
	link := regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	for name, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if to := path.Join(path.Dir(name), m[1]); !have[to] {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
}

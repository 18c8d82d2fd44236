package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func theRoot() *cobra.Command {
	a := &app{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard}
	root := a.root()
	root.InitDefaultCompletionCmd()
	return root
}

// Every command has its page, and no line of it is taken for a request that it
// is not.
func TestManual(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ask(t, 0, "manual", dir)
	ask(t, 2, "manual")
	ask(t, 1, "manual", filepath.Join(dir, "none"))
	requests := map[string]bool{".TH": true, ".SH": true, ".TP": true, ".PP": true, ".B": true, ".BR": true, ".I": true, ".nf": true, ".fi": true}
	for _, c := range allCommands(theRoot()) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			if strings.HasPrefix(name, "gatewayd-completion") || name == "gatewayd-help.1" {
				continue // the library's own
			}
			t.Fatal(err)
		}
		for line := range strings.Lines(string(page)) {
			word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !requests[word] {
				t.Errorf("%s: %s", name, line)
			}
		}
		eachFlag(c, func(f *pflag.Flag) {
			if !strings.Contains(string(page), roff("--"+f.Name)) {
				t.Errorf("%s lacks --%s", name, f.Name)
			}
		})
	}
	if got := roff(`.a\b-c`); got != `\&.a\eb\-c` {
		t.Errorf("escaped: %s", got)
	}
}

// TestCommandsDocument holds docs/commands.md against the commands; "make docs"
// writes it.
func TestCommandsDocument(t *testing.T) {
	t.Parallel()
	const file = "../../docs/commands.md"
	want := commandsDocument(theRoot())
	if os.Getenv("GATEWAYD_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("docs/commands.md is stale: run make docs (-there +code):\n%s", diff)
	}
}

// commandsDocument is docs/commands.md.
func commandsDocument(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Commands

Written by `+"`make docs`"+` from the program itself; the same is in `+"`gatewayd help`"+`, and in the manual pages of the package (`+"`man gatewayd-tail`"+`).

Exit status: %s

Commands that ask the running daemon do so over its control socket, which members of group `+"`gatewayd`"+` may use
([api.md](api.md) has what they ask). With `+"`--json`"+` they print what the daemon answers. Colours are for a terminal only, and not where `+"`NO_COLOR`"+` is set. Completion for bash, zsh and fish
comes with the package; `+"`gatewayd completion --help`"+` says how to have it without.

| command | |
|---|---|
`, exitStatus)
	var shown []*cobra.Command
	for _, c := range allCommands(root)[1:] {
		if path := c.CommandPath(); !strings.HasPrefix(path, "gatewayd completion") && path != "gatewayd help" {
			shown = append(shown, c)
		}
	}
	for _, c := range shown {
		path := c.CommandPath()
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", path, strings.ReplaceAll(path, " ", "-"), c.Short)
	}
	for _, c := range shown {
		fmt.Fprintf(&b, "\n## %s\n\n`%s`\n\n%s\n", c.CommandPath(), strings.TrimSuffix(c.UseLine(), " [flags]"), description(c))
		flags := false
		eachFlag(c, func(f *pflag.Flag) {
			if !flags {
				b.WriteString("\n| flag | |\n|---|---|\n")
				flags = true
			}
			form, what := flagForm(f)
			fmt.Fprintf(&b, "| `%s` | %s |\n", form, strings.ReplaceAll(what, "|", `\|`))
		})
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", c.Example)
		}
	}
	return b.String()
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parses says what the program would have against a command line, without
// running it.
func parses(words []string) error {
	a := &app{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard}
	root := a.root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	found, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if found == root {
		return errors.New("names no command")
	}
	found.InitDefaultHelpFlag()
	if err := found.ParseFlags(rest); err != nil {
		return err
	}
	if help, err := found.Flags().GetBool("help"); err == nil && help {
		return nil
	}
	if !found.Runnable() {
		return fmt.Errorf("%s needs a command of its own", found.CommandPath())
	}
	return errors.Join(found.ValidateArgs(found.Flags().Args()), found.ValidateRequiredFlags(), found.ValidateFlagGroups())
}

// machine lists what any Debian or a developer's machine has, and what does
// what it does without Azure and without a concentrator.
func machine() []string {
	return []string{
		"apt", "curl", "editor", "git", "go", "install", "journalctl", "jq", "nano", "openssl", "rm", "scp", "ssh",
		"systemctl", "systemd-sysusers", "systemd-tmpfiles", "udevadm",
	}
}

// TestDocumentedCommands wants every command in the documents to be one that
// the program or the Makefile takes, one of the machine, or marked as in need
// of an Azure account or of hardware. The chapters on installation are run by
// internal/deploy.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for file, text := range documents(t) {
		for _, b := range blocksOf(file, text) {
			if !b.shell() {
				continue
			}
			for _, word := range b.words[min(1, len(b.words)):] {
				if word != needsAzure && word != needsHardware {
					t.Errorf("%s:%d: %q behind the fence: want %s or %s", b.file, b.line, word, needsAzure, needsHardware)
				}
			}
			for _, words := range splitCommands(b.lines) {
				words = plain(words)
				if len(words) == 0 {
					continue
				}
				count[path.Base(words[0])]++
				if complaint := judge(b, words, string(makefile)); complaint != nil {
					t.Errorf("%s:%d: %s: %v", b.file, b.line, strings.Join(words, " "), complaint)
				}
			}
		}
	}
	for name, least := range map[string]int{"gatewayd": 30, "make": 6, "az": 12} {
		if count[name] < least {
			t.Errorf("%d commands %s in the documents: they are not found", count[name], name)
		}
	}
}

// TestDocumentedInline wants commands within the text to be commands, too.
// What a sentence is about may lack its arguments.
func TestDocumentedInline(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile("`gatewayd ([a-z][^`]*)`")
	found := 0
	for file, text := range documents(t) {
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			if m[1] == "starts" {
				continue // a log line
			}
			found++
			either := strings.ReplaceAll(m[1], "|", "-") // DIR|FILE
			if err := parses(append(splitCommands([]string{either})[0], "--help")); err != nil {
				t.Errorf("%s: gatewayd %s: %v", file, m[1], err)
			}
		}
	}
	if found < 50 {
		t.Errorf("%d commands within the text: they are not found", found)
	}
}

// judge says what is wrong with a command of a document.
func judge(b block, words []string, makefile string) error {
	switch name := path.Base(words[0]); {
	case name == "gatewayd":
		return parses(words[1:])
	case name == "make":
		for _, target := range words[1:] {
			if !strings.Contains(target, "=") && !strings.Contains(makefile, "\n"+target+":") {
				return fmt.Errorf("the Makefile has no target %s", target)
			}
		}
		return nil
	case name == "az" && !b.needs(needsAzure):
		return fmt.Errorf("needs an Azure account: say so behind the fence, sh %s", needsAzure)
	case slices.Contains(machine(), name) || b.needs(needsAzure) || b.needs(needsHardware):
		return nil
	}
	return fmt.Errorf("no command that is known here: if it is one, say what it needs, sh %s or sh %s; if not, name the language", needsAzure, needsHardware)
}

func TestSplitCommands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][][]string{
		"a b  c":                {{"a", "b", "c"}},
		"a 'b c' \"d'e\"f":      {{"a", "b c", "d'ef"}},
		"a # no b\n  # none\nc": {{"a"}, {"c"}},
		"a#b":                   {{"a#b"}},
		"a && b | c; d":         {{"a"}, {"b"}, {"c"}, {"d"}},
		"a \\\n  b":             {{"a", "b"}},
		"a ''":                  {{"a", ""}},
		"a -x >b":               {{"a", "-x", ">", "b"}},
	} {
		if diff := cmp.Diff(want, splitCommands(strings.Split(text, "\n"))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got := plain([]string{"A_B=c", "sudo", "-u", "gatewayd", "gatewayd", "check", ">", "x"}); !slices.Equal(got, []string{"gatewayd", "check"}) {
		t.Errorf("plain: %q", got)
	}
}

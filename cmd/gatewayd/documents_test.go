package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What commands of a block need, behind the language.
const (
	needsAzure    = "azure"    // an Azure account
	needsHardware = "hardware" // a concentrator, or somebody else's program on one
)

// block is a fenced block of a document.
type block struct {
	file  string
	line  int      // of its first line
	words []string // behind the fence: the language, then what its commands need
	lines []string
}

// shell reports whether the block holds commands.
func (b block) shell() bool { return len(b.words) == 0 || b.words[0] == "sh" }

// needs reports whether the block says that its commands need what.
func (b block) needs(what string) bool { return len(b.words) > 1 && slices.Contains(b.words[1:], what) }

// blocksOf lists the fenced blocks of a document.
func blocksOf(file, text string) []block {
	var blocks []block
	var open *block
	for i, line := range strings.Split(text, "\n") {
		words, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{file: file, line: i + 2, words: strings.Fields(words)}
		case fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.lines = append(open.lines, line)
		}
	}
	return blocks
}

// documents reads every document of the repository but the changelog, which
// speaks of the past too.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	tree := os.DirFS("../..")
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"bin", "dist", "node_modules", "testdata"}, d.Name())):
			return fs.SkipDir
		case path.Ext(name) != ".md" || name == "CHANGELOG.md":
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		texts[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestDocumentedConfigurations checks the configurations of the pages that
// show whole ones.
func TestDocumentedConfigurations(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	for page, least := range map[string]int{"docs/quickstart.md": 5, "docs/azure.md": 2} {
		found := 0
		for _, b := range blocksOf(page, texts[page]) {
			if !slices.Equal(b.words, []string{"toml"}) {
				continue
			}
			found++
			file := filepath.Join(t.TempDir(), "gatewayd.toml")
			if err := os.WriteFile(file, []byte(strings.Join(b.lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			if code := run([]string{"check", "--config", file}, func(string) string { return "" }, &stdout, &stderr); code != exitOK {
				t.Errorf("%s:%d: check exits with %d:\n%s", page, b.line, code, &stderr)
			}
		}
		if found < least {
			t.Errorf("%s: %d configurations, want %d at least", page, found, least)
		}
	}
}

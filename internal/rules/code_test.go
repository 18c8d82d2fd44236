package rules

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// maxLines is the longest a Go file may be.
const maxLines = 450

func TestFileLength(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.lines > maxLines {
			t.Errorf("%s has %d lines, at most %d: it holds more than one noun", f.path, f.lines, maxLines)
		}
	}
}

// TestPackageDoc wants one doc comment for each package, in one file.
func TestPackageDoc(t *testing.T) {
	t.Parallel()
	docs := map[string][]string{}
	for _, f := range sources(t) {
		if strings.HasSuffix(f.ast.Name.Name, "_test") {
			continue
		}
		if docs[f.pkg] == nil {
			docs[f.pkg] = []string{}
		}
		if f.ast.Doc == nil {
			continue
		}
		docs[f.pkg] = append(docs[f.pkg], f.path)
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + path.Base(f.pkg) + " "
		}
		if text := f.ast.Doc.Text(); !strings.HasPrefix(strings.ReplaceAll(text, "\n", " "), want) {
			t.Errorf("%s: the package doc begins %.40q, want %q", f.path, text, want)
		}
	}
	for pkg, files := range docs {
		if len(files) != 1 {
			t.Errorf("%s has %d package docs, want one: %v", pkg, len(files), files)
		}
	}
}

// call is a use of a function that is kept out of some files.
type call struct {
	pkg   string   // import path
	names []string // of functions
	// banned says whether f may not use them.
	banned func(f *goFile) bool
	why    string
}

func calls() []call {
	always := func(*goFile) bool { return true }
	return []call{
		{
			pkg: "time", names: []string{"Sleep"},
			banned: func(f *goFile) bool { return f.test },
			why:    "a test waits for what it waits for, or uses testing/synctest",
		},
		{
			pkg: "os", names: []string{"Exit"},
			banned: func(f *goFile) bool { return !strings.HasPrefix(f.path, "cmd/") || path.Base(f.path) != "main.go" },
			why:    "deferred calls must run; return an error",
		},
		{
			pkg: "log", names: []string{"Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "Print", "Printf", "Println", "Default"},
			banned: always,
			why:    "return an error; the logger is injected",
		},
		{
			pkg: "go.uber.org/zap", names: []string{"L", "S", "ReplaceGlobals", "RedirectStdLog"},
			banned: always,
			why:    "the logger is injected",
		},
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		for _, c := range calls() {
			if !c.banned(f) {
				continue
			}
			for _, use := range uses(f, c) {
				t.Errorf("%s: %s.%s: %s", f.pos(use), path.Base(c.pkg), use.Sel.Name, c.why)
			}
		}
	}
}

// uses finds c in f: the selectors of its names on the package as imported.
func uses(f *goFile, c call) []*ast.SelectorExpr {
	name := ""
	for _, spec := range f.ast.Imports {
		if strings.Trim(spec.Path.Value, `"`) != c.pkg {
			continue
		}
		name = path.Base(c.pkg)
		if spec.Name != nil {
			name = spec.Name.Name
		}
	}
	if name == "" {
		return nil
	}
	var found []*ast.SelectorExpr
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == name && slices.Contains(c.names, sel.Sel.Name) {
			found = append(found, sel)
		}
		return true
	})
	return found
}

// TestInitAndPanic keeps hidden start-up code and panics out of what ships.
func TestInitAndPanic(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: func init: build it where it is needed and pass it on", f.pos(n))
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "panic" && !f.test {
					t.Errorf("%s: panic: return an error; bad input must not stop the daemon", f.pos(n))
				}
			}
			return true
		})
	}
}

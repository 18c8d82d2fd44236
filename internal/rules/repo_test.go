package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is this module's path.
const module = "gatewayd"

// goFile is one parsed Go file of the repository.
type goFile struct {
	path  string // from the root, with slashes
	pkg   string // import path of its directory
	test  bool
	lines int
	ast   *ast.File
	fset  *token.FileSet
}

// pos says where n is.
func (f *goFile) pos(n ast.Node) string {
	p := f.fset.Position(n.Pos())
	return f.path + ":" + strconv.Itoa(p.Line)
}

// imports returns the import paths of f.
func (f *goFile) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// root is the repository's root, as seen from this package's directory.
const root = "../.."

// eachFile calls visit for every file that belongs to the repository, with
// its path from the root.
func eachFile(t *testing.T, visit func(name string, content []byte)) {
	t.Helper()
	own := map[string]bool{".ci": true, ".github": true}
	made := map[string]bool{"bin": true, "dist": true, "node_modules": true}
	tree := os.DirFS(root)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && (made[base] || strings.HasPrefix(base, ".") && !own[base]) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || name == ".git" { // a file in a linked work tree
			return nil
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		visit(name, content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goFiles parses every Go file, whatever its build constraints.
func goFiles(t *testing.T) []*goFile {
	t.Helper()
	var files []*goFile
	fset := token.NewFileSet()
	eachFile(t, func(name string, content []byte) {
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			return
		}
		parsed, err := parser.ParseFile(fset, filepath.Join(root, name), content, parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		files = append(files, &goFile{
			path:  name,
			pkg:   path.Join(module, path.Dir(name)),
			test:  strings.HasSuffix(name, "_test.go"),
			lines: strings.Count(string(content), "\n"),
			ast:   parsed,
			fset:  fset,
		})
	})
	if len(files) == 0 {
		t.Fatal("no Go files found: the rules would check nothing")
	}
	return files
}

// sources parses once for all tests; nobody changes what it returns.
var sources = func() func(t *testing.T) []*goFile {
	var once sync.Once
	var files []*goFile
	return func(t *testing.T) []*goFile {
		t.Helper()
		once.Do(func() { files = goFiles(t) })
		return files
	}
}()

// read returns a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

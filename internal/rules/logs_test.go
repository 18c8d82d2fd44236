package rules

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logPage explains every log line.
const logPage = "docs/logs.md"

// TestLogPage wants docs/logs.md to have every message that the daemon logs,
// every sentence about a hub and every word that stands for a reason or state
// in log lines, and none that it does not log.
func TestLogPage(t *testing.T) {
	t.Parallel()
	page := read(t, logPage)
	explained := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(page, -1) {
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			explained[quoted[1]] = true
		}
	}
	said := map[string]string{} // where
	for _, f := range sources(t) {
		if f.test || f.pkg == module+"/hub/hubtest" || strings.HasPrefix(f.pkg, module+"/internal/simulator") {
			continue
		}
		for text, at := range logged(f) {
			said[text] = at
		}
	}
	if len(said) < 100 {
		t.Errorf("%d messages and words in the code: they are not found", len(said))
	}
	for _, text := range slices.Sorted(maps.Keys(said)) {
		if !explained[text] {
			t.Errorf("%s: %q is not in %s", said[text], text, logPage)
		}
		delete(explained, text)
	}
	for _, text := range slices.Sorted(maps.Keys(explained)) {
		t.Errorf("%s explains %q, which is never logged", logPage, text)
	}
}

// logged returns what f can put into the log, and where it stands: messages
// up to the first colon or semicolon, behind which they say what to do.
func logged(f *goFile) map[string]string {
	words := []string{"Reason", "TxReason"}
	found := map[string]string{}
	add := func(n ast.Node, texts ...string) {
		for _, text := range texts {
			text, _, _ = strings.Cut(text, ": ")
			text, _, _ = strings.Cut(text, "; ")
			found[strings.TrimSpace(text)] = f.pos(n)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if message := logMessage(n); message != nil {
				add(n, texts(f, message)...)
			}
		case *ast.ValueSpec:
			if id, ok := n.Type.(*ast.Ident); ok && slices.Contains(words, id.Name) && f.pkg != module+"/hub" {
				add(n, texts(f, n.Values[0])...)
			}
		case *ast.FuncDecl:
			if f.pkg == module+"/hub" && (strings.HasPrefix(n.Name.Name, "say") || n.Name.Name == "timeoutAt" || n.Name.Name == "expirySentence") {
				ast.Inspect(n, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok {
						add(r, texts(f, r.Results[0])...)
					}
					return true
				})
			}
		}
		return true
	})
	return found
}

// logMessage is the message of a call of a zap logger, or nil.
func logMessage(call *ast.CallExpr) ast.Expr {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return nil
	}
	if id, ok := sel.X.(*ast.Ident); ok && (id.Name == "zap" || id.Name == "http") {
		return nil
	}
	switch sel.Sel.Name {
	case "Debug", "Info", "Warn", "Error", "complain":
		return call.Args[0]
	case "Log":
		return call.Args[min(1, len(call.Args)-1)]
	}
	return nil
}

// texts are the values that e may have, as far as they are literals: of a
// concatenation the beginning, of a variable what f assigns to its name.
func texts(f *goFile, e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING && text != "" {
			return []string{text}
		}
	case *ast.BinaryExpr:
		return texts(f, e.X)
	case *ast.Ident:
		var all []string
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if assign, ok := n.(*ast.AssignStmt); ok && len(assign.Lhs) == len(assign.Rhs) {
				for i, left := range assign.Lhs {
					if id, ok := left.(*ast.Ident); ok && id.Name == e.Name {
						if lit, ok := assign.Rhs[i].(*ast.BasicLit); ok {
							all = append(all, texts(f, lit)...)
						}
					}
				}
			}
			return true
		})
		return all
	}
	return nil
}

package codec

import (
	"reflect"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/token"
)

// rewriter mends a tree of syntax where the engine means something else by it
// than Node does: the operator **, chains of comparisons, and functions that
// are declared in blocks.
type rewriter struct {
	source string
	powers bool // whether there was an operator **
	caught bool // whether there was a catch
	fn     *functionScope
}

// functionScope is the function, or script, that is walked.
type functionScope struct {
	strict bool
	vars   *[]*ast.VariableDeclaration
	// taken are names that a function declared in a block must not overwrite:
	// those of parameters and of let, const and class, by the block.
	taken []map[string]bool
}

// rewrite mends program, whose source is given.
func rewrite(program *ast.Program, source string) *rewriter {
	w := &rewriter{source: source}
	w.fn = &functionScope{strict: isStrict(program.Body), vars: &program.DeclarationList}
	w.body(program.Body)
	return w
}

// walk goes through v, a part of the tree.
func (w *rewriter) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if b, ok := v.Interface().(*ast.BinaryExpression); ok && v.CanSet() && comparison(b.Operator) {
			v.Set(reflect.ValueOf(w.leftFirst(b)))
		}
		w.walk(v.Elem())
		if call := powerCall(v.Interface()); call != nil && v.CanSet() {
			w.powers = true
			v.Set(reflect.ValueOf(call))
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().PkgPath() == reflect.TypeFor[ast.Program]().PkgPath() && !w.scoped(v.Interface()) {
			w.walk(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				w.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	default:
	}
}

// scoped walks what has a scope of its own, and reports whether node has.
func (w *rewriter) scoped(node any) bool {
	switch n := node.(type) {
	case *ast.FunctionLiteral:
		w.function(n.ParameterList, &n.DeclarationList, func() { w.body(n.Body.List) }, isStrict(n.Body.List))
	case *ast.ArrowFunctionLiteral:
		block, ok := n.Body.(*ast.BlockStatement)
		if !ok {
			return false
		}
		w.function(n.ParameterList, &n.DeclarationList, func() { w.body(block.List) }, isStrict(block.List))
	case *ast.ClassLiteral:
		strict := w.fn.strict
		w.fn.strict = true
		w.walk(reflect.ValueOf(n).Elem())
		w.fn.strict = strict
	case *ast.BlockStatement:
		n.List = w.block(n.List, w.hoisted(n.List))
	case *ast.SwitchStatement:
		w.switchStatement(n)
	case *ast.TryStatement:
		w.inNodesWords(n)
		return false
	default:
		return false
	}
	return true
}

// inNodesWords has what is caught translated first.
func (w *rewriter) inNodesWords(n *ast.TryStatement) {
	if n.Catch == nil {
		return
	}
	id, ok := n.Catch.Parameter.(*ast.Identifier)
	if !ok {
		return
	}
	w.caught = true
	translate := &ast.CallExpression{
		Callee:           &ast.Identifier{Name: wordsName, Idx: id.Idx},
		LeftParenthesis:  id.Idx,
		ArgumentList:     []ast.Expression{&ast.Identifier{Name: id.Name, Idx: id.Idx}},
		RightParenthesis: id.Idx,
	}
	n.Catch.Body.List = append([]ast.Statement{&ast.ExpressionStatement{Expression: translate}}, n.Catch.Body.List...)
}

func (w *rewriter) function(parameters *ast.ParameterList, vars *[]*ast.VariableDeclaration, body func(), strict bool) {
	outer := w.fn
	w.fn = &functionScope{strict: outer.strict || strict, vars: vars, taken: []map[string]bool{{}}}
	for _, b := range parameters.List {
		if id, ok := b.Target.(*ast.Identifier); ok {
			w.fn.taken[0][id.Name.String()] = true
		}
	}
	w.walk(reflect.ValueOf(parameters).Elem())
	body()
	w.fn = outer
}

// body walks the statements of a function, whose declarations stay as they are.
func (w *rewriter) body(list []ast.Statement) {
	w.fn.taken = append(w.fn.taken, lexicalNames(list))
	w.walk(reflect.ValueOf(list))
	w.fn.taken = w.fn.taken[:len(w.fn.taken)-1]
}

// block walks the statements of a block and puts first in front of them.
func (w *rewriter) block(list, first []ast.Statement) []ast.Statement {
	w.body(list)
	w.walk(reflect.ValueOf(first))
	if len(first) == 0 {
		return list
	}
	rest := make([]ast.Statement, 0, len(list))
	for _, s := range list {
		if _, gone := s.(*ast.EmptyStatement); !gone {
			rest = append(rest, s)
		}
	}
	return append(first, rest...)
}

// switchStatement walks all cases as one block; its functions exist before the
// first.
func (w *rewriter) switchStatement(n *ast.SwitchStatement) {
	var all []ast.Statement
	for _, c := range n.Body {
		all = append(all, c.Consequent...)
	}
	w.walk(reflect.ValueOf(n).Elem().FieldByName("Discriminant"))
	w.fn.taken = append(w.fn.taken, lexicalNames(all))
	for _, c := range n.Body {
		functions := w.hoisted(c.Consequent)
		w.walk(reflect.ValueOf(c).Elem())
		if len(functions) == 0 {
			continue
		}
		w.walk(reflect.ValueOf(functions))
		// What computes the value to compare is evaluated before any case.
		for _, f := range functions {
			s, _ := f.(*ast.ExpressionStatement)
			n.Discriminant = &ast.SequenceExpression{Sequence: []ast.Expression{s.Expression, n.Discriminant}}
		}
	}
	w.fn.taken = w.fn.taken[:len(w.fn.taken)-1]
}

// hoisted takes the functions out of a block that are visible in the whole
// function around it, as they are in scripts that are not strict: f becomes a
// variable of that function, assigned to at the begin of the block.
func (w *rewriter) hoisted(list []ast.Statement) (assigned []ast.Statement) {
	for i, s := range list {
		d, ok := s.(*ast.FunctionDeclaration)
		if !ok || w.fn.strict || d.Function.Async || d.Function.Generator || w.isTaken(d.Function.Name.Name.String()) {
			continue
		}
		id := &ast.Identifier{Name: d.Function.Name.Name, Idx: d.Function.Name.Idx}
		*w.fn.vars = append(*w.fn.vars, &ast.VariableDeclaration{Var: id.Idx, List: []*ast.Binding{{Target: id}}})
		assigned = append(assigned, &ast.ExpressionStatement{
			Expression: &ast.AssignExpression{Operator: token.ASSIGN, Left: id, Right: d.Function},
		})
		list[i] = &ast.EmptyStatement{Semicolon: d.Function.Function}
	}
	return assigned
}

func (w *rewriter) isTaken(name string) bool {
	for _, names := range w.fn.taken {
		if names[name] {
			return true
		}
	}
	return false
}

// lexicalNames are those that let, const and class declare in list.
func lexicalNames(list []ast.Statement) map[string]bool {
	names := map[string]bool{}
	for _, s := range list {
		switch s := s.(type) {
		case *ast.LexicalDeclaration:
			for _, b := range s.List {
				if id, ok := b.Target.(*ast.Identifier); ok {
					names[id.Name.String()] = true
				}
			}
		case *ast.ClassDeclaration:
			if s.Class.Name != nil {
				names[s.Class.Name.Name.String()] = true
			}
		}
	}
	return names
}

// isStrict reports whether list begins with the directive "use strict".
func isStrict(list []ast.Statement) bool {
	for _, s := range list {
		e, ok := s.(*ast.ExpressionStatement)
		if !ok {
			return false
		}
		text, ok := e.Expression.(*ast.StringLiteral)
		if !ok {
			return false
		}
		if text.Value == "use strict" {
			return true
		}
	}
	return false
}

// comparison reports whether operator is one whose chains the parser reads
// from the right: a < (b < c).
func comparison(operator token.Token) bool {
	switch operator {
	case token.LESS, token.LESS_OR_EQUAL, token.GREATER, token.GREATER_OR_EQUAL, token.INSTANCEOF, token.IN:
		return true
	default:
		return false
	}
}

// leftFirst turns a < (b < c) into (a < b) < c, unless the script has the
// parentheses.
func (w *rewriter) leftFirst(e *ast.BinaryExpression) *ast.BinaryExpression {
	left, operator, right := e.Left, e.Operator, e.Right
	for {
		next, ok := right.(*ast.BinaryExpression)
		if !ok || !comparison(next.Operator) || w.inParentheses(next) {
			return &ast.BinaryExpression{Operator: operator, Left: left, Right: right, Comparison: e.Comparison}
		}
		left = &ast.BinaryExpression{Operator: operator, Left: left, Right: next.Left, Comparison: e.Comparison}
		operator, right = next.Operator, next.Right
	}
}

// inParentheses reports whether e as a whole stands in parentheses: whether
// one that opens before its first operand is still open at the second.
func (w *rewriter) inParentheses(e *ast.BinaryExpression) bool {
	begin, end := w.offset(e.Idx0()), w.offset(e.Right.Idx0())
	depth := 0
	for i := begin - 1; i >= 0 && (w.source[i] == '(' || strings.IndexByte(" \t\r\n", w.source[i]) >= 0); i-- {
		if w.source[i] == '(' {
			depth++
		}
	}
	for i := begin; i < end && depth > 0; i++ {
		switch c := w.source[i]; c {
		case '(':
			depth++
		case ')':
			depth--
		case '"', '\'', '`':
			for i++; i < end && w.source[i] != c; i++ {
				if w.source[i] == '\\' {
					i++
				}
			}
		}
	}
	return depth > 0
}

// offset is where in the source a position is.
func (w *rewriter) offset(at file.Idx) int { return min(max(0, int(at)-1), len(w.source)) }

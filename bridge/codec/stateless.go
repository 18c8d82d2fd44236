package codec

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// stateless reports whether a script provably leaves nothing behind in its
// runtime, so that a call may use the runtime of an earlier one. The proof is
// made of two parts, and whatever is not recognised speaks against it:
//
// Variables: functions assign only to variables of functions.
//
// Objects: functions change only objects that were made during the call. The
// base of each assignment to a member, and the receiver of each method that
// changes it, must be such an object, by everything that may have been
// assigned to it. Builtins are only called, under a list of names; there is
// no way from an object to its prototype or constructor.
func stateless(source string) bool {
	program, err := parser.ParseFile(nil, "", source, parser.IgnoreRegExpErrors, parser.WithDisableSourceMaps)
	if err != nil {
		return false
	}
	p := &prover{module: newScope(nil), properties: map[string][]origin{}}
	p.ok = p.declareModule(program.Body)
	for _, v := range p.module.names {
		if v.function != nil {
			p.function(v.function, p.module)
		}
	}
	return p.ok && p.solved()
}

// prover walks a script.
type prover struct {
	ok     bool
	module *scope
	// properties are what is assigned to members, by their name.
	properties map[string][]origin
	// written are the objects that functions change.
	written []origin
}

// scope is the variables of a function or block.
type scope struct {
	outer *scope
	fn    *variable // the function that is walked, nil in function expressions
	names map[string]*variable
}

// variable is a variable and all that may be assigned to it.
type variable struct {
	module   bool
	function *ast.FunctionLiteral // a function of the module
	params   []*variable          // of function
	origins  []origin
	returns  []origin // of function
	state    solution
}

// origin says where an object comes from: the call itself, when all of its
// parts do. What is not stated is fresh: a literal, a number.
type origin struct {
	foreign    bool // it may have been there before
	variables  []*variable
	properties []string
	returns    []*variable
}

// solution is how far the question whether a variable is fresh has come.
type solution int

const (
	unasked solution = iota
	assumed          // being asked, or answered with yes
	refuted
)

func newScope(outer *scope) *scope {
	s := &scope{outer: outer, names: map[string]*variable{}}
	if outer != nil {
		s.fn = outer.fn
	}
	return s
}

func (s *scope) declare(name string) *variable {
	if v := s.names[name]; v != nil {
		return v
	}
	v := &variable{}
	s.names[name] = v
	return v
}

func (s *scope) find(name string) *variable {
	for ; s != nil; s = s.outer {
		if v := s.names[name]; v != nil {
			return v
		}
	}
	return nil
}

// fail ends the proof.
func (p *prover) fail() { p.ok = false }

// solved reports whether everything written is fresh.
func (p *prover) solved() bool {
	for _, o := range p.written {
		if !p.fresh(o) {
			return false
		}
	}
	return true
}

// fresh decides o, taking for granted what is being decided: only what can be
// refuted from outside a circle is refuted.
func (p *prover) fresh(o origin) bool {
	if o.foreign {
		return false
	}
	for _, v := range o.variables {
		if !p.freshVariable(v) {
			return false
		}
	}
	for _, v := range o.returns {
		for _, r := range v.returns {
			if !p.freshOnce(v, r) {
				return false
			}
		}
	}
	for _, name := range o.properties {
		list, known := p.properties[name]
		if !known {
			return false
		}
		delete(p.properties, name) // taken for granted below
		p.properties[name] = nil
		for _, r := range list {
			if !p.fresh(r) {
				return false
			}
		}
	}
	return true
}

// freshVariable decides everything that v may hold.
func (p *prover) freshVariable(v *variable) bool {
	if v.module || v.state == refuted {
		return false
	}
	if v.state == assumed {
		return true
	}
	v.state = assumed
	for _, o := range v.origins {
		if !p.fresh(o) {
			v.state = refuted
			return false
		}
	}
	return true
}

// freshOnce decides what a function returns; it may call itself.
func (p *prover) freshOnce(v *variable, o origin) bool {
	returns := v.returns
	v.returns = nil
	defer func() { v.returns = returns }()
	return p.fresh(o)
}

// declareModule takes the declarations of a script. Other statements run once
// for each runtime, and could leave anything.
func (p *prover) declareModule(body []ast.Statement) bool {
	for _, s := range body {
		if f, ok := s.(*ast.FunctionDeclaration); ok && f.Function.Name != nil {
			p.module.declare(f.Function.Name.Name.String()).function = f.Function
		}
	}
	for _, s := range body {
		if !p.declaration(s) {
			return false
		}
	}
	for _, v := range p.module.names {
		v.module = true
	}
	return true
}

func (p *prover) declaration(s ast.Statement) bool {
	switch s := s.(type) {
	case *ast.FunctionDeclaration, *ast.EmptyStatement:
		return true
	case *ast.VariableStatement:
		return p.constants(s.List)
	case *ast.LexicalDeclaration:
		return p.constants(s.List)
	case *ast.IfStatement:
		return s.Alternate == nil && aboutModule(s.Test) && p.declaration(s.Consequent)
	case *ast.BlockStatement:
		return !slices.ContainsFunc(s.List, func(inner ast.Statement) bool {
			_, export := inner.(*ast.ExpressionStatement)
			return !export || !p.declaration(inner)
		})
	case *ast.ExpressionStatement:
		switch e := s.Expression.(type) {
		case *ast.StringLiteral:
			return true
		case *ast.AssignExpression:
			return e.Operator == token.ASSIGN && isExport(e.Left) && p.exported(e.Right)
		}
	}
	return false
}

// constants takes variables of the module.
func (p *prover) constants(list []*ast.Binding) bool {
	for _, b := range list {
		id, ok := b.Target.(*ast.Identifier)
		if !ok {
			return false
		}
		v := p.module.declare(id.Name.String())
		switch f := b.Initializer.(type) {
		case nil:
		case *ast.FunctionLiteral:
			v.function = f
		default:
			if v.function != nil || !constant(f) {
				return false
			}
		}
	}
	return true
}

// exported reports whether e is functions of the module, alone or as members.
func (p *prover) exported(e ast.Expression) bool {
	switch e := e.(type) {
	case *ast.Identifier:
		return true
	case *ast.ObjectLiteral:
		for _, m := range e.Value {
			switch m := m.(type) {
			case *ast.PropertyShort:
			case *ast.PropertyKeyed:
				if _, ok := m.Value.(*ast.Identifier); !ok || m.Computed {
					return false
				}
			default:
				return false
			}
		}
		return true
	}
	return false
}

// isExport reports whether e is module.exports, exports.x or
// module.exports.x.
func isExport(e ast.Expression) bool {
	d, ok := e.(*ast.DotExpression)
	if !ok {
		return false
	}
	if id, ok := d.Left.(*ast.Identifier); ok {
		return id.Name == "exports" || id.Name == "module" && d.Identifier.Name == "exports"
	}
	return isExport(d.Left) && !isExport(d.Left.(*ast.DotExpression).Left)
}

// aboutModule reports whether e only asks whether module and exports are there.
func aboutModule(e ast.Expression) bool {
	switch e := e.(type) {
	case *ast.BinaryExpression:
		return aboutModule(e.Left) && aboutModule(e.Right)
	case *ast.UnaryExpression:
		return aboutModule(e.Operand)
	case *ast.DotExpression:
		return isExport(e)
	case *ast.Identifier:
		return e.Name == "module" || e.Name == "exports"
	case *ast.StringLiteral:
		return true
	}
	return false
}

// constant reports whether e is the same whenever it is evaluated, and keeps
// no state of its own as far as it is only read.
func constant(e ast.Expression) bool {
	switch e := e.(type) {
	case *ast.NumberLiteral, *ast.StringLiteral, *ast.BooleanLiteral, *ast.NullLiteral:
		return true
	case *ast.RegExpLiteral:
		return !strings.ContainsAny(e.Flags, "gy") // those remember a place
	case *ast.UnaryExpression:
		return constant(e.Operand)
	case *ast.BinaryExpression:
		return constant(e.Left) && constant(e.Right)
	case *ast.ArrayLiteral:
		for _, v := range e.Value {
			if v != nil && !constant(v) {
				return false
			}
		}
		return true
	case *ast.ObjectLiteral:
		for _, m := range e.Value {
			k, ok := m.(*ast.PropertyKeyed)
			if !ok || k.Kind != ast.PropertyKindValue || !constant(k.Key) || !constant(k.Value) {
				return false
			}
		}
		return true
	}
	return false
}

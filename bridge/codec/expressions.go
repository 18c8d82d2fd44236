package codec

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// expression walks e, where its value is used.
func (p *prover) expression(e ast.Expression, s *scope) {
	switch e := e.(type) {
	case nil, *ast.NumberLiteral, *ast.StringLiteral, *ast.BooleanLiteral, *ast.NullLiteral, *ast.RegExpLiteral:
	case *ast.Identifier:
		p.read(e, s)
	case *ast.AssignExpression:
		p.expression(e.Right, s)
		p.target(e.Left, p.origin(e, s), s)
	case *ast.UnaryExpression:
		p.unary(e, s)
	case *ast.BinaryExpression:
		p.expression(e.Left, s)
		if _, class := e.Right.(*ast.Identifier); !class || e.Operator != token.INSTANCEOF {
			p.expression(e.Right, s)
		}
	case *ast.ConditionalExpression:
		p.all(s, e.Test, e.Consequent, e.Alternate)
	case *ast.SequenceExpression:
		p.all(s, e.Sequence...)
	case *ast.ArrayLiteral:
		p.all(s, e.Value...)
	case *ast.SpreadElement:
		p.expression(e.Expression, s)
	case *ast.OptionalChain:
		p.expression(e.Expression, s)
	case *ast.Optional:
		p.expression(e.Expression, s)
	case *ast.TemplateLiteral:
		if e.Tag != nil {
			p.fail()
		}
		p.all(s, e.Expressions...)
	case *ast.ObjectLiteral:
		p.objectLiteral(e, s)
	case *ast.DotExpression:
		p.member(e, s)
	case *ast.BracketExpression:
		p.all(s, e.Left, e.Member)
		p.key(e.Member, true, s)
	case *ast.CallExpression:
		p.call(e, s)
	case *ast.NewExpression:
		p.construct(e, s)
	case *ast.FunctionLiteral:
		inner := newScope(s)
		if e.Name != nil {
			inner.declare(e.Name.Name.String()).origins = []origin{{foreign: true}}
		}
		p.function(e, inner)
	case *ast.ArrowFunctionLiteral:
		p.arrow(e, s)
	default:
		p.fail()
	}
}

func (p *prover) all(s *scope, list ...ast.Expression) {
	for _, e := range list {
		p.expression(e, s)
	}
}

// read allows variables and a few constants. A function of the module that is
// handed on as a value may be called by anything.
func (p *prover) read(id *ast.Identifier, s *scope) {
	name := id.Name.String()
	v := s.find(name)
	switch {
	case v == nil:
		if !slices.Contains([]string{"undefined", "NaN", "Infinity"}, name) {
			p.fail()
		}
	case v.function != nil:
		for i := range len(v.function.ParameterList.List) {
			known := v.parameter(i)
			known.origins = append(known.origins, origin{foreign: true})
		}
	}
}

func (p *prover) unary(e *ast.UnaryExpression, s *scope) {
	switch e.Operator {
	case token.INCREMENT, token.DECREMENT:
		p.target(e.Operand, origin{}, s)
	case token.DELETE:
		if _, ok := e.Operand.(*ast.Identifier); ok {
			p.fail()
			return
		}
		p.target(e.Operand, origin{}, s)
	case token.TYPEOF:
		if _, ok := e.Operand.(*ast.Identifier); !ok {
			p.expression(e.Operand, s)
		}
	default:
		p.expression(e.Operand, s)
	}
}

// target walks what is assigned to.
func (p *prover) target(e ast.Expression, value origin, s *scope) {
	switch e := e.(type) {
	case *ast.Identifier:
		p.assign(e, value, s)
	case *ast.DotExpression:
		p.member(e, s)
		name := e.Identifier.Name.String()
		p.properties[name] = append(p.properties[name], value)
		p.written = append(p.written, p.origin(e.Left, s))
	case *ast.BracketExpression:
		p.all(s, e.Left, e.Member)
		p.key(e.Member, true, s)
		p.written = append(p.written, p.origin(e.Left, s))
	case *ast.ArrayPattern, *ast.ObjectPattern:
		p.fail()
	default:
		p.fail()
	}
}

// assign takes an assignment to a variable, which must be of a function.
func (p *prover) assign(id *ast.Identifier, value origin, s *scope) {
	v := s.find(id.Name.String())
	if v == nil || v.module {
		p.fail()
		return
	}
	v.origins = append(v.origins, value)
}

func (p *prover) objectLiteral(e *ast.ObjectLiteral, s *scope) {
	for _, m := range e.Value {
		switch m := m.(type) {
		case *ast.PropertyShort:
			p.read(&m.Name, s)
			p.note(m.Name.Name.String(), p.origin(&m.Name, s))
		case *ast.PropertyKeyed:
			if m.Kind == ast.PropertyKindGet || m.Kind == ast.PropertyKindSet {
				p.fail()
				return
			}
			p.key(m.Key, m.Computed, s)
			p.expression(m.Value, s)
			if k, ok := m.Key.(*ast.StringLiteral); ok && !m.Computed {
				p.note(k.Value.String(), p.origin(m.Value, s))
			}
		case *ast.SpreadElement:
			p.expression(m.Expression, s)
		default:
			p.fail()
		}
	}
}

// note records what a member is given.
func (p *prover) note(name string, value origin) {
	p.name(name)
	p.properties[name] = append(p.properties[name], value)
}

// key walks the key of a member.
func (p *prover) key(e ast.Expression, computed bool, s *scope) {
	switch k := e.(type) {
	case *ast.StringLiteral:
		p.name(k.Value.String())
		return
	case *ast.Identifier:
		if !computed {
			p.name(k.Name.String())
			return
		}
	}
	p.expression(e, s)
}

// name refuses the names that lead from an object to what all objects share.
func (p *prover) name(name string) {
	switch name {
	case "__proto__", "prototype", "constructor", "caller", "callee", "call", "apply", "bind",
		"__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__":
		p.fail()
	}
}

// member walks left.name.
func (p *prover) member(e *ast.DotExpression, s *scope) {
	p.name(e.Identifier.Name.String())
	if id, ok := e.Left.(*ast.Identifier); ok && s.find(id.Name.String()) == nil {
		if name := id.Name.String(); name != "Math" && name != "Number" {
			p.fail()
		}
		return
	}
	p.expression(e.Left, s)
}

// construct walks new.
func (p *prover) construct(e *ast.NewExpression, s *scope) {
	p.all(s, e.ArgumentList...)
	id, ok := e.Callee.(*ast.Identifier)
	if !ok || s.find(id.Name.String()) != nil || !slices.Contains(constructors(), id.Name.String()) {
		p.fail()
	}
}

// call walks a call.
func (p *prover) call(e *ast.CallExpression, s *scope) {
	switch callee := unchained(e.Callee).(type) {
	case *ast.Identifier:
		p.callFunction(callee.Name.String(), e.ArgumentList, s)
	case *ast.DotExpression:
		p.callMethod(callee, e.ArgumentList, s)
	default:
		p.fail()
	}
	p.all(s, e.ArgumentList...)
}

// unchained is e without the marks of an optional chain.
func unchained(e ast.Expression) ast.Expression {
	for {
		switch x := e.(type) {
		case *ast.OptionalChain:
			e = x.Expression
		case *ast.Optional:
			e = x.Expression
		default:
			return e
		}
	}
}

// callFunction takes a call by name: of a function of the module, or of a
// builtin that only computes.
func (p *prover) callFunction(name string, args []ast.Expression, s *scope) {
	v := s.find(name)
	switch {
	case v == nil:
		if !slices.Contains(functions(), name) {
			p.fail()
		}
	case v.function == nil:
		p.fail()
	default:
		p.handOver(v, args, s)
	}
}

// handOver records what a function of the module is called with.
func (p *prover) handOver(v *variable, args []ast.Expression, s *scope) {
	spread := false
	for i := range len(v.function.ParameterList.List) {
		known := v.parameter(i)
		if i < len(args) {
			_, isSpread := args[i].(*ast.SpreadElement)
			spread = spread || isSpread
		}
		switch {
		case spread:
			known.origins = append(known.origins, origin{foreign: true})
		case i < len(args):
			known.origins = append(known.origins, p.origin(args[i], s))
		}
	}
}

// callMethod takes a call of left.name.
func (p *prover) callMethod(callee *ast.DotExpression, args []ast.Expression, s *scope) {
	name := callee.Identifier.Name.String()
	p.name(name)
	if id, ok := callee.Left.(*ast.Identifier); ok && s.find(id.Name.String()) == nil {
		switch holder := id.Name.String(); {
		case holder == "Object" && name == "assign":
			if len(args) > 0 {
				p.written = append(p.written, p.origin(args[0], s))
			}
		case !slices.Contains(namespaces()[holder], name) && !slices.Contains(namespaces()[holder], "*"):
			p.fail()
		}
		return
	}
	p.expression(callee.Left, s)
	if mutates(name) {
		p.written = append(p.written, p.origin(callee.Left, s))
	}
}

// mutates reports whether a method called name may change its receiver.
func mutates(name string) bool {
	for _, prefix := range []string{"set", "write", "swap"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin", "copy",
		"add", "delete", "clear", "exec", "test", "compile", "encodeInto",
	}, name)
}

// functions are the global functions that only compute.
func functions() []string {
	return []string{
		"parseInt", "parseFloat", "isNaN", "isFinite", "Number", "String", "Boolean", "BigInt", "Array", "Date", "Error", "RangeError",
		"TypeError", "Symbol", "atob", "btoa", "encodeURIComponent", "decodeURIComponent", "escape", "unescape", "encodeURI", "decodeURI",
	}
}

// constructors are the classes whose instances are all that new makes.
func constructors() []string {
	return []string{
		"Date", "Array", "Object", "Map", "Set", "Error", "RangeError", "TypeError", "RegExp", "ArrayBuffer", "DataView", "Buffer", "Number", "String",
		"Uint8Array", "Int8Array", "Uint8ClampedArray", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "Float32Array", "Float64Array",
		"TextDecoder", "TextEncoder",
	}
}

// namespaces are the functions of global objects that only compute.
func namespaces() map[string][]string {
	return map[string][]string{
		"Math":    {"*"},
		"Number":  {"*"},
		"String":  {"fromCharCode", "fromCodePoint"},
		"JSON":    {"parse", "stringify"},
		"Array":   {"isArray", "from", "of"},
		"Object":  {"keys", "values", "entries", "fromEntries"},
		"Date":    {"UTC", "now", "parse"},
		"BigInt":  {"asIntN", "asUintN"},
		"Buffer":  {"from", "alloc", "allocUnsafe", "concat", "isBuffer", "byteLength"},
		"console": {"*"},
	}
}

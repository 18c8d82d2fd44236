package codec

import (
	"slices"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// origin says where the value of e comes from. Numbers and texts count as
// fresh: there is nothing to change in them.
func (p *prover) origin(e ast.Expression, s *scope) origin {
	switch e := unchained(e).(type) {
	case nil, *ast.NumberLiteral, *ast.StringLiteral, *ast.BooleanLiteral, *ast.NullLiteral, *ast.RegExpLiteral, *ast.TemplateLiteral,
		*ast.UnaryExpression, *ast.ArrayLiteral, *ast.ObjectLiteral, *ast.NewExpression, *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
		return origin{}
	case *ast.Identifier:
		return p.variableOrigin(e.Name.String(), s)
	case *ast.BinaryExpression:
		if logical(e.Operator) {
			return either(p.origin(e.Left, s), p.origin(e.Right, s))
		}
		return origin{}
	case *ast.ConditionalExpression:
		return either(p.origin(e.Consequent, s), p.origin(e.Alternate, s))
	case *ast.SequenceExpression:
		return p.origin(e.Sequence[len(e.Sequence)-1], s)
	case *ast.AssignExpression:
		if e.Operator == token.ASSIGN || logical(e.Operator) {
			return p.origin(e.Right, s)
		}
		return origin{} // arithmetic
	case *ast.DotExpression:
		return p.memberOrigin(e)
	case *ast.CallExpression:
		return p.callOrigin(e, s)
	}
	return origin{foreign: true}
}

// logical reports whether an operator gives one of its operands.
func logical(operator token.Token) bool {
	return operator == token.LOGICAL_OR || operator == token.LOGICAL_AND || operator == token.COALESCE
}

func either(a, b origin) origin {
	return origin{
		foreign:    a.foreign || b.foreign,
		variables:  slices.Concat(a.variables, b.variables),
		properties: slices.Concat(a.properties, b.properties),
		returns:    slices.Concat(a.returns, b.returns),
	}
}

func (p *prover) variableOrigin(name string, s *scope) origin {
	v := s.find(name)
	if v == nil {
		return origin{foreign: name != "undefined" && name != "NaN" && name != "Infinity"}
	}
	return origin{foreign: v.module, variables: []*variable{v}}
}

// memberOrigin takes all members of one name together. Those of the host's
// input are made for the call.
func (p *prover) memberOrigin(e *ast.DotExpression) origin {
	name := e.Identifier.Name.String()
	switch name {
	case "bytes", "data", "variables":
		if _, known := p.properties[name]; !known {
			p.properties[name] = nil
		}
	case "length":
		return origin{}
	}
	return origin{properties: []string{name}}
}

// callOrigin says where the result of a call comes from.
func (p *prover) callOrigin(e *ast.CallExpression, s *scope) origin {
	switch callee := unchained(e.Callee).(type) {
	case *ast.Identifier:
		v := s.find(callee.Name.String())
		if v == nil {
			return origin{} // one of functions
		}
		if v.function != nil {
			return origin{returns: []*variable{v}}
		}
	case *ast.DotExpression:
		if id, ok := callee.Left.(*ast.Identifier); ok && s.find(id.Name.String()) == nil {
			return origin{foreign: id.Name == "Object" && callee.Identifier.Name == "assign"}
		}
		if makesNew(callee.Identifier.Name.String()) {
			return origin{}
		}
	}
	return origin{foreign: true}
}

// makesNew reports whether a method called name returns something new, a
// number or a text.
func makesNew(name string) bool {
	return slices.Contains([]string{
		"slice", "map", "filter", "concat", "split", "join", "toString", "toFixed", "toPrecision", "substr", "substring", "trim",
		"replace", "padStart", "padEnd", "charAt", "charCodeAt", "codePointAt", "indexOf", "includes", "toUpperCase", "toLowerCase", "repeat",
		"toISOString", "getTime", "match", "startsWith", "endsWith", "push", "some", "every", "flat",
		"getInt8", "getUint8", "getInt16", "getUint16", "getInt32", "getUint32", "getFloat32", "getFloat64",
	}, name)
}

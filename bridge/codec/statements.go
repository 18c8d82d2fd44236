package codec

import (
	"github.com/dop251/goja/ast"
)

// function walks a function. Its parameters are fresh when all its callers,
// the host among them, hand over fresh values.
func (p *prover) function(f *ast.FunctionLiteral, outer *scope) {
	if f.Async || f.Generator {
		p.fail()
		return
	}
	s := newScope(outer)
	s.fn = p.moduleFunction(f)
	p.parameters(f.ParameterList, s)
	p.hoist(f.DeclarationList, s)
	p.statements(f.Body.List, s)
}

// moduleFunction is the variable that names f, nil for other functions.
func (p *prover) moduleFunction(f *ast.FunctionLiteral) *variable {
	for _, v := range p.module.names {
		if v.function == f {
			return v
		}
	}
	return nil
}

// arrow walks an arrow function.
func (p *prover) arrow(f *ast.ArrowFunctionLiteral, outer *scope) {
	if f.Async {
		p.fail()
		return
	}
	s := newScope(outer)
	s.fn = nil
	p.parameters(f.ParameterList, s)
	p.hoist(f.DeclarationList, s)
	switch body := f.Body.(type) {
	case *ast.BlockStatement:
		p.statements(body.List, s)
	case *ast.ExpressionBody:
		p.expression(body.Expression, s)
	default:
		p.fail()
	}
}

// parameters declares those of a function. Callers of a function of the
// module are known (see callFunction); others hand over anything.
func (p *prover) parameters(list *ast.ParameterList, s *scope) {
	for i, b := range list.List {
		p.pattern(b.Target, s)
		if b.Initializer != nil {
			p.expression(b.Initializer, s)
		}
		id, ok := b.Target.(*ast.Identifier)
		if !ok {
			continue
		}
		v := s.names[id.Name.String()]
		v.origins = nil
		if s.fn == nil {
			v.origins = []origin{{foreign: true}}
			continue
		}
		if b.Initializer != nil {
			v.origins = append(v.origins, p.origin(b.Initializer, s))
		}
		known := s.fn.parameter(i)
		v.origins = append(v.origins, origin{variables: []*variable{known}})
	}
	if list.Rest != nil {
		p.pattern(list.Rest, s)
	}
}

// parameter stands for what callers hand over as parameter i.
func (v *variable) parameter(i int) *variable {
	for len(v.params) <= i {
		v.params = append(v.params, &variable{})
	}
	return v.params[i]
}

// hoist declares the var variables of a function.
func (p *prover) hoist(list []*ast.VariableDeclaration, s *scope) {
	for _, d := range list {
		for _, b := range d.List {
			if id, ok := b.Target.(*ast.Identifier); ok {
				s.declare(id.Name.String())
			} else {
				p.pattern(b.Target, s)
			}
		}
	}
}

// pattern declares the names of a destructuring, which may be anything.
func (p *prover) pattern(e ast.Expression, s *scope) {
	switch e := e.(type) {
	case nil:
	case *ast.Identifier:
		v := s.declare(e.Name.String())
		v.origins = append(v.origins, origin{foreign: true})
	case *ast.AssignExpression:
		p.expression(e.Right, s)
		p.pattern(e.Left, s)
	case *ast.ArrayPattern:
		for _, m := range e.Elements {
			p.pattern(m, s)
		}
		p.pattern(e.Rest, s)
	case *ast.ObjectPattern:
		p.objectPattern(e, s)
	default:
		p.fail()
	}
}

func (p *prover) objectPattern(e *ast.ObjectPattern, s *scope) {
	for _, m := range e.Properties {
		switch m := m.(type) {
		case *ast.PropertyShort:
			p.pattern(&m.Name, s)
			p.name(m.Name.Name.String())
			if m.Initializer != nil {
				p.expression(m.Initializer, s)
			}
		case *ast.PropertyKeyed:
			p.key(m.Key, m.Computed, s)
			p.pattern(m.Value, s)
		default:
			p.fail()
		}
	}
	p.pattern(e.Rest, s)
}

// statements walks a list with a scope of its own.
func (p *prover) statements(list []ast.Statement, outer *scope) {
	s := newScope(outer)
	for _, st := range list {
		switch st := st.(type) {
		case *ast.LexicalDeclaration:
			for _, b := range st.List {
				if id, ok := b.Target.(*ast.Identifier); ok {
					s.declare(id.Name.String())
				}
			}
		case *ast.FunctionDeclaration:
			s.declare(st.Function.Name.Name.String()).origins = []origin{{foreign: true}}
		}
	}
	for _, st := range list {
		p.statement(st, s)
	}
}

// statement walks one statement.
func (p *prover) statement(st ast.Statement, s *scope) {
	switch st := st.(type) {
	case nil, *ast.EmptyStatement, *ast.BranchStatement:
	case *ast.BlockStatement:
		p.statements(st.List, s)
	case *ast.ExpressionStatement:
		p.expression(st.Expression, s)
	case *ast.VariableStatement:
		p.bindings(st.List, s)
	case *ast.LexicalDeclaration:
		p.bindings(st.List, s)
	case *ast.FunctionDeclaration:
		p.function(st.Function, s)
	case *ast.IfStatement:
		p.expression(st.Test, s)
		p.statement(st.Consequent, s)
		p.statement(st.Alternate, s)
	case *ast.LabelledStatement:
		p.statement(st.Statement, s)
	case *ast.ReturnStatement:
		p.expression(st.Argument, s)
		if s.fn != nil {
			s.fn.returns = append(s.fn.returns, p.origin(st.Argument, s))
		}
	case *ast.ThrowStatement:
		p.expression(st.Argument, s)
	case *ast.SwitchStatement:
		p.switchStatement(st, s)
	case *ast.TryStatement:
		p.tryStatement(st, s)
	default:
		p.loop(st, s)
	}
}

func (p *prover) bindings(list []*ast.Binding, s *scope) {
	for _, b := range list {
		p.expression(b.Initializer, s)
		if id, ok := b.Target.(*ast.Identifier); ok {
			if b.Initializer != nil {
				p.assign(id, p.origin(b.Initializer, s), s)
			}
			continue
		}
		p.pattern(b.Target, s)
	}
}

func (p *prover) switchStatement(st *ast.SwitchStatement, s *scope) {
	p.expression(st.Discriminant, s)
	var all []ast.Statement
	for _, c := range st.Body {
		p.expression(c.Test, s)
		all = append(all, c.Consequent...)
	}
	p.statements(all, s)
}

func (p *prover) tryStatement(st *ast.TryStatement, s *scope) {
	p.statements(st.Body.List, s)
	if st.Catch != nil {
		inner := newScope(s)
		p.pattern(st.Catch.Parameter, inner)
		p.statements(st.Catch.Body.List, inner)
	}
	if st.Finally != nil {
		p.statements(st.Finally.List, s)
	}
}

// loop walks loops; what is no loop either is not known here.
func (p *prover) loop(st ast.Statement, outer *scope) {
	s := newScope(outer)
	switch st := st.(type) {
	case *ast.WhileStatement:
		p.expression(st.Test, s)
		p.statement(st.Body, s)
	case *ast.DoWhileStatement:
		p.expression(st.Test, s)
		p.statement(st.Body, s)
	case *ast.ForStatement:
		p.forInitializer(st.Initializer, s)
		p.expression(st.Test, s)
		p.expression(st.Update, s)
		p.statement(st.Body, s)
	case *ast.ForInStatement:
		p.forInto(st.Into, s)
		p.expression(st.Source, s)
		p.statement(st.Body, s)
	case *ast.ForOfStatement:
		p.forInto(st.Into, s)
		p.expression(st.Source, s)
		p.statement(st.Body, s)
	default:
		p.fail()
	}
}

func (p *prover) forInitializer(init ast.ForLoopInitializer, s *scope) {
	switch init := init.(type) {
	case nil:
	case *ast.ForLoopInitializerExpression:
		p.expression(init.Expression, s)
	case *ast.ForLoopInitializerVarDeclList:
		p.bindings(init.List, s)
	case *ast.ForLoopInitializerLexicalDecl:
		for _, b := range init.LexicalDeclaration.List {
			if id, ok := b.Target.(*ast.Identifier); ok {
				s.declare(id.Name.String())
			}
		}
		p.bindings(init.LexicalDeclaration.List, s)
	default:
		p.fail()
	}
}

func (p *prover) forInto(into ast.ForInto, s *scope) {
	switch into := into.(type) {
	case *ast.ForIntoVar:
		if id, ok := into.Binding.Target.(*ast.Identifier); ok {
			p.assign(id, origin{foreign: true}, s)
			return
		}
		p.pattern(into.Binding.Target, s)
	case *ast.ForDeclaration:
		p.pattern(into.Target, s)
	case *ast.ForIntoExpression:
		p.target(into.Expression, origin{foreign: true}, s)
	default:
		p.fail()
	}
}

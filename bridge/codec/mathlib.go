package codec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"

	"gatewayd/bridge/codec/libm"
)

// powerName is the global function that stands for the operator **. No script
// can spell it.
const powerName = "%pow"

// mathFunctions are those of Math that V8 computes to other last digits than
// the engine, by name.
func mathFunctions() map[string]func(float64) float64 {
	return map[string]func(float64) float64{
		"exp": libm.Exp, "log": libm.Log, "log10": libm.Log10, "sin": libm.Sin, "cos": libm.Cos, "tan": libm.Tan,
		"atan": libm.Atan, "asin": libm.Asin, "acos": libm.Acos,
		"log2": libm.Log2, "cbrt": libm.Cbrt, "sinh": libm.Sinh, "cosh": libm.Cosh, "tanh": libm.Tanh, "asinh": libm.Asinh, "acosh": libm.Acosh,
	}
}

var mathName = regexp.MustCompile(`\b(?:pow|exp|log|log10|log2|cbrt|a?sinh?|a?cosh?|tanh?|atan2?)\b`)

// mathNames are the functions of Math that source mentions.
func mathNames(source string) []string {
	if !strings.Contains(source, "Math") {
		return nil
	}
	seen := map[string]bool{}
	var names []string
	for _, name := range mathName.FindAllString(source, -1) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// installMath replaces functions of Math.
func installMath(vm *goja.Runtime, names []string) error {
	object := vm.Get("Math").ToObject(vm)
	one := mathFunctions()
	for _, name := range names {
		var f func(goja.FunctionCall) goja.Value
		switch name {
		case "pow":
			f = power(vm)
		case "atan2":
			f = func(call goja.FunctionCall) goja.Value {
				return vm.ToValue(libm.Atan2(call.Argument(0).ToFloat(), call.Argument(1).ToFloat()))
			}
		default:
			g := one[name]
			f = func(call goja.FunctionCall) goja.Value { return vm.ToValue(g(call.Argument(0).ToFloat())) }
		}
		if err := hide(object, name, vm.ToValue(f)); err != nil {
			return fmt.Errorf("function %s of Math: %w", name, err)
		}
	}
	return nil
}

func power(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		return vm.ToValue(libm.Pow(call.Argument(0).ToFloat(), call.Argument(1).ToFloat()))
	}
}

// powerCall is the call that stands for node, nil when it is no power. An
// assignment a **= b is one if a is a variable.
func powerCall(node any) ast.Expression {
	call := func(left, right ast.Expression) ast.Expression {
		return &ast.CallExpression{
			Callee:           &ast.Identifier{Name: powerName, Idx: left.Idx0()},
			LeftParenthesis:  left.Idx0(),
			ArgumentList:     []ast.Expression{left, right},
			RightParenthesis: right.Idx1(),
		}
	}
	switch n := node.(type) {
	case *ast.BinaryExpression:
		if n.Operator == token.EXPONENT {
			return call(n.Left, n.Right)
		}
	case *ast.AssignExpression:
		if _, variable := n.Left.(*ast.Identifier); variable && n.Operator == token.EXPONENT {
			return &ast.AssignExpression{Operator: token.ASSIGN, Left: n.Left, Right: call(n.Left, n.Right)}
		}
	}
	return nil
}

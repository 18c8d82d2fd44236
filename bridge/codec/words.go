package codec

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// wordsName is the global function that words is for scripts; it is called
// first in each catch. No script can spell it.
const wordsName = "%words"

// words puts what the engine says of mistakes into the words of Node, which
// codecs hand on among their errors.
type words struct {
	file string // of the script
	text string // of the script, as compiled
	// named are the expressions that are called, constructed or looped over, by
	// the place that the engine names. They are looked up in the first mistake.
	once  sync.Once
	named map[int]string
}

// install makes the function that scripts call.
func (w *words) install(vm *goja.Runtime) error {
	return hide(vm.GlobalObject(), wordsName, vm.ToValue(func(call goja.FunctionCall) goja.Value {
		w.translate(call.Argument(0))
		return goja.Undefined()
	}))
}

// translate changes the message of v, if it is an error of the engine's own.
func (w *words) translate(v goja.Value) {
	object, ok := v.(*goja.Object)
	if !ok || object.ClassName() != "Error" {
		return
	}
	message, ok := object.Get("message").(goja.String)
	if !ok {
		return
	}
	text := w.ofNode(message.String(), object)
	if text == "" {
		return
	}
	if err := object.Set("message", text); err != nil {
		return // it stays in the engine's words
	}
}

var (
	readWords   = regexp.MustCompile(`^Cannot read property '(.*)' of undefined(?: or null)?$`)
	memberWords = regexp.MustCompile(`^Object has no member '(.*)'$`)
	bigIntWords = regexp.MustCompile(`^Cannot convert (-?[\d.e+-]+) to a BigInt$`)
	objectWords = regexp.MustCompile(`^Value is not an object: (.*)$`)
	leadingName = regexp.MustCompile(`^[\pL\pN_$]*`)
	indexWords  = regexp.MustCompile(`^Index -?\d+ is out of bounds$`)
)

// plainWords are messages that are the same wherever they come from.
func plainWords() map[string]string {
	return map[string]string{
		"No initial value":                                    "Reduce of empty array with no initial value",
		"Malformed URI":                                       "URI malformed",
		"Unexpected end of JSON input (EOF)":                  "Unexpected end of JSON input",
		"toFixed() precision must be between 0 and 100":       "toFixed() digits argument must be between 0 and 100",
		"toPrecision() precision must be between 1 and 100":   "toPrecision() argument must be between 1 and 100",
		"toExponential() precision must be between 0 and 100": "toExponential() argument must be between 0 and 100",
	}
}

// ofNode is what Node says for message; empty: the same, or it is not known.
func (w *words) ofNode(message string, object *goja.Object) string {
	if plain, ok := plainWords()[message]; ok {
		return plain
	}
	if m := readWords.FindStringSubmatch(message); m != nil {
		return "Cannot read properties of undefined (reading '" + m[1] + "')"
	}
	if m := bigIntWords.FindStringSubmatch(message); m != nil {
		return "The number " + m[1] + " cannot be converted to a BigInt because it is not an integer"
	}
	if indexWords.MatchString(message) {
		return "Offset is outside the bounds of the DataView"
	}
	what := ""
	at, native := w.place(object)
	if at >= 0 {
		w.once.Do(w.lookUp)
		what = w.named[at]
	}
	switch m := objectWords.FindStringSubmatch(message); {
	case message == "Cannot access a variable before initialization" && at >= 0:
		return "Cannot access '" + leadingName.FindString(w.text[at:]) + "' before initialization"
	case m != nil && native:
		return m[1] + " is not a function"
	case what == "":
		return ""
	case m != nil, message == "Value is not a constructor", memberWords.MatchString(message),
		message == "Cannot convert undefined or null to object", message == "object is not iterable":
		return what
	}
	return ""
}

var stackFrame = regexp.MustCompile(`^\tat (?:.* \()?(\S+):(\d+):(\d+)\(\d+\)\)?`)

// place is the offset in the script where an error was made, -1 when it is not
// known; native: in a function of the engine.
func (w *words) place(object *goja.Object) (at int, native bool) {
	stack, ok := object.Get("stack").(goja.String)
	if !ok {
		return -1, false
	}
	_, frame, _ := strings.Cut(stack.String(), "\n\tat ")
	frame = "\tat " + frame
	m := stackFrame.FindStringSubmatch(frame)
	if len(m) == 0 || m[1] != w.file {
		first, _, _ := strings.Cut(frame, "\n")
		return -1, strings.HasSuffix(first, "(native)")
	}
	line, err := strconv.Atoi(m[2])
	if err != nil {
		return -1, false
	}
	column, err := strconv.Atoi(m[3])
	if err != nil {
		return -1, false
	}
	return offsetOf([]byte(w.text), line, column), false
}

// lookUp finds the expressions that messages name.
func (w *words) lookUp() {
	w.named = map[int]string{}
	tree, err := parser.ParseFile(nil, "", w.text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return
	}
	visit(tree, func(node any) {
		switch n := node.(type) {
		case *ast.CallExpression:
			w.named[int(n.LeftParenthesis)-1] = shownExpression(n.Callee) + " is not a function"
		case *ast.NewExpression:
			w.named[int(n.New)-1] = shownExpression(n.Callee) + " is not a constructor"
		case *ast.ForOfStatement:
			w.named[placeOf(n.Source)] = shownExpression(n.Source) + " is not iterable"
		case *ast.SpreadElement:
			w.named[placeOf(n.Expression)] = shownExpression(n.Expression) + " is not iterable"
		case *ast.AssignExpression:
			if d, ok := n.Left.(*ast.DotExpression); ok {
				w.named[placeOf(d)] = "Cannot set properties of undefined (setting '" + d.Identifier.Name.String() + "')"
			}
		}
	})
}

// placeOf is where the engine says that an expression is.
func placeOf(e ast.Expression) int {
	if d, ok := e.(*ast.DotExpression); ok {
		return int(d.Identifier.Idx) - 1
	}
	return int(e.Idx0()) - 1
}

// shownExpression writes what is called as messages of Node do.
func shownExpression(e ast.Expression) string {
	switch e := unchained(e).(type) {
	case *ast.Identifier:
		return e.Name.String()
	case *ast.ThisExpression:
		return "this"
	case *ast.DotExpression:
		return shownExpression(e.Left) + "." + e.Identifier.Name.String()
	case *ast.BracketExpression:
		return shownExpression(e.Left) + "[" + shownExpression(e.Member) + "]"
	case *ast.CallExpression:
		return shownExpression(e.Callee) + "(...)"
	case *ast.BinaryExpression:
		return "(" + shownExpression(e.Left) + " " + e.Operator.String() + " " + shownExpression(e.Right) + ")"
	case *ast.NumberLiteral:
		return e.Literal
	case *ast.StringLiteral:
		return `"` + e.Value.String() + `"`
	case *ast.NullLiteral:
		return "null"
	}
	return "(intermediate value)"
}

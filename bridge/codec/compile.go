package codec

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// maxBrackets is how deep brackets may nest in a script: the parser's own
// stack grows with it.
const maxBrackets = 2000

// Scripts run inside a function, where their variables are fast and their
// own. One that looks for its functions on the global object runs in the
// global scope, as it would in a browser.
var wantsGlobals = regexp.MustCompile(`\b(?:globalThis|global|window|self|eval)\b`)

// checkNesting refuses a source whose brackets nest too deep, counting those
// in texts as well.
func checkNesting(source string) error {
	depth := 0
	for i, c := range []byte(source) {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
		if depth > maxBrackets {
			return fmt.Errorf("line %d: brackets nest deeper than %d", 1+strings.Count(source[:i], "\n"), maxBrackets)
		}
	}
	return nil
}

// footer is an expression that lists the functions of a script that source
// names, in their order, and then what it exports.
func footer(source string) string {
	var b strings.Builder
	b.WriteString("[")
	for f := range functionCount {
		if strings.Contains(source, f.String()) {
			fmt.Fprintf(&b, "typeof %[1]s === 'function' ? %[1]s : undefined", f)
		}
		b.WriteString(", ")
	}
	if strings.Contains(source, "exports") {
		b.WriteString("typeof module === 'object' ? module : undefined, typeof exports === 'object' ? exports : undefined")
	}
	b.WriteString("]")
	return b.String()
}

// compile makes the programs of s.
func (s *script) compile(source string) (err error) {
	find := footer(source)
	if wantsGlobals.MatchString(source) {
		if s.program, err = s.translate(source); err != nil {
			return syntaxError(err)
		}
		s.lookup, err = goja.Compile("footer.js", find, false)
		return err
	}
	s.program, err = s.translate("(function () {" + source + "\n;return " + find + ";\n})")
	if err != nil {
		return syntaxError(err)
	}
	return nil
}

// translate compiles one text, and mends what the engine reads otherwise than
// Node does.
func (s *script) translate(source string) (*goja.Program, error) {
	tree, text, err := parse(s.name, source)
	if err != nil {
		return nil, err
	}
	mended := rewrite(tree, text)
	s.glue.powers, s.glue.caught = mended.powers, mended.caught
	s.glue.words = &words{file: s.name, text: text}
	return goja.CompileAST(tree, false)
}

// legacyDecimal is a number that begins with 0 without being octal, as 08.
var legacyDecimal = regexp.MustCompile(`^0+[0-7]*[89]`)

// parse parses source. The parser refuses numbers as 08, which codecs with
// tables of dates have: there the zeros are taken for spaces. Source maps are
// files that a codec has no business to name.
// text is what was parsed.
func parse(name, source string) (tree *ast.Program, text string, err error) {
	for {
		tree, err = parser.ParseFile(nil, name, source, 0, parser.WithDisableSourceMaps)
		var list parser.ErrorList
		if !errors.As(err, &list) || len(list) == 0 {
			return tree, source, err
		}
		text := []byte(source)
		at := offsetOf(text, list[0].Position.Line, list[0].Position.Column)
		for at > 0 && text[at-1] >= '0' && text[at-1] <= '9' {
			at--
		}
		if !legacyDecimal.Match(text[at:]) {
			return tree, source, err
		}
		for ; text[at] == '0'; at++ {
			text[at] = ' '
		}
		source = string(text)
	}
}

// offsetOf is where in text a line and a column are, both from 1.
func offsetOf(text []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return min(at+column-1, len(text))
}

// syntaxError keeps the first mistake and its place.
func syntaxError(err error) error {
	text := err.Error()
	if at := strings.Index(text, "Line "); at >= 0 {
		text = text[at:]
	}
	text, _, _ = strings.Cut(text, " (and ")
	return errors.New(text)
}

// run runs the script in vm and returns the object with its functions.
func (s *script) run(vm *goja.Runtime) (*goja.Object, error) {
	v, err := vm.RunProgram(s.program)
	if err != nil {
		return nil, err
	}
	if s.lookup != nil {
		v, err = vm.RunProgram(s.lookup)
	} else if f, ok := goja.AssertFunction(v); ok {
		v, err = f(s.this(vm))
	}
	if err != nil {
		return nil, err
	}
	return v.ToObject(vm), nil
}

// this is what the script sees as this: its exports, as in Node.
func (s *script) this(vm *goja.Runtime) goja.Value {
	if exports := vm.Get("exports"); exports != nil {
		return exports
	}
	return vm.GlobalObject()
}

package codec

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// What scripts find in the runtime beside the language itself.
var (
	//go:embed js/code.js
	codeSource string
	//go:embed js/power.js
	powerSource string
	//go:embed js/date.js
	dateSource string
	//go:embed js/text.js
	textSource string
	//go:embed js/buffer.js
	bufferSource string
	//go:embed js/guard.js
	guardSource string
	//go:embed js/intl.js
	intlSource string
	//go:embed js/bigint.js
	bigintSource string
	//go:embed js/number.js
	numberSource string
	//go:embed js/clone.js
	cloneSource string
)

// preludes are compiled once; a program may run in any number of runtimes.
type preludes struct{ code, power, date, text, buffer, guard, intl, bigint, clone, number *goja.Program }

var compiled = sync.OnceValues(func() (p preludes, err error) {
	for _, part := range []struct {
		name, source string
		to           **goja.Program
	}{
		{"code.js", codeSource, &p.code},
		{"power.js", powerSource, &p.power},
		{"date.js", dateSource, &p.date},
		{"text.js", textSource, &p.text},
		{"buffer.js", bufferSource, &p.buffer},
		{"guard.js", guardSource, &p.guard},
		{"intl.js", intlSource, &p.intl},
		{"bigint.js", bigintSource, &p.bigint},
		{"number.js", numberSource, &p.number},
		{"clone.js", cloneSource, &p.clone},
	} {
		if *part.to, err = goja.Compile(part.name, part.source, true); err != nil {
			return preludes{}, err
		}
	}
	return p, nil
})

// glue is what of the surroundings a script needs. Everything costs time and
// memory in each runtime, so it has only what its source mentions: a name
// that is nowhere in the source is not used by it.
type glue struct {
	preludes
	code, eval, console, date, text, buffer, intl, module, bigint, clone bool
	// localDates are the methods of Date that depend on the time zone.
	localDates              []any
	localized               bool
	wholeInput              bool // the input is used as a whole: its Date may be seen
	powers, caught          bool // the operator ** is used, exceptions are caught
	words                   *words
	math, numbers           []string // functions of Math, and on numbers
	arrays, strings, others []any    // for guard.js
}

var (
	anyDate = regexp.MustCompile(`\bDate\b|recvTime|Intl|toLocale`)
	// Not ArrayBuffer.
	anyBuffer = regexp.MustCompile(`\bBuffer\b|['"](?:node:)?buffer['"]`)
	anyBigInt = regexp.MustCompile(`[Bb]ig|\dn\b`)
	// A list may be made long without its elements.
	setsLength = regexp.MustCompile(`\blength['"]?\s*(?:\]\s*)?[:=]\s*[^=\s]`)
	anyArray   = regexp.MustCompile(`\bArray\s*\(`)
)

// newGlue looks for the names in source.
func newGlue(source string) (glue, error) {
	p, err := compiled()
	if err != nil {
		return glue{}, err
	}
	has := func(name string) bool { return strings.Contains(source, name) }
	g := glue{
		preludes: p,
		code:     has("Function") || has("eval") || has("constructor"),
		eval:     literalEval(source),
		console:  has("console"),
		date:     anyDate.MatchString(source),
		text:     has("TextDecoder") || has("TextEncoder") || has("atob") || has("btoa"),
		buffer:   anyBuffer.MatchString(source),
		intl:     has("Intl"),
		clone:    has("structuredClone"),
		bigint:   has("Number(") && anyBigInt.MatchString(source),
		module:   has("module") || has("exports") || has("require"),
	}
	g.localized = has("toLocale") || g.intl
	g.wholeInput = usesWholeInput(source)
	if g.date {
		g.localDates = mentioned(source, localDateMethods, has(`"get`) || has(`'get`) || has("`get"))
	}
	g.math, g.numbers = mathNames(source), numberNames(source)
	g.arrays = mentioned(source, arrayMethods, false)
	g.strings = mentioned(source, stringMethods, false)
	g.others = mentioned(source, otherBuiltins, false)
	if setsLength.MatchString(source) {
		g.arrays = append(mentioned(source, arrayMethods[:len(arrayMethods)-1], false), "join")
		g.others = append(g.others, "iterator")
	}
	if anyArray.MatchString(source) {
		g.others = append(g.others, "Array")
	}
	return g, nil
}

// mentioned returns those names that are in source, or all.
func mentioned(source string, names []string, all bool) []any {
	var found []any
	for _, name := range names {
		if all || strings.Contains(source, name) {
			found = append(found, name)
		}
	}
	return found
}

var (
	localDateMethods = []string{
		"getFullYear", "getMonth", "getDate", "getDay", "getHours", "getMinutes", "getSeconds", "getMilliseconds",
		"setFullYear", "setMonth", "setDate", "setHours", "setMinutes", "setSeconds", "setMilliseconds",
		"getTimezoneOffset", "getYear", "setYear",
	}
	arrayMethods = []string{
		"fill", "map", "forEach", "filter", "indexOf", "lastIndexOf", "includes", "reduce", "reduceRight", "some", "every", "find",
		"findIndex", "findLast", "findLastIndex", "reverse", "sort", "slice", "splice", "concat", "copyWithin", "unshift", "shift",
		"flat", "flatMap", "toReversed", "toSorted", "toSpliced", "join",
	}
	stringMethods = []string{"repeat", "padStart", "padEnd", "replace", "replaceAll"}
	otherBuiltins = []string{
		"apply", "Reflect", "from", "parse", "stringify",
		"ArrayBuffer", "Uint8Array", "Int8Array", "Uint8ClampedArray", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array",
		"Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
	}
)

// install puts the surroundings into a new runtime, before the script runs.
func (g *glue) install(m *machine) error {
	vm := m.vm
	for _, part := range []struct {
		wanted bool
		run    func() error
	}{
		{g.code, func() error { return runPrelude(vm, g.preludes.code, g.eval) }},
		{g.powers, func() error { return runPrelude(vm, g.power, powerName, power(vm)) }},
		{len(g.math) > 0, func() error { return installMath(vm, g.math) }},
		{g.caught, func() error { return g.words.install(vm) }},
		{g.clone, func() error { return runPrelude(vm, g.preludes.clone) }},
		{g.bigint, func() error { return runPrelude(vm, g.preludes.bigint) }},
		{len(g.numbers) > 0, func() error { return installNumbers(vm, g.number, g.numbers) }},
		{g.date, func() error { return g.installDate(vm) }},
		{g.intl || g.localized, func() error { return runPrelude(vm, g.preludes.intl, formatNumber(vm), formatDate(vm), g.intl) }},
		{g.text, func() error { return runPrelude(vm, g.preludes.text, encodeText(vm), decodeText(vm)) }},
		{g.buffer, func() error { return runPrelude(vm, g.preludes.buffer, encodeText(vm), decodeText(vm)) }},
		{g.console, func() error { return m.console.install() }},
		{g.module, func() error { return installModule(vm) }},
		{len(g.arrays)+len(g.strings)+len(g.others) > 0, func() error {
			return runPrelude(vm, g.guard, vm.NewArray(g.arrays...), vm.NewArray(g.strings...), vm.NewArray(g.others...))
		}},
	} {
		if !part.wanted {
			continue
		}
		if err := part.run(); err != nil {
			return fmt.Errorf("surroundings: %w", err)
		}
	}
	return nil
}

func (g *glue) installDate(vm *goja.Runtime) error {
	var localized any = goja.Undefined()
	if g.localized {
		localized = formatDate(vm)
	}
	return runPrelude(vm, g.preludes.date, vm.NewArray(g.localDates...), parseDate(vm), localized)
}

// runPrelude calls the function that p evaluates to with the global object
// and args.
func runPrelude(vm *goja.Runtime, p *goja.Program, args ...any) error {
	f, err := vm.RunProgram(p)
	if err != nil {
		return err
	}
	call, ok := goja.AssertFunction(f)
	if !ok {
		return errors.New("not a function")
	}
	values := []goja.Value{vm.GlobalObject()}
	for _, arg := range args {
		values = append(values, vm.ToValue(arg))
	}
	_, err = call(goja.Undefined(), values...)
	return err
}

var (
	evalWord    = regexp.MustCompile(`eval`)
	evalLiteral = regexp.MustCompile(`\beval\(\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\)`)
)

// literalEval reports whether source evaluates nothing but texts of its own,
// as bundlers write modules.
func literalEval(source string) bool {
	return len(evalWord.FindAllString(evalLiteral.ReplaceAllString(source, ""), 1)) == 0
}

// decoderName finds the decoders that take one object, and what they call it.
var decoderName = regexp.MustCompile(`\bdecode(?:Up|Down)link\b(?:\s*[=:]?\s*(?:async\s*)?(?:function\b[^(]*)?\(?\s*([\w$]+)\s*(?:\)|=>))?`)

// usesWholeInput reports whether a decoder does more with its input than to
// read its members by their names: copy it, hand it on, list its keys.
func usesWholeInput(source string) bool {
	for _, m := range decoderName.FindAllStringSubmatch(source, -1) {
		if m[1] == "" {
			continue // a call, or an export
		}
		name := regexp.MustCompile(`\b` + regexp.QuoteMeta(m[1]) + `\b(\s*\??\.\s*[\w$])?`)
		whole := 0
		for _, use := range name.FindAllStringSubmatch(source, -1) {
			if use[1] == "" {
				whole++
			}
		}
		if whole > 1 { // one is the parameter itself
			return true
		}
	}
	return strings.Contains(source, "arguments")
}

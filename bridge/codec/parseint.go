package codec

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// parseIntOf is the global function parseInt, which the engine rounds otherwise
// than V8 where there are more digits than a number holds.
func parseIntOf(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		text := call.Argument(0).String()
		return vm.ToValue(parseNumber(strings.TrimLeftFunc(text, isJSSpace), int32(uint32(call.Argument(1).ToInteger()))))
	}
}

// parseNumber reads text in a base, 0 for 10, or 16 with 0x.
func parseNumber(text string, base int32) float64 {
	sign := 1.0
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	if (base == 0 || base == 16) && len(text) > 1 && text[0] == '0' && text[1]|0x20 == 'x' {
		text, base = text[2:], 16
	}
	if base == 0 {
		base = 10
	}
	if base < 2 || base > 36 {
		return math.NaN()
	}
	n := 0
	for n < len(text) && digitValue(text[n]) < int(base) {
		n++
	}
	if text = text[:n]; n == 0 {
		return math.NaN()
	}
	if whole, err := strconv.ParseInt(text, int(base), 64); err == nil && whole < 1<<53 {
		return sign * float64(whole)
	}
	switch base {
	case 10:
		v, _ := strconv.ParseFloat(text, 64) // out of range is Infinity, as it should be
		return sign * v
	case 2, 4, 8, 16, 32:
		whole, _ := new(big.Int).SetString(text, int(base))
		v, _ := new(big.Float).SetInt(whole).Float64()
		return sign * v
	}
	return sign * inParts(text, uint32(base))
}

// inParts adds up parts of 32 bits, with the error that V8 makes.
func inParts(text string, base uint32) (v float64) {
	for len(text) > 0 {
		part, multiplier, n := uint32(0), uint32(1), 0
		for n < len(text) && multiplier*base <= math.MaxUint32/36 {
			part = part*base + uint32(digitValue(text[n]))
			multiplier *= base
			n++
		}
		v = float64(v*float64(multiplier)) + float64(part)
		text = text[n:]
	}
	return v
}

// digitValue is what a digit counts; 99: it is none.
func digitValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return 99
}

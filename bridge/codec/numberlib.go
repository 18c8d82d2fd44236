package codec

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// otherRadix finds calls of toString with something else than one of the bases
// that the engine is exact in.
var otherRadix = regexp.MustCompile(`toString\(\s*(?:[^\s)"'\d]|\d+\s*[^\s)\d]|(?:[3-7]|9|1[1-57-9]|2\d|3[013-6])\s*\))`)

// installNumbers replaces functions on numbers, by the names in source, that
// the engine computes otherwise than V8; method is js/number.js.
func installNumbers(vm *goja.Runtime, method *goja.Program, names []string) error {
	var err error
	for _, name := range names {
		switch name {
		case "parseInt":
			f := vm.ToValue(parseIntOf(vm))
			err = errors.Join(err, hide(vm.GlobalObject(), name, f), hide(vm.Get("Number").ToObject(vm), name, f))
		case "toPrecision":
			err = errors.Join(err, runPrelude(vm, method, name, numberText(vm, precise)))
		case "toExponential":
			err = errors.Join(err, runPrelude(vm, method, name, numberText(vm, exponential)))
		case "toString":
			err = errors.Join(err, runPrelude(vm, method, name, numberText(vm, inRadix)))
		}
	}
	return err
}

// numberNames are the names that installNumbers is to replace.
func numberNames(source string) []string {
	var names []string
	for _, name := range []string{"parseInt", "toPrecision", "toExponential"} {
		if strings.Contains(source, name) {
			names = append(names, name)
		}
	}
	if otherRadix.MatchString(source) {
		names = append(names, "toString")
	}
	return names
}

// numberText gives scripts f(number, argument): a text, or undefined.
func numberText(vm *goja.Runtime, f func(v float64, argument int64) (text string, ok bool)) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		if v := call.Argument(0).ToFloat(); !math.IsNaN(v) && !math.IsInf(v, 0) {
			if text, ok := f(v, call.Argument(1).ToInteger()); ok {
				return vm.ToValue(text)
			}
		}
		return goja.Undefined()
	}
}

// precise is Number.prototype.toPrecision.
func precise(v float64, digits int64) (string, bool) {
	if digits < 1 || digits > 100 {
		return "", false
	}
	n := int(digits)
	mantissa, exponent := significant(math.Abs(v), n)
	switch {
	case exponent < -6 || exponent >= n:
		return signed(v) + scientific(mantissa, exponent), true
	case exponent < 0:
		return signed(v) + "0." + strings.Repeat("0", -exponent-1) + mantissa, true
	case exponent == n-1:
		return signed(v) + mantissa, true
	}
	return signed(v) + mantissa[:exponent+1] + "." + mantissa[exponent+1:], true
}

// exponential is Number.prototype.toExponential.
func exponential(v float64, digits int64) (string, bool) {
	if digits < 0 || digits > 100 {
		return "", false
	}
	return signed(v) + scientific(significant(math.Abs(v), int(digits)+1)), true
}

func signed(v float64) string {
	if v < 0 {
		return "-"
	}
	return ""
}

func scientific(mantissa string, exponent int) string {
	if len(mantissa) > 1 {
		mantissa = mantissa[:1] + "." + mantissa[1:]
	}
	sign := "+"
	if exponent < 0 {
		sign = ""
	}
	return mantissa + "e" + sign + strconv.Itoa(exponent)
}

// significant rounds v, which is not negative, to n digits, halves up.
func significant(v float64, n int) (digits string, exponent int) {
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', n-1, 64), "e")
	if next := strconv.FormatFloat(v, 'e', n, 64); v != 0 && next[strings.IndexByte(next, 'e')-1] == '5' {
		// It may be a half, which Go rounds to even: write all digits.
		all, p, _ := strings.Cut(strconv.FormatFloat(v, 'e', 800, 64), "e")
		point, err := strconv.Atoi(p)
		d := &decimal{digits: []byte(strings.Replace(all, ".", "", 1)), point: point + 1}
		if d.round(n); err == nil {
			return string(d.digits[:n]), d.point - 1
		}
	}
	exponent, err := strconv.Atoi(power)
	if err != nil {
		return mantissa, 0
	}
	return strings.Replace(mantissa, ".", "", 1), exponent
}

const radixDigits = "0123456789abcdefghijklmnopqrstuvwxyz"

// inRadix is Number.prototype.toString: as many digits as tell v from its
// neighbours, found in floating point as V8 does.
func inRadix(v float64, base int64) (string, bool) {
	if base < 2 || base > 36 || base == 10 {
		return "", false
	}
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), int(base)), true
	}
	radix, size := float64(base), math.Abs(v)
	whole := math.Floor(size)
	fraction, carry := fractionInRadix(size-whole, 0.5*(math.Nextafter(size, math.Inf(1))-size), int(base))
	if carry {
		whole++
	}
	var reversed []byte
	for whole/radix >= 1<<53 {
		whole /= radix
		reversed = append(reversed, '0')
	}
	for {
		digit := math.Mod(whole, radix)
		reversed = append(reversed, radixDigits[int(digit)])
		if whole = (whole - digit) / radix; whole <= 0 {
			break
		}
	}
	var b strings.Builder
	b.WriteString(signed(v))
	for i := len(reversed) - 1; i >= 0; i-- {
		b.WriteByte(reversed[i])
	}
	if len(fraction) > 0 {
		b.WriteByte('.')
		b.Write(fraction)
	}
	return b.String(), true
}

// fractionInRadix writes digits until what is left is less than delta. With
// carry, rounding has made a whole of it.
func fractionInRadix(fraction, delta float64, base int) (digits []byte, carry bool) {
	delta = max(delta, math.SmallestNonzeroFloat64)
	for fraction >= delta {
		fraction *= float64(base)
		delta *= float64(base)
		digit := int(fraction)
		digits = append(digits, radixDigits[digit])
		fraction -= float64(digit)
		if fraction < 0.5 || fraction == 0.5 && digit&1 == 0 || fraction+delta <= 1 {
			continue
		}
		for len(digits) > 0 {
			last := strings.IndexByte(radixDigits, digits[len(digits)-1]) + 1
			if digits = digits[:len(digits)-1]; last < base {
				return append(digits, radixDigits[last]), false
			}
		}
		return nil, true
	}
	return digits, false
}

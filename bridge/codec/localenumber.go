package codec

import (
	"math"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// formatNumber gives scripts format(number, locales, options).
func formatNumber(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		l, err := findLocale(call.Argument(1))
		if err != nil {
			return answer(vm, "", err)
		}
		return answer(vm, newNumberFormat(l, call.Argument(2)).format(call.Argument(0).ToFloat()), nil)
	}
}

// numberFormat writes numbers as Intl.NumberFormat does.
type numberFormat struct {
	locale
	percent, plain     bool // plain: no groups
	least, most        int  // digits after the decimal point
	integer            int  // least digits before it
	significant, atOut int  // most and least significant digits; 0: not asked for
}

func newNumberFormat(l locale, options goja.Value) numberFormat {
	digits := func(name string, fallback int) int {
		if n, err := strconv.Atoi(stringOption(options, name)); err == nil && n >= 0 && n <= 100 {
			return n
		}
		return fallback
	}
	f := numberFormat{locale: l, percent: stringOption(options, "style") == "percent", plain: stringOption(options, "useGrouping") == "false"}
	f.least = digits("minimumFractionDigits", 0)
	usual := 3
	if f.percent {
		usual = 0
	}
	f.most = digits("maximumFractionDigits", max(usual, f.least))
	f.least = min(f.least, f.most)
	f.integer = digits("minimumIntegerDigits", 1)
	f.significant, f.atOut = digits("maximumSignificantDigits", 0), digits("minimumSignificantDigits", 0)
	if f.atOut > 0 && f.significant == 0 {
		f.significant = 21
	}
	return f
}

func (f numberFormat) format(v float64) string {
	sign := ""
	if math.Signbit(v) && !math.IsNaN(v) {
		sign, v = f.Minus, -v
	}
	text := "NaN"
	switch {
	case math.IsInf(v, 0):
		text = "∞"
	case !math.IsNaN(v):
		text = f.digits(v)
	}
	if f.percent {
		text += f.Percent
	}
	return sign + text
}

// digits writes a number that is not negative. It is rounded as written in
// the fewest digits, halves away from zero: 1.005 is 1.01.
func (f numberFormat) digits(v float64) string {
	d := newDecimal(v)
	if f.percent && len(d.digits) > 0 {
		d.point += 2
	}
	if f.significant > 0 {
		d.round(f.significant)
	} else {
		d.round(d.point + f.most)
	}
	whole, fraction := d.split()
	least := f.least
	if f.significant > 0 {
		least = max(0, f.atOut-len(whole))
	}
	fraction = strings.TrimRight(fraction, "0")
	if n := least - len(fraction); n > 0 {
		fraction += strings.Repeat("0", n)
	}
	if n := f.integer - len(whole); n > 0 {
		whole = strings.Repeat("0", n) + whole
	}
	text := f.grouped(whole)
	if fraction != "" {
		text += f.Decimal + fraction
	}
	return text
}

// grouped parts the digits before the decimal point.
func (f numberFormat) grouped(whole string) string {
	if f.plain || len(f.Groups) == 0 || len(whole) < 4 || len(whole) == 4 && !f.FourDigits {
		return whole
	}
	last := f.Groups[len(f.Groups)-1]
	size := last
	if len(f.Groups) > 2 {
		size = f.Groups[len(f.Groups)-2] // in India, hundreds of thousands
	}
	parts := []string{whole[len(whole)-last:]}
	for whole = whole[:len(whole)-last]; len(whole) > 0; {
		n := min(size, len(whole))
		parts = append([]string{whole[len(whole)-n:]}, parts...)
		whole = whole[:len(whole)-n]
	}
	return strings.Join(parts, f.Group)
}

// decimal is 0.digits times ten to the power of point.
type decimal struct {
	digits []byte
	point  int
}

func newDecimal(v float64) *decimal {
	if v == 0 {
		return &decimal{}
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return &decimal{}
	}
	return &decimal{digits: []byte(strings.Replace(mantissa, ".", "", 1)), point: n + 1}
}

// round keeps n digits.
func (d *decimal) round(n int) {
	if n >= len(d.digits) {
		return
	}
	if n < 0 {
		d.digits = nil
		return
	}
	up := d.digits[n] >= '5'
	d.digits = d.digits[:n]
	for i := n - 1; up && i >= 0; i-- {
		if up = d.digits[i] == '9'; up {
			d.digits[i] = '0'
		} else {
			d.digits[i]++
		}
	}
	if up {
		d.digits = append([]byte{'1'}, d.digits...)
		d.point++
	}
}

// split writes the digits before and after the decimal point.
func (d *decimal) split() (whole, fraction string) {
	digits := string(d.digits)
	switch {
	case d.point <= 0:
		return "0", strings.Repeat("0", min(-d.point, 200)) + digits
	case d.point >= len(digits):
		return digits + strings.Repeat("0", d.point-len(digits)), ""
	}
	return digits[:d.point], digits[d.point:]
}

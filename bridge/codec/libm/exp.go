package libm

import "math"

const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
	invLn2  = 1.44269504088896338700e+00

	// The Remez polynomial of exp on the reduced range.
	p1 = 1.66666666666666019037e-01
	p2 = -2.77777777770155933842e-03
	p3 = 6.61375632143793436117e-05
	p4 = -1.65339022054652515390e-06
	p5 = 4.13813679705723846039e-08
)

// Exp is e to the power of x.
func Exp(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -7.45133219101941108420e+02:
		return 0
	}
	hi, lo, k := x, 0.0, 0
	switch h := high(x) & 0x7fffffff; {
	case h > 0x3fd62e42: // |x| > ln(2)/2
		if x == 1 {
			return math.E
		}
		hi, lo, k = reduceExp(x, h)
		x = hi - lo
	case h < 0x3e300000: // |x| < 2**-28
		return 1 + x
	}
	t := x * x
	c := x - float64(t*horner(t, p1, p2, p3, p4, p5))
	if k == 0 {
		return 1 - (float64(x*c)/(c-2) - x)
	}
	return math.Ldexp(1-((lo-float64(x*c)/(2-c))-hi), k)
}

// reduceExp writes x as k*ln(2) + hi - lo.
func reduceExp(x float64, h int32) (hi, lo float64, k int) {
	if h < 0x3ff0a2b2 { // |x| < 1.5*ln(2)
		if x > 0 {
			return x - ln2High, ln2Low, 1
		}
		return x + ln2High, -ln2Low, -1
	}
	half := 0.5
	if x < 0 {
		half = -0.5
	}
	k = int(float64(invLn2*x) + half)
	t := float64(k)
	return x - float64(t*ln2High), t * ln2Low, k
}

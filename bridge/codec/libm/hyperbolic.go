package libm

import "math"

const (
	tiny = 0x3e300000 // upper half of 2**-28
	two  = 0x40000000
)

// Sinh is the hyperbolic sine of x.
func Sinh(x float64) float64 {
	t, h := math.Abs(x), math.Copysign(0.5, x)
	switch {
	case t < 1.0/(1<<28) || math.IsNaN(x):
		return x
	case t < 22:
		e := math.Expm1(t)
		if t < 1 {
			return h * (2*e - float64(e*e)/(e+1))
		}
		return h * (e + e/(e+1))
	case t < 709:
		return h * Exp(t)
	case t <= 710.4758600739439:
		w := Exp(0.5 * t)
		return float64(h*w) * w
	}
	return math.Copysign(math.Inf(1), x)
}

// Cosh is the hyperbolic cosine of x.
func Cosh(x float64) float64 {
	t := math.Abs(x)
	switch h := high(t); {
	case math.IsNaN(x):
		return x
	case h < 0x3c800000: // 2**-55
		return 1
	case h < 0x3fd62e43: // half of ln(2)
		e := math.Expm1(t)
		w := 1 + e
		return 1 + float64(e*e)/(w+w)
	case h < 0x40360000: // 22
		e := Exp(t)
		return float64(0.5*e) + 0.5/e
	case t < 709:
		return 0.5 * Exp(t)
	case t <= 710.4758600739439:
		w := Exp(0.5 * t)
		return float64(0.5*w) * w
	}
	return math.Inf(1)
}

// Tanh is the hyperbolic tangent of x.
func Tanh(x float64) float64 {
	t, z := math.Abs(x), 1.0
	switch h := high(t); {
	case h < tiny || math.IsNaN(x):
		return x
	case t < 1:
		e := math.Expm1(-2 * t)
		z = -e / (e + 2)
	case t < 22:
		z = 1 - 2/(math.Expm1(2*t)+2)
	}
	return math.Copysign(z, x)
}

// Asinh is the inverse of Sinh.
func Asinh(x float64) float64 {
	t, w := math.Abs(x), 0.0
	switch h := high(t); {
	case h < tiny || math.IsNaN(x) || math.IsInf(x, 0):
		return x
	case h > 0x41b00000: // 2**28
		w = Log(t) + math.Ln2
	case h > two:
		w = Log(float64(2*t) + 1/(math.Sqrt(float64(x*x)+1)+t))
	default:
		s := x * x
		w = math.Log1p(t + s/(1+math.Sqrt(1+s)))
	}
	return math.Copysign(w, x)
}

// Acosh is the inverse of Cosh.
func Acosh(x float64) float64 {
	switch h := high(x); {
	case x < 1 || math.IsNaN(x):
		return math.NaN()
	case math.IsInf(x, 1):
		return x
	case h >= 0x41b00000:
		return Log(x) + math.Ln2
	case x == 1:
		return 0
	case h > two:
		return Log(float64(2*x) - 1/(x+math.Sqrt(float64(x*x)-1)))
	}
	t := x - 1
	return math.Log1p(t + math.Sqrt(float64(2*t)+float64(t*t)))
}

// Cbrt is the cube root of x.
func Cbrt(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	h := high(math.Abs(x))
	t := withHigh(0, h/3+715094163)
	if h < 0x00100000 { // subnormal
		t = withHigh(0, high(math.Abs(x)*(1<<54))/3+696219795)
	}
	t = math.Copysign(t, x)
	r := float64(t*t) * (t / x) // to 23 bits
	first := horner(r, 1.87595182427177009643, -1.88497979543377169875, 1.621429720105354466140)
	t *= first + float64(float64(r*r)*r)*horner(r, -0.758397934778766047437, 0.145996192886612446982)
	t = math.Float64frombits((math.Float64bits(t) + 0x80000000) &^ 0x3fffffff)
	s := t * t
	r = x / s
	r = (r - t) / (t + t + r)
	return t + float64(t*r)
}

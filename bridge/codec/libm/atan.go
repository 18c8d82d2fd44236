package libm

import "math"

const (
	piLow     = 1.2246467991473531772e-16 // pi - math.Pi
	halfPi    = 1.57079632679489655800e+00
	halfPiLow = 6.12323399573676603587e-17
)

// Atan is the arc tangent of x.
func Atan(x float64) float64 {
	h := high(x) & 0x7fffffff
	switch {
	case math.IsNaN(x):
		return x
	case h >= 0x44100000: // |x| >= 2**66
		return math.Copysign(halfPi+halfPiLow, x)
	case h < 0x3e400000: // |x| < 2**-27
		return x
	case h < 0x3fdc0000: // |x| < 0.4375
		return x - float64(x*atanSeries(x))
	}
	reduced, hi, lo := reduceAtan(math.Abs(x), h)
	z := hi - ((float64(reduced*atanSeries(reduced)) - lo) - reduced)
	if math.Signbit(x) {
		return -z
	}
	return z
}

// atanSeries is 1 - atan(x)/x.
func atanSeries(x float64) float64 {
	z := x * x
	w := z * z
	s1 := z * horner(w, 3.33333333333329318027e-01, 1.42857142725034663711e-01, 9.09088713343650656196e-02,
		6.66107313738753120669e-02, 4.97687799461593236017e-02, 1.62858201153657823623e-02)
	s2 := w * horner(w, -1.99999999998764832476e-01, -1.11111104054623557880e-01, -7.69187620504482999495e-02,
		-5.83357013379057348645e-02, -3.65315727442169155270e-02)
	return s1 + s2
}

// reduceAtan finds atan(x) = atan(reduced) + hi + lo, for x of at least
// 0.4375.
func reduceAtan(x float64, h int32) (reduced, hi, lo float64) {
	switch {
	case h < 0x3fe60000: // 7/16 <= x < 11/16
		return (2*x - 1) / (2 + x), 4.63647609000806093515e-01, 2.26987774529616870924e-17
	case h < 0x3ff30000: // x < 19/16
		return (x - 1) / (x + 1), 7.85398163397448278999e-01, 3.06161699786838301793e-17
	case h < 0x40038000: // x < 39/16
		return (x - 1.5) / (1 + float64(1.5*x)), 9.82793723247329054082e-01, 1.39033110312309984516e-17
	}
	return -1 / x, halfPi, halfPiLow
}

// Atan2 is the angle of the point (x, y).
func Atan2(y, x float64) float64 {
	if math.IsNaN(x) || math.IsNaN(y) || x == 0 || y == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return math.Atan2(y, x) // multiples of pi/4
	}
	if x == 1 {
		return Atan(y)
	}
	var z float64
	switch k := (high(y)&0x7fffffff - high(x)&0x7fffffff) >> 20; {
	case k > 60: // |y/x| > 2**60
		z = halfPi + 0.5*piLow
		if x < 0 && y > 0 || x > 0 && y > 0 {
			return z
		}
		return -z
	case x < 0 && k < -60:
		z = 0
	default:
		z = Atan(math.Abs(y / x))
	}
	switch {
	case x > 0 && y > 0:
		return z
	case x > 0:
		return -z
	case y > 0:
		return math.Pi - (z - piLow)
	}
	return (z - piLow) - math.Pi
}

// asinRatio is the rational approximation that Asin and Acos share.
func asinRatio(t float64) float64 {
	p := t * horner(t, 1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01,
		-4.00555345006794114027e-02, 7.91534994289814532176e-04, 3.47933107596021167570e-05)
	q := horner(t, 1, -2.40339491173441421878e+00, 2.02094576023350569471e+00, -6.88283971605453293030e-01, 7.70381505559019352791e-02)
	return p / q
}

// Asin is the arc sine of x.
func Asin(x float64) float64 {
	ax := math.Abs(x)
	switch {
	case !(ax <= 1):
		return math.NaN()
	case ax == 1:
		return float64(x*halfPi) + float64(x*halfPiLow)
	case ax < 1.0/(1<<27):
		return x
	case ax < 0.5:
		return x + float64(x*asinRatio(x*x))
	}
	const quarterPi = 7.85398163397448278999e-01
	t := (1 - ax) * 0.5
	s := math.Sqrt(t)
	r := asinRatio(t)
	var z float64
	if high(ax) >= 0x3fef3333 { // |x| > 0.975
		z = halfPi - (2*(s+float64(s*r)) - halfPiLow)
	} else {
		w := upper(s)
		c := (t - float64(w*w)) / (s + w)
		p := float64(2*s*r) - (halfPiLow - 2*c)
		q := quarterPi - 2*w
		z = quarterPi - (p - q)
	}
	return math.Copysign(z, x)
}

// Acos is the arc cosine of x.
func Acos(x float64) float64 {
	ax := math.Abs(x)
	switch {
	case !(ax <= 1):
		return math.NaN()
	case x == 1:
		return 0
	case x == -1:
		return math.Pi + 2*halfPiLow
	case ax < 0.5:
		if high(ax) <= 0x3c600000 {
			return halfPi + halfPiLow
		}
		return halfPi - (x - (halfPiLow - float64(x*asinRatio(x*x))))
	case x < 0:
		z := (1 + x) * 0.5
		s := math.Sqrt(z)
		w := float64(asinRatio(z)*s) - halfPiLow
		return math.Pi - 2*(s+w)
	}
	z := (1 - x) * 0.5
	s := math.Sqrt(z)
	df := upper(s)
	c := (z - float64(df*df)) / (s + df)
	w := float64(asinRatio(z)*s) + c
	return 2 * (df + w)
}

package libm

import "math"

// reduce writes x as n*pi/2 + y0 + y1, for |x| below 2**19*pi/2.
func reduce(x float64) (n int, y0, y1 float64) {
	const (
		invPio2          = 6.36619772367581382433e-01
		pio2a, pio2aTail = 1.57079632673412561417e+00, 6.07710050650619224932e-11
		pio2b, pio2bTail = 6.07710050630396597660e-11, 2.02226624879595063154e-21
		pio2c, pio2cTail = 2.02226624871116645580e-21, 8.47842766036889956997e-32
	)
	t := math.Abs(x)
	h := high(t)
	if h <= 0x3fe921fb { // |x| <= pi/4
		return 0, x, 0
	}
	if h < 0x4002d97c { // |x| < 3pi/4: exactly one step
		n, y0 = 1, t-pio2a
		if h != 0x3ff921fb {
			z := y0
			y0 = z - pio2aTail
			y1 = (z - y0) - pio2aTail
		} else { // near pi/2
			z := y0 - pio2b
			y0 = z - pio2bTail
			y1 = (z - y0) - pio2bTail
		}
	} else {
		n = int(float64(t*invPio2) + 0.5)
		fn := float64(n)
		r := t - float64(fn*pio2a)
		w := fn * pio2aTail
		y0 = r - w
		j := h >> 20
		if j-(high(y0)>>20&0x7ff) > 16 {
			u := r
			w = fn * pio2b
			r = u - w
			w = float64(fn*pio2bTail) - ((u - r) - w)
			y0 = r - w
			if j-(high(y0)>>20&0x7ff) > 49 {
				u = r
				w = fn * pio2c
				r = u - w
				w = float64(fn*pio2cTail) - ((u - r) - w)
				y0 = r - w
			}
		}
		y1 = (r - y0) - w
	}
	if x < 0 {
		return -n, -y0, -y1
	}
	return n, y0, y1
}

// large is from where the reduction needs more digits of pi; angles like this
// are left to the standard library.
const large = 0x413921fb

// kernelSin is the sine of x+y, |x| at most pi/4.
func kernelSin(x, y float64, exact bool) float64 {
	if high(x)&0x7fffffff < 0x3e400000 { // |x| < 2**-27
		return x
	}
	z := x * x
	v := z * x
	r := horner(z, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10)
	const s1 = -1.66666666666666324348e-01
	if exact {
		return x + float64(v*(s1+float64(z*r)))
	}
	return x - ((float64(z*(float64(0.5*y)-float64(v*r))) - y) - float64(v*s1))
}

// kernelCos is the cosine of x+y, |x| at most pi/4.
func kernelCos(x, y float64) float64 {
	h := high(x) & 0x7fffffff
	if h < 0x3e400000 {
		return 1
	}
	z := x * x
	r := z * horner(z, 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
		-2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11)
	if h < 0x3fd33333 { // |x| < 0.3
		return 1 - (float64(0.5*z) - (float64(z*r) - float64(x*y)))
	}
	q := 0.28125
	if h <= 0x3fe90000 {
		q = withHigh(0, h-0x00200000) // x/4
	}
	iz := float64(0.5*z) - q
	return (1 - q) - (iz - (float64(z*r) - float64(x*y)))
}

// Sin is the sine of x.
func Sin(x float64) float64 {
	if high(x)&0x7fffffff > large {
		return math.Sin(x)
	}
	n, y0, y1 := reduce(x)
	switch n & 3 {
	case 0:
		return kernelSin(y0, y1, n == 0)
	case 1:
		return kernelCos(y0, y1)
	case 2:
		return -kernelSin(y0, y1, false)
	}
	return -kernelCos(y0, y1)
}

// Cos is the cosine of x.
func Cos(x float64) float64 {
	if high(x)&0x7fffffff > large {
		return math.Cos(x)
	}
	n, y0, y1 := reduce(x)
	switch n & 3 {
	case 0:
		return kernelCos(y0, y1)
	case 1:
		return -kernelSin(y0, y1, false)
	case 2:
		return -kernelCos(y0, y1)
	}
	return kernelSin(y0, y1, false)
}

// Tan is the tangent of x.
func Tan(x float64) float64 {
	if high(x)&0x7fffffff > large {
		return math.Tan(x)
	}
	n, y0, y1 := reduce(x)
	return kernelTan(y0, y1, n&1 == 1)
}

// kernelTan is the tangent of x+y, or minus its inverse; |x| at most pi/4.
func kernelTan(x, y float64, inverse bool) float64 {
	const quarterPi, quarterPiLow = 7.85398163397448278999e-01, 3.06161699786838301793e-17
	hx := high(x)
	h := hx & 0x7fffffff
	if h < 0x3e300000 { // |x| < 2**-28
		if inverse {
			return -1 / x
		}
		return x
	}
	big := h >= 0x3fe59428 // |x| >= 0.6744
	if big {
		if hx < 0 {
			x, y = -x, -y
		}
		x, y = (quarterPi-x)+(quarterPiLow-y), 0
	}
	z := x * x
	w := z * z
	r := horner(w, 1.33333333333201242699e-01, 2.18694882948595424599e-02, 3.59207910759131235356e-03,
		5.88041240820264096874e-04, 7.81794442939557092300e-05, -1.85586374855275456654e-05)
	v := z * horner(w, 5.39682539762260521377e-02, 8.86323982359930005737e-03, 1.45620945432529025516e-03,
		2.46463134818469906812e-04, 7.14072491382608190305e-05, 2.59073051863633712884e-05)
	s := z * x
	r = y + float64(z*(float64(s*(r+v))+y))
	r += float64(3.33333333333334091986e-01 * s)
	w = x + r
	if big {
		v = 1
		if inverse {
			v = -1
		}
		result := v - 2*(x-(float64(w*w)/(w+v)-r))
		if hx < 0 {
			return -result
		}
		return result
	}
	if !inverse {
		return w
	}
	z = upper(w)
	v = r - (z - x)
	a := -1 / w
	t := upper(a)
	return t + float64(a*(1+float64(t*z)+float64(t*v)))
}

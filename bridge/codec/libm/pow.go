package libm

import "math"

// Pow is x to the power of y, as Math.pow has it: not a number when x is 1 or
// -1 and y is infinite.
func Pow(x, y float64) float64 {
	ax := math.Abs(x)
	switch {
	case y == 0:
		return 1
	case math.IsNaN(x) || math.IsNaN(y) || ax == 1 && math.IsInf(y, 0):
		return math.NaN()
	case math.IsInf(y, 0) || math.IsInf(x, 0) || x == 0 || ax == 1:
		return math.Pow(x, y) // exact
	case y == 1:
		return x
	case y == -1:
		return 1 / x
	case y == 2:
		return x * x
	case y == 0.5 && x > 0:
		return math.Sqrt(x)
	}
	sign := 1.0
	if x < 0 {
		if y != math.Trunc(y) {
			return math.NaN()
		}
		if math.Mod(y, 2) != 0 {
			sign = -1
		}
	}
	return powPositive(ax, y, sign)
}

// powPositive is sign times x**y, as 2**(y*log2(x)) with log2 in two parts.
func powPositive(x, y, sign float64) float64 {
	t1, t2, done := log2Parts(x, y)
	if done {
		if (x < 1) == (y < 0) {
			return sign * math.Inf(1)
		}
		return sign * 0
	}
	y1 := upper(y)
	lo := float64((y-y1)*t1) + float64(y*t2)
	hi := y1 * t1
	z := lo + hi
	j, i := high(z), low(z)
	const overflow = 8.0085662595372944372e-0017 // -(1024-log2(the largest number+.5ulp))
	switch {
	case j >= 0x40900000: // z >= 1024
		if (j-0x40900000) != 0 || i != 0 || lo+overflow > z-hi {
			return sign * math.Inf(1)
		}
	case j&0x7fffffff >= 0x4090cc00: // z <= -1075
		if uint32(j)-0xc090cc00 != 0 || i != 0 || lo <= z-hi {
			return sign * 0
		}
	}
	return sign * exp2Parts(hi, lo, z)
}

// log2Parts is log2(x) in two parts; done, when |y| is so large that x**y
// overflows or underflows.
func log2Parts(x, y float64) (t1, t2 float64, done bool) {
	h := high(x)
	if high(y)&0x7fffffff > 0x41e00000 { // |y| > 2**31
		if h < 0x3fefffff || h > 0x3ff00000 {
			return 0, 0, true
		}
		const ivln2, ivln2High, ivln2Low = 1.44269504088896338700e+00, 1.44269502162933349609e+00, 1.92596299112661746887e-08
		t := x - 1
		w := float64(t*t) * (0.5 - float64(t*(0.3333333333333333333333-float64(t*0.25))))
		u := ivln2High * t
		v := float64(t*ivln2Low) - float64(w*ivln2)
		t1 = upper(u + v)
		return t1, v - (t1 - u), false
	}
	n := int32(0)
	if h < 0x00100000 { // subnormal
		x *= 1 << 53
		n -= 53
		h = high(x)
	}
	n += h>>20 - 0x3ff
	j := h & 0x000fffff
	h = j | 0x3ff00000
	k := 0
	switch {
	case j <= 0x3988e: // x < sqrt(3/2)
	case j < 0xbb67a: // x < sqrt(3)
		k = 1
	default:
		n++
		h -= 0x00100000
	}
	t1, t2 = log2Mantissa(withHigh(x, h), float64(n), h, k)
	return t1, t2, false
}

// log2Mantissa is n + log2(x), for x from sqrt(3)/2 to sqrt(3), in two parts;
// k says on which side of sqrt(3/2) it is.
func log2Mantissa(x, n float64, h int32, k int) (t1, t2 float64) {
	bp := [...]float64{1, 1.5}[k]
	dpHigh := [...]float64{0, 5.84962487220764160156e-01}[k]
	dpLow := [...]float64{0, 1.35003920212974897128e-08}[k]
	u := x - bp
	v := 1 / (x + bp)
	ss := u * v
	sHigh := upper(ss)
	tHigh := withHigh(0, (h>>1|0x20000000)+0x00080000+int32(k)<<18)
	tLow := x - (tHigh - bp)
	sLow := v * ((u - float64(sHigh*tHigh)) - float64(sHigh*tLow))
	s2 := ss * ss
	r := float64(s2*s2) * horner(s2, 5.99999999999994648725e-01, 4.28571428578550184252e-01, 3.33333329818377432918e-01,
		2.72728123808534006489e-01, 2.30660745775561754067e-01, 2.06975017800338417784e-01)
	r += sLow * (sHigh + ss)
	s2 = sHigh * sHigh
	tHigh = upper(3 + s2 + r)
	tLow = r - ((tHigh - 3) - s2)
	u = sHigh * tHigh
	v = float64(sLow*tHigh) + float64(tLow*ss)
	const cp, cpHigh, cpLow = 9.61796693925975554329e-01, 9.61796700954437255859e-01, -7.02846165095275826516e-09
	pHigh := upper(u + v)
	pLow := v - (pHigh - u)
	zHigh := cpHigh * pHigh
	zLow := float64(cpLow*pHigh) + float64(pLow*cp) + dpLow
	t1 = upper(((zHigh + zLow) + dpHigh) + n)
	return t1, zLow - (((t1 - n) - dpHigh) - zHigh)
}

// exp2Parts is 2**(hi+lo), where z is their sum.
func exp2Parts(hi, lo, z float64) float64 {
	j := high(z)
	i := j & 0x7fffffff
	k := i>>20 - 0x3ff
	n := int32(0)
	if i > 0x3fe00000 { // |z| > 0.5: n is z rounded
		n = j + 0x00100000>>(k+1)
		k = (n&0x7fffffff)>>20 - 0x3ff
		t := withHigh(0, n&^(0x000fffff>>k))
		n = (n&0x000fffff | 0x00100000) >> (20 - k)
		if j < 0 {
			n = -n
		}
		hi -= t
	}
	const lg2, lg2High, lg2Low = 6.93147180559945286227e-01, 6.93147182464599609375e-01, -1.90465429995776804525e-09
	t := upper(lo + hi)
	u := t * lg2High
	v := float64((lo-(t-hi))*lg2) + float64(t*lg2Low)
	z = u + v
	w := v - (z - u)
	t = z * z
	t1 := z - float64(t*horner(t, p1, p2, p3, p4, p5))
	// Here V8 differs from fdlibm, which subtracts the last term from the quotient.
	r := float64(z*t1) / ((t1 - 2) - (w + float64(z*w)))
	z = 1 - (r - z)
	return math.Ldexp(z, int(n))
}

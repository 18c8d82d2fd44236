package libm

import "math"

// Log is the natural logarithm of x.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	h, k := high(x), int32(0)
	if h < 0x00100000 { // subnormal
		k -= 54
		x *= 1 << 54
		h = high(x)
	}
	k += h>>20 - 1023
	h &= 0x000fffff
	i := (h + 0x95f64) & 0x100000
	k += i >> 20
	return logReduced(withHigh(x, h|(i^0x3ff00000))-1, float64(k), h)
}

// logReduced is log(1+f) + k*ln(2); h is the mantissa's upper part.
func logReduced(f, k float64, h int32) float64 {
	kHigh, kLow := float64(k*ln2High), float64(k*ln2Low)
	if 0x000fffff&(2+h) < 3 { // |f| < 2**-20
		if f == 0 {
			return kHigh + kLow
		}
		r := float64(f*f) * (0.5 - float64(0.33333333333333333*f))
		if k == 0 {
			return f - r
		}
		return kHigh - ((r - kLow) - f)
	}
	s, r := log1pSeries(f)
	if (h-0x6147a)|(0x6b851-h) > 0 {
		half := 0.5 * f * f
		if k == 0 {
			return f - (half - float64(s*(half+r)))
		}
		return kHigh - ((half - (float64(s*(half+r)) + kLow)) - f)
	}
	if k == 0 {
		return f - float64(s*(f-r))
	}
	return kHigh - ((float64(s*(f-r)) - kLow) - f)
}

// log1pSeries is s = f/(2+f), and R in log(1+f) = f - f*f/2 + s*(f*f/2 + R).
func log1pSeries(f float64) (s, r float64) {
	s = f / (2 + f)
	z := s * s
	w := z * z
	t1 := w * horner(w, 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01)
	t2 := z * horner(w, 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01)
	return s, t2 + t1
}

// Log2 is the logarithm of x to base two.
func Log2(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x == 1:
		return 0
	}
	h, k := high(x), int32(0)
	if h < 0x00100000 { // subnormal
		k -= 54
		x *= 1 << 54
		h = high(x)
	}
	k += h>>20 - 1023
	h &= 0x000fffff
	i := (h + 0x95f64) & 0x100000
	y := float64(k + i>>20)
	f := withHigh(x, h|(i^0x3ff00000)) - 1
	half := 0.5 * f * f
	s, series := log1pSeries(f)
	r := s * (half + series)
	hi := upper(f - half)
	lo := ((f - hi) - half) + r
	const invLn2High, invLn2Low = 1.44269504072144627571e+00, 1.67517131648865118353e-10
	big := hi * invLn2High
	small := float64((lo+hi)*invLn2Low) + float64(lo*invLn2High)
	w := y + big
	small += (y - w) + big
	return small + w
}

// Log10 is the logarithm of x to base ten.
func Log10(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 1) || x <= 0 {
		return Log(x)
	}
	h, k := high(x), int32(0)
	if h < 0x00100000 { // subnormal
		k -= 54
		x *= 1 << 54
		h = high(x)
	}
	k += h>>20 - 1023
	i := int32(uint32(k) >> 31)
	y := float64(k + i)
	z := float64(y*3.69423907715893078616e-13) + float64(4.34294481903251816668e-01*Log(withHigh(x, h&0x000fffff|(0x3ff-i)<<20)))
	return z + float64(y*3.01029995663611771306e-01)
}

package libm

import "math"

// high is the upper half of x: sign, exponent, and 20 bits.
func high(x float64) int32 { return int32(math.Float64bits(x) >> 32) }

// low is the lower half of x.
func low(x float64) uint32 { return uint32(math.Float64bits(x)) }

// withHigh is x with another upper half.
func withHigh(x float64, h int32) float64 {
	return math.Float64frombits(uint64(uint32(h))<<32 | uint64(low(x)))
}

// upper is x with its lower half cleared: few enough bits that products of
// two such numbers are exact.
func upper(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x) &^ 0xffffffff)
}

// horner evaluates the polynomial c[0] + c[1]*x + ...
func horner(x float64, c ...float64) float64 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = c[i] + float64(x*sum)
	}
	return sum
}

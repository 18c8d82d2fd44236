// Package libm computes elementary functions to the bit as V8 does, with the
// methods of Sun's fdlibm. Other libraries are as good or better, but differ
// in the last digit: in V8, pow(10, -4) is 0.00009999999999999999, and a codec
// that scales by it is tested against that.
//
// The methods and constants are fdlibm's, which says of itself: Copyright (C)
// 1993-2004 by Sun Microsystems, Inc. All rights reserved. Developed at
// SunSoft, a Sun Microsystems, Inc. business. Permission to use, copy, modify,
// and distribute this software is freely granted, provided that this notice is
// preserved.
//
// Products are converted to float64 where a sum follows: on some processors
// Go would otherwise compute both in one step, which rounds once instead of
// twice.
package libm

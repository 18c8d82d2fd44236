package libm

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestNode compares with what Node computed; testdata/node.mjs makes the file.
func TestNode(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/node.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string][][]float64
	if err := json.Unmarshal(content, &cases); err != nil {
		t.Fatal(err)
	}
	one := map[string]func(float64) float64{
		"exp": Exp, "log": Log, "log10": Log10, "sin": Sin, "cos": Cos, "tan": Tan, "atan": Atan, "asin": Asin, "acos": Acos,
		"log2": Log2, "cbrt": Cbrt, "sinh": Sinh, "cosh": Cosh, "tanh": Tanh, "asinh": Asinh, "acosh": Acosh,
	}
	two := map[string]func(float64, float64) float64{"pow": Pow, "atan2": Atan2}
	for name, list := range cases {
		if len(list) < 100 {
			t.Errorf("%s: %d cases", name, len(list))
		}
		wrong := 0
		for _, c := range list {
			got := 0.0
			if f, ok := one[name]; ok {
				got = f(c[0])
			} else {
				got = two[name](c[0], c[1])
			}
			if want := c[len(c)-1]; got != want {
				if wrong++; wrong <= 5 {
					t.Errorf("%s of %v is %v, want %v", name, c[:len(c)-1], got, want)
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of %d wrong", name, wrong, len(list))
		}
	}
}

func TestSpecial(t *testing.T) {
	t.Parallel()
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ x, y, want float64 }{
		{nan, 0, 1},
		{1, inf, nan},
		{-1, inf, nan},
		{1, nan, nan},
		{0, -1, inf},
		{math.Copysign(0, -1), -1, -inf},
		{-8, 1.0 / 3, nan},
		{2, inf, inf},
		{0.5, inf, 0},
		{2, -inf, 0},
		{-2, 3, -8},
		{-2, 2, 4},
		{2, 1024, inf},
		{-2, 1025, -inf},
		{2, -1075, 0},
		{2, -1074, 5e-324},
		{inf, -1, 0},
		{-inf, 3, -inf},
		{1.0000001, 1e11, inf},
		{0.9999999, 1e11, 0},
		{10, 1e300, inf},
		{10, -1e300, 0},
		{0.1, 1e300, 0},
		{0.1, -1e300, inf},
	} {
		if got := Pow(c.x, c.y); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("Pow(%v, %v) is %v, want %v", c.x, c.y, got, c.want)
		}
	}
	for _, c := range []struct{ got, want float64 }{
		{Exp(inf), inf},
		{Exp(-inf), 0},
		{Exp(0), 1},
		{Exp(1000), inf},
		{Exp(-1000), 0},
		{Exp(1e-300), 1},
		{Log(0), -inf},
		{Log(inf), inf},
		{Log(1), 0},
		{Log10(0), -inf},
		{Log10(1000), 3},
		{Log10(5e-324), -323.3062153431158},
	} {
		if c.got != c.want {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
	for _, x := range []float64{Exp(nan), Log(nan), Log(-1), Log10(-1), Log10(nan)} {
		if !math.IsNaN(x) {
			t.Errorf("%v, want NaN", x)
		}
	}
}

// FuzzPow keeps close to the standard library.
func FuzzPow(f *testing.F) {
	f.Add(10.0, -4.0)
	f.Add(0.3, 2.5)
	f.Fuzz(func(t *testing.T, x, y float64) {
		got, want := Pow(x, y), math.Pow(x, y)
		if math.IsNaN(got) || math.IsNaN(want) || math.IsInf(want, 0) || math.Abs(want) < 1e-300 || math.Abs(want) > 1e300 {
			return
		}
		if math.Abs(got-want) > 1e-11*math.Abs(want) {
			t.Errorf("Pow(%v, %v) is %v, the library's %v", x, y, got, want)
		}
	})
}

package hubtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTwinLimits(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"a":`, depth+1) + "1" + strings.Repeat("}", depth+1)
	}
	many := func(n, size int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `%s"k%03d":"%s"`, map[bool]string{true: ",", false: ""}[i > 0], i, strings.Repeat("x", size))
		}
		return "{" + b.String() + "}"
	}
	for name, test := range map[string]struct {
		in   string
		size bool // the size is what is wrong
		ok   bool
	}{
		"empty":              {`{}`, false, true},
		"deep":               {nested(10), false, true},
		"too deep":           {nested(11), false, false},
		"name with a dot":    {`{"a.b":1}`, false, false},
		"name with a space":  {`{"a b":1}`, false, false},
		"name with a dollar": {`{"a":{"$b":1}}`, false, false},
		"empty name":         {`{"":1}`, false, false},
		"control character":  {`{"a\u0001":1}`, false, false},
		"long name":          {`{"` + strings.Repeat("x", 1025) + `":1}`, false, false},
		"longest name":       {`{"` + strings.Repeat("x", 1024) + `":1}`, false, true},
		"longest text":       {`{"a":"` + strings.Repeat("x", 4096) + `"}`, false, true},
		"long text":          {`{"a":"` + strings.Repeat("ß", 2049) + `"}`, false, false},
		"long text in array": {`{"a":["` + strings.Repeat("x", 4097) + `"]}`, false, false},
		"greatest integer":   {`{"a":4503599627370496,"b":-4503599627370496}`, false, true},
		"greater integer":    {`{"a":4503599627370497}`, false, false},
		"huge integer":       {`{"a":99999999999999999999}`, false, false},
		"any fraction":       {`{"a":1e300,"b":-0.5}`, false, true},
		"array":              {`{"a":[1,"x",{"b":[true,null]}]}`, false, true},
		"fits":               {many(8, 4092), false, true},
		"one byte more":      {strings.Replace(many(8, 4092), `"k000"`, `"k0000"`, 1), true, false},
	} {
		object, err := parseObject([]byte(test.in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := checkProperties(object, maxDesired); (err == nil) != test.ok || errors.Is(err, errTwinSize) != test.size {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTwinSize(t *testing.T) {
	object, err := parseObject([]byte(`{"a":1,"bc":true,"d":"x\ny","e":{"f":[1.5,false,null]}}`))
	if err != nil {
		t.Fatal(err)
	}
	// Names 6, numbers 8 each, booleans 4 each, "xy" without the control character.
	if got, err := objectSize(object, 0); got != 6+16+8+2 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

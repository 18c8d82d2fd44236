package semtechudp

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// number is a JSON number as forwarders write them: some put them in quotes,
// some write integers with a point or an exponent, some null.
type number struct {
	value float64
	set   bool
}

// UnmarshalJSON takes a number, a number in quotes, or null. What is none of
// them is as good as absent: it must not spoil the frame around it.
func (n *number) UnmarshalJSON(b []byte) error {
	*n = number{}
	s := strings.TrimSpace(strings.Trim(string(b), `"`))
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && !math.IsInf(v, 0) && !math.IsNaN(v) {
		*n = number{v, true}
	}
	return nil
}

// whole is the number rounded, and whether it lies within 0 and limit.
func (n number) whole(limit float64) (uint64, bool) {
	v := math.Round(n.value)
	if !n.set || v < 0 || v > limit {
		return 0, false
	}
	return uint64(v), true
}

// small is the number as a byte, 0 if it is none.
func (n number) small() uint8 {
	v, _ := n.whole(math.MaxUint8)
	return uint8(v)
}

// text is a JSON string; a number is its digits. "datr" is either.
type text string

// UnmarshalJSON takes a string or a number.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*t = text(strings.TrimSpace(s))
	return nil
}

// trim removes what C programs leave behind their JSON.
func trim(b []byte) []byte { return bytes.Trim(b, " \t\r\n\x00") }

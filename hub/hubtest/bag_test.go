package hubtest

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The encoding vector: Node's and Go's encoders agree on it byte for byte.
const bagVector = "%24.mid=8d216a29-8a85-4598-ac9e-0a2d3f3f3c1f&%24.ct=application%2Fjson%3Bcharset%3Dutf-8&%24.ce=utf-8" +
	"&devEui=A81758FFFE03ABCD&site=Hall%203%2FWest%20%26%20Co&temp%C2%B0=%2B21%3Dok%3F%23%25"

var bagVectorPairs = [...]pair{
	{"$.mid", "8d216a29-8a85-4598-ac9e-0a2d3f3f3c1f"},
	{"$.ct", "application/json;charset=utf-8"},
	{"$.ce", "utf-8"},
	{"devEui", "A81758FFFE03ABCD"},
	{"site", "Hall 3/West & Co"},
	{"temp°", "+21=ok?#%"},
}

func TestBagVector(t *testing.T) {
	if diff := cmp.Diff(bagVector, encodeBag(bagVectorPairs[:])); diff != "" {
		t.Errorf("encode (-want +got)\n%s", diff)
	}
	want := map[string]string{}
	for _, p := range bagVectorPairs {
		want[p.key] = p.value
	}
	got, err := parseBag(bagVector)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("parse: %v (-want +got)\n%s", err, diff)
	}
}

func TestParseBag(t *testing.T) {
	for _, test := range []struct {
		in   string
		want map[string]string
	}{
		{"", map[string]string{}},
		{"a", map[string]string{"a": ""}},
		{"a&b=&c=a%20string", map[string]string{"a": "", "b": "", "c": "a string"}},
		{"$.mid=raw", map[string]string{"$.mid": "raw"}},
		{"a=1+1", map[string]string{"a": "1+1"}},
		{"a=1;b", map[string]string{"a": "1;b"}},
		{"a=1&a=2", map[string]string{"a": "2"}},
		{"a=%zz%4", map[string]string{"a": "%zz%4"}},
		{"a=%C2%B0%ff%41", map[string]string{"a": "°%ffA"}},
	} {
		got, err := parseBag(test.in)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got)\n%s", test.in, err, diff)
		}
	}
	for _, in := range []string{"a=b=c", "=a", "&a", "a&", "a&&b", "a=1&=2"} {
		if got, err := parseBag(in); err == nil {
			t.Errorf("%q: accepted as %v", in, got)
		}
	}
}

func FuzzBag(f *testing.F) {
	for _, seed := range []string{bagVector, "a&b=&c", "%", "%C2", "a=%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		bag, err := parseBag(s)
		if err != nil || len(bag) == 0 || !utf8.ValidString(s) { // a topic is UTF-8
			return
		}
		again, err := parseBag(encodeBag(sortedPairs(bag)))
		if diff := cmp.Diff(bag, again); err != nil || diff != "" {
			t.Errorf("%q: %v, another bag after encoding (-want +got)\n%s", s, err, diff)
		}
	})
}

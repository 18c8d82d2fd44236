package lns_test

import (
	"testing"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

func eui(t *testing.T, s string) radio.EUI64 {
	t.Helper()
	e, err := radio.ParseEUI64(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Forms of the documentation's glossary, and of pysys/id6.py of station.
func TestID6(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"58-A0-CB-FF-FE-80-00-01":  "58A0CBFFFE800001",
		"58:a0:cb:ff:fe:80:00:01":  "58A0CBFFFE800001",
		"58A0CBFFFE800001":         "58A0CBFFFE800001",
		"58a0:cbff:fe80:1":         "58A0CBFFFE800001",
		"router-58a0:cbff:fe80:1":  "58A0CBFFFE800001",
		"6386328571958263809":      "58A0CBFFFE800001",
		"0x58a0cbfffe800001":       "58A0CBFFFE800001",
		"58:A0:CB:80:00:01":        "58A0CBFFFE800001",
		"::1":                      "0000000000000001",
		"router-::1":               "0000000000000001",
		"::a:b":                    "00000000000A000B",
		"a::b":                     "000A00000000000B",
		"a::":                      "000A000000000000",
		"a:b::":                    "000A000B00000000",
		"1:2::4":                   "0001000200000004",
		"-1":                       "FFFFFFFFFFFFFFFF",
		"18446744073709551615":     "FFFFFFFFFFFFFFFF",
		"1":                        "0000000000000001",
		"b827:ebff:fee1:e39a":      "B827EBFFFEE1E39A",
		"b8-27-eb-ff-fe-e1-e3-9a":  "B827EBFFFEE1E39A",
		"router-b827:ebff:fee1:e3": "B827EBFFFEE100E3",
	} {
		if got, err := lns.ParseID6(s); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v; want %s", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", ":", "1:2:3", "1:2:3:4:5", "12345::", "1::2::3", "1:2:3:4::", "::1:2:3:4", "x", "router-", "58-A0-CB-FF-FE-80-00",
		"18446744073709551616", "58:A0:CB:80:00", "5:A0:CB:80:00:01", "router-x",
	} {
		if got, err := lns.ParseID6(s); err == nil {
			t.Errorf("%q: %s, want an error", s, got)
		}
	}
	for want, e := range map[string]string{
		"58a0:cbff:fe80:1": "58A0CBFFFE800001", "::0": "0000000000000000", "::1": "0000000000000001", "::a:b": "00000000000A000B",
		"a::": "000A000000000000", "a:b::": "000A000B00000000", "a::b": "000A00000000000B", "1:2:0:4": "0001000200000004",
	} {
		if got := lns.FormatID6(eui(t, e)); got != want {
			t.Errorf("%s is written %s, want %s", e, got, want)
		}
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		`{"router":"58a0:cbff:fe80:1"}`:        "58A0CBFFFE800001",
		`{"router":"58-A0-CB-FF-FE-80-00-01"}`: "58A0CBFFFE800001",
		`{"router":6386328571958263809}`:       "58A0CBFFFE800001",
		`{"router":-2}`:                        "FFFFFFFFFFFFFFFE",
	} {
		if got, err := lns.ParseDiscovery([]byte(s)); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{``, `{}`, `[]`, `{"router":null}`, `{"router":""}`, `{"router":"::0"}`, `{"router":{}}`, `{"router":1.5}`} {
		if got, err := lns.ParseDiscovery([]byte(s)); err == nil {
			t.Errorf("%s: %s, want an error", s, got)
		}
	}
	e := eui(t, "58A0CBFFFE800001")
	if got, want := string(lns.Discovery(e, "ws://h:1/p")), `{"router":"58a0:cbff:fe80:1","muxs":"muxs-::0","uri":"ws://h:1/p"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := string(lns.DiscoveryError(e, "no")), `{"router":"58a0:cbff:fe80:1","error":"no"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever is read is written, and read again as the same.
func FuzzParseID6(f *testing.F) {
	for _, s := range []string{"::1", "a:b::", "router-::1", "58:A0:CB:80:00:01", "-1", "0x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := lns.ParseID6(s)
		if err != nil {
			return
		}
		again, err := lns.ParseID6(lns.FormatID6(e))
		if err != nil || again != e {
			t.Errorf("%q is %s, written %s, read as %s, %v", s, e, lns.FormatID6(e), again, err)
		}
	})
}

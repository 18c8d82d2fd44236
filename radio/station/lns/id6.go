package lns

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"gatewayd/radio"
)

// ParseID6 reads the identity of a station in any of the forms that are in
// use: EUI ("58-A0-CB-FF-FE-80-00-01", with ':', or 16 digits), ID6
// ("58a0:cbff:fe80:1", "::1"), a number, or the MAC address that the EUI was
// made from. A category in front ("router-::1") is allowed.
func ParseID6(s string) (radio.EUI64, error) {
	if e, ok := parseID6(s); ok {
		return e, nil
	}
	if _, rest, found := strings.Cut(s, "-"); found {
		if e, ok := parseID6(rest); ok {
			return e, nil
		}
	}
	return radio.EUI64{}, fmt.Errorf("%.40q is not the identity of a station: want an EUI or an ID6", s)
}

func parseID6(s string) (radio.EUI64, bool) {
	if !strings.Contains(s, "::") {
		if e, err := radio.ParseEUI64(s); err == nil {
			return e, true
		}
	}
	for _, read := range []func(string) (uint64, bool){fromNumber, fromMAC, fromGroups} {
		if n, ok := read(s); ok {
			return fromUint(n), true
		}
	}
	return radio.EUI64{}, false
}

func fromUint(n uint64) (e radio.EUI64) {
	binary.BigEndian.PutUint64(e[:], n)
	return e
}

// fromNumber reads a decimal number, which may be negative where a server
// kept the EUI as a signed integer, or a hexadecimal one with 0x.
func fromNumber(s string) (uint64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return uint64(n), true
	}
	base := 10
	if digits, found := strings.CutPrefix(strings.ToLower(s), "0x"); found {
		s, base = digits, 16
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}

// fromMAC reads six pairs of digits; FFFE goes into the middle (IEEE EUI-64).
func fromMAC(s string) (uint64, bool) {
	pairs := strings.Split(s, ":")
	if len(pairs) != 6 {
		return 0, false
	}
	var n uint64
	for i, p := range pairs {
		b, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(p) != 2 {
			return 0, false
		}
		if i == 3 {
			n = n<<16 | 0xfffe
		}
		n = n<<8 | b
	}
	return n, true
}

// fromGroups reads four groups of up to four digits; one "::" stands for
// those that are 0.
func fromGroups(s string) (uint64, bool) {
	const groups = 4
	head, tail, short := strings.Cut(s, "::")
	left, right := split(head), split(tail)
	if n := len(left) + len(right); short && n >= groups || !short && n != groups {
		return 0, false
	}
	var n uint64
	all := append(append(left, make([]string, groups-len(left)-len(right))...), right...)
	for _, g := range all {
		n <<= 16
		if g == "" {
			continue
		}
		v, err := strconv.ParseUint(g, 16, 16)
		if err != nil || len(g) > 4 {
			return 0, false
		}
		n |= v
	}
	return n, true
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ":")
}

// FormatID6 is the normalised form: "58a0:cbff:fe80:1".
func FormatID6(e radio.EUI64) string {
	var g [4]uint16
	for i := range g {
		g[i] = binary.BigEndian.Uint16(e[2*i:])
	}
	switch {
	case g[0] == 0 && g[1] == 0 && g[2] == 0:
		return fmt.Sprintf("::%x", g[3])
	case g[0] == 0 && g[1] == 0:
		return fmt.Sprintf("::%x:%x", g[2], g[3])
	case g[1] == 0 && g[2] == 0 && g[3] == 0:
		return fmt.Sprintf("%x::", g[0])
	case g[2] == 0 && g[3] == 0:
		return fmt.Sprintf("%x:%x::", g[0], g[1])
	case g[1] == 0 && g[2] == 0:
		return fmt.Sprintf("%x::%x", g[0], g[3])
	default:
		return fmt.Sprintf("%x:%x:%x:%x", g[0], g[1], g[2], g[3])
	}
}

// eui is an EUI as JSON has it: a string in any form, or a number.
type eui struct {
	radio.EUI64
	set bool
}

// UnmarshalJSON takes what ParseID6 takes, quoted or not, and null.
func (e *eui) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	var err error
	e.EUI64, err = ParseID6(s)
	e.set = err == nil
	return err
}

package hub

import (
	"fmt"
	"slices"
	"strings"
)

// Tier is the edition and size of an IoT hub, "F1", "B1" to "B3" or "S1" to
// "S3". The empty one is not known: nothing is paced by it and no quota
// counted.
type Tier string

// throttle is what one hub takes, from all its devices together.
type throttle struct {
	connects    float64 // new connections per second
	publishes   float64 // device-to-cloud messages per second
	twinReads   float64 // per second
	twinUpdates float64 // per second
	chunk       int     // bytes that count as one message of the quota
	daily       uint64  // messages per day, in chunks
}

// ParseTier reads a tier, in any case.
func ParseTier(s string) (Tier, error) {
	t := Tier(strings.ToUpper(s))
	if t == "" || !slices.Contains([]Tier{"F1", "B1", "B2", "B3", "S1", "S2", "S3"}, t) {
		return "", fmt.Errorf("%q is not a tier of IoT Hub: want F1, B1, B2, B3, S1, S2 or S3, as the portal shows it", s)
	}
	return t, nil
}

// basic tiers have no C2D messages, twins or methods.
func (t Tier) basic() bool { return strings.HasPrefix(string(t), "B") }

// throttle returns the limits of a hub with that many units. Known is false
// for the empty tier.
//
// Source: Microsoft, "IoT Hub quotas and throttling"; daily messages as in
// the public price list.
func (t Tier) throttle(units int) (limits throttle, known bool) {
	n := float64(max(units, 1))
	switch t {
	case "F1":
		return throttle{100, 100, 100, 50, 512, 8_000}, true
	case "B1", "S1":
		rate := max(100, 12*n)
		return throttle{rate, rate, 100, 50, 4096, 400_000 * uint64(n)}, true
	case "B2", "S2":
		return throttle{120 * n, 120 * n, max(100, 10*n), max(50, 5*n), 4096, 6_000_000 * uint64(n)}, true
	case "B3", "S3":
		return throttle{6_000 * n, 6_000 * n, 500 * n, 250 * n, 4096, 300_000_000 * uint64(n)}, true
	}
	return throttle{}, false
}

package region_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// slow is DR0 to DR5 of most regions.
const slow = "SF12BW125 SF11BW125 SF10BW125 SF9BW125 SF8BW125 SF7BW125"

// TestDataRates lists index by index: "^" means uplinks only, "v" downlinks
// only, "-" reserved or LR-FHSS.
func TestDataRates(t *testing.T) {
	t.Parallel()
	down500 := " vSF12BW500 vSF11BW500 vSF10BW500 vSF9BW500 vSF8BW500 vSF7BW500"
	full := slow + " SF7BW250 50000"
	for name, want := range map[string]string{
		"EU868":   full,
		"US915":   "^SF10BW125 ^SF9BW125 ^SF8BW125 ^SF7BW125 ^SF8BW500 - - -" + down500,
		"AU915":   "^" + strings.ReplaceAll(slow, " ", " ^") + " ^SF8BW500 -" + down500,
		"AS923-1": full,
		"CN470":   slow,
		"CN779":   full,
		"EU433":   full,
		"IN865":   slow + " - 50000",
		"KR920":   slow,
		"RU864":   full,
		"ISM2400": "SF12BW812 SF11BW812 SF10BW812 SF9BW812 SF8BW812 SF7BW812 SF6BW812 SF5BW812",
	} {
		r := newRegion(t, region.Options{Name: name})
		var list []string
		for index := range uint8(17) {
			list = append(list, dataRate(t, r, index))
		}
		got := strings.TrimRight(strings.Join(list, " "), " -")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func dataRate(t *testing.T, r *region.Region, index uint8) string {
	t.Helper()
	d, ok := r.DataRate(index)
	if !ok {
		return "-"
	}
	up, upOK := r.DataRateIndex(d, true)
	down, downOK := r.DataRateIndex(d, false)
	upOK, downOK = upOK && up == index, downOK && down == index
	switch {
	case upOK && downOK:
		return d.String()
	case upOK:
		return "^" + d.String()
	case downOK:
		return "v" + d.String()
	}
	t.Errorf("%s: DR%d, %v, is for neither direction", r.Name(), index, d)
	return "?"
}

// TestMaxPayload lists M by data rate: of all revisions that share the channel
// plan the smallest.
func TestMaxPayload(t *testing.T) {
	t.Parallel()
	const (
		free      = "59 59 59 123 250 250 250 250"
		behind    = "59 59 59 123 230 230 230 230"
		freeDwell = "0 0 19 61 133 250 250 250"
	)
	for _, tt := range []struct {
		name            string
		repeater, dwell bool
		want            string
	}{
		{"EU868", false, false, free},
		{"EU868", true, false, behind},
		{"EU868", false, true, free},
		{"US915", false, false, "19 61 133 250 250 0 0 0 61 137 250 250 250 250"},
		{"US915", true, false, "19 61 133 230 230 0 0 0 41 117 230 230 230 230"},
		{"AU915", false, false, "59 59 59 123 250 250 250 0 61 137 250 250 250 250"},
		{"AU915", true, false, "59 59 59 123 230 230 230 0 41 117 230 230 230 230"},
		{"AU915", false, true, "0 0 19 61 133 250 250 0 61 137 250 250 250 250"},
		{"AU915", true, true, "0 0 19 61 133 230 230 0 41 117 230 230 230 230"},
		{"AS923", false, false, free},
		{"AS923", true, false, behind},
		{"AS923", false, true, freeDwell},
		{"AS923-4", true, true, "0 0 19 61 133 230 230 230"},
		{"CN470", false, false, "59 59 59 123 250 250"},
		{"CN470", true, false, "59 59 59 123 230 230"},
		{"CN779", false, false, free},
		{"CN779", true, false, behind},
		{"EU433", false, false, free},
		{"EU433", true, false, behind},
		{"IN865", false, false, "59 59 59 123 250 250 0 250"},
		{"IN865", true, false, "59 59 59 123 230 230 0 230"},
		{"KR920", false, false, "59 59 59 123 250 250"},
		{"KR920", true, false, "59 59 59 123 230 230"},
		{"RU864", false, false, free},
		{"RU864", true, false, behind},
		{"ISM2400", false, false, "59 123 248 248 248 248 248 248"},
		{"ISM2400", true, false, "59 123 228 228 228 228 228 228"},
	} {
		r := newRegion(t, region.Options{Name: tt.name, Repeater: tt.repeater})
		var list []string
		for dr := range uint8(17) {
			list = append(list, fmt.Sprint(r.MaxPayload(dr, tt.dwell)))
		}
		want := tt.want + strings.Repeat(" 0", 17-len(strings.Fields(tt.want)))
		if diff := cmp.Diff(want, strings.Join(list, " ")); diff != "" {
			t.Errorf("%s, repeater %v, dwell %v (-want +got):\n%s", tt.name, tt.repeater, tt.dwell, diff)
		}
	}
}

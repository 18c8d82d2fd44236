package region_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// rx1Table prints the RX1 data rates of r by uplink data rate (rows) and
// RX1DROffset (columns), "-" where there is none.
func rx1Table(r *region.Region, dwell bool) []string {
	frequency := r.UplinkChannels()[0].Frequency
	var rows []string
	for up := range uint8(16) {
		var row []string
		for offset := range uint8(9) {
			_, dr, ok := r.RX1(frequency, up, offset, dwell)
			if ok {
				row = append(row, fmt.Sprint(dr))
			} else {
				row = append(row, "-")
			}
		}
		rows = append(rows, strings.TrimRight(strings.Join(row, " "), " -"))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// TestRX1DataRate has the tables of the Regional Parameters.
func TestRX1DataRate(t *testing.T) {
	t.Parallel()
	six := []string{
		"0 0 0 0 0 0", "1 0 0 0 0 0", "2 1 0 0 0 0", "3 2 1 0 0 0", "4 3 2 1 0 0", "5 4 3 2 1 0",
	}
	eight := append(append([]string{}, six...), "6 5 4 3 2 1", "7 6 5 4 3 2")
	as923 := []string{
		"0 0 0 0 0 0 1 2", "1 0 0 0 0 0 2 3", "2 1 0 0 0 0 3 4", "3 2 1 0 0 0 4 5",
		"4 3 2 1 0 0 5", "5 4 3 2 1 0", "- 5 4 3 2 1", "- - 5 4 3 2",
	}
	as923Dwell := []string{
		"2 2 2 2 2 2 2 2", "2 2 2 2 2 2 2 3", "2 2 2 2 2 2 3 4", "3 2 2 2 2 2 4 5",
		"4 3 2 2 2 2 5", "5 4 3 2 2 2", "- 5 4 3 2 2", "- - 5 4 3 2",
	}
	in865 := []string{
		"0 0 0 0 0 0 1 2", "1 0 0 0 0 0 2 3", "2 1 0 0 0 0 3 4", "3 2 1 0 0 0 4 5",
		"4 3 2 1 0 0 5 5", "5 4 3 2 1 0 5", "", "- 5 5 4 3 2",
	}
	us915 := []string{"10 9 8 8", "11 10 9 8", "12 11 10 9", "13 12 11 10", "13 13 12 11"}
	au915 := []string{
		"8 8 8 8 8 8", "9 8 8 8 8 8", "10 9 8 8 8 8", "11 10 9 8 8 8", "12 11 10 9 8 8", "13 12 11 10 9 8", "13 13 12 11 10 9",
	}
	for _, tt := range []struct {
		name  string
		dwell bool
		want  []string
	}{
		{"EU868", false, eight},
		{"EU868", true, eight},
		{"US915", false, us915},
		{"AU915", false, au915},
		{"AU915", true, au915},
		{"AS923", false, as923},
		{"AS923", true, as923Dwell},
		{"AS923-2", false, as923},
		{"AS923-3", true, as923Dwell},
		{"AS923-4", false, as923},
		{"CN470", false, six},
		{"CN779", false, eight},
		{"EU433", false, eight},
		{"IN865", false, in865},
		{"KR920", false, six},
		{"RU864", false, eight},
		{"ISM2400", false, eight},
	} {
		got := rx1Table(newRegion(t, region.Options{Name: tt.name}), tt.dwell)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, dwell %v (-want +got):\n%s", tt.name, tt.dwell, diff)
		}
	}
}

func TestRX1Frequency(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		up, want uint32
	}{
		{"EU868", 868_300_000, 868_300_000},
		{"EU868", 867_900_000, 867_900_000}, // a channel that only the node knows
		{"IN865", 865_062_500, 865_062_500},
		{"US915", 902_300_000, 923_300_000},
		{"US915", 905_300_000, 927_500_000}, // 15: 7
		{"US915", 914_200_000, 927_500_000}, // 71: 7
		{"AU915", 916_800_000, 923_300_000}, // 8: 0
		{"AU915", 915_900_000, 923_300_000}, // 64: 0
		{"CN470", 470_300_000, 500_300_000},
		{"CN470", 479_900_000, 500_300_000}, // 48: 0
		{"CN470", 489_300_000, 509_700_000}, // 95: 47
	} {
		r := newRegion(t, region.Options{Name: tt.name})
		got, _, ok := r.RX1(tt.up, highestAt(r, tt.up), 0, false)
		if !ok || got != tt.want {
			t.Errorf("%s: %d Hz is answered on %d Hz, %v; want %d", tt.name, tt.up, got, ok, tt.want)
		}
	}
}

// highestAt is the highest data rate of the channel at frequency, or DR5.
func highestAt(r *region.Region, frequency uint32) uint8 {
	for _, c := range r.UplinkChannels() {
		if c.Frequency == frequency {
			return c.MaxDR
		}
	}
	return 5
}

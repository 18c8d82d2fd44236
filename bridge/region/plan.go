package region

import "github.com/brocaar/lorawan/band"

// plan is what is said here about a region beyond, or against, package band.
type plan struct {
	name string // canonical
	band band.Name

	// groups is how many times 8 channels a fixed channel plan has that a
	// SubBand may pick; 0: nodes are told their channels by frequency.
	groups int
	// wide: each group of 8 has a 500 kHz channel, numbered from 64.
	wide bool

	dwell     bool       // has UplinkDwellTime and DownlinkDwellTime
	dataRates int        // how many data rate indexes there are; those beyond belong to another plan
	maxPower  int        // highest TXPower index that all revisions know
	maxOffset int        // highest RX1DROffset
	rx1       []rx1Fix   // where package band errs, or revisions differ
	payloads  []revision // whose payload sizes count

	subBands []SubBand
}

// rx1Fix is one corrected cell of an RX1 data rate table.
type rx1Fix struct {
	uplink, offset uint8
	downlink       int8 // unusable: revisions differ
}

const unusable = -1

// revision names a table of payload sizes in package band.
type revision struct{ version, parameters string }

// everyRevision is the channel plans that did not change their data rates
// since LoRaWAN 1.0.2 revision B. Earlier tables only allow more.
func everyRevision() []revision {
	return append(untilRP002100(),
		revision{band.LoRaWAN_1_0_4, band.RegParamRevRP002_1_0_1},
		revision{band.LoRaWAN_1_0_4, band.RegParamRevRP002_1_0_2},
		revision{band.LoRaWAN_1_0_4, band.RegParamRevRP002_1_0_3},
	)
}

// untilRP002100 ends before CN470 got the channel plans that are not served
// here.
func untilRP002100() []revision {
	return []revision{
		{band.LoRaWAN_1_0_2, band.RegParamRevB},
		{band.LoRaWAN_1_0_3, band.RegParamRevA},
		{band.LoRaWAN_1_1_0, band.RegParamRevB},
		{band.LoRaWAN_1_0_4, band.RegParamRevRP002_1_0_0},
	}
}

// alias is the other name of AS923-1.
const alias = "AS923"

// Names are the regions that New knows, AS923 and AS923-1 being the same.
func Names() []string {
	names := make([]string, 0, len(plans())+1)
	for _, p := range plans() {
		if p.band == band.AS923 {
			names = append(names, alias)
		}
		names = append(names, p.name)
	}
	return names
}

func planOf(name string) (plan, bool) {
	for _, p := range plans() {
		if p.name == name || name == alias && p.band == band.AS923 {
			return p, true
		}
	}
	return plan{}, false
}

// plans are the regions. Sources: RP002-1.0.3 section 2, LoRaWAN 1.0.3
// Regional Parameters revision A, and for ISM2400 Semtech's Physical Layer
// Proposal 2.4GHz.
func plans() []plan {
	every := everyRevision()
	return []plan{
		{name: "EU868", band: band.EU868, dataRates: 8, maxPower: 7, maxOffset: 5, payloads: every, subBands: eu868()},
		{
			name: "US915", band: band.US915, groups: 8, wide: true, dataRates: 14, maxPower: 10, maxOffset: 3,
			payloads: every, subBands: us915(),
		},
		{
			name: "AU915", band: band.AU915, groups: 8, wide: true, dwell: true, dataRates: 14, maxPower: 10, maxOffset: 5,
			payloads: every, subBands: au915(),
		},
		as923("AS923-1", band.AS923, 915_000_000, 928_000_000),
		as923("AS923-2", band.AS923_2, 920_000_000, 923_000_000),
		as923("AS923-3", band.AS923_3, 915_000_000, 921_000_000),
		as923("AS923-4", band.AS923_4, 917_000_000, 920_000_000),
		{
			// Package band has DR6 and DR7 of RP002-1.0.1 beside the channels of the
			// older plan.
			name: "CN470", band: band.CN470, groups: 12, dataRates: 6, maxPower: 7, maxOffset: 5,
			payloads: untilRP002100(), subBands: cn470(),
		},
		{name: "CN779", band: band.CN779, dataRates: 8, maxPower: 5, maxOffset: 5, payloads: every, subBands: cn779()},
		{name: "EU433", band: band.EU433, dataRates: 8, maxPower: 5, maxOffset: 5, payloads: every, subBands: eu433()},
		{
			name: "IN865", band: band.IN865, dataRates: 8, maxPower: 10, maxOffset: 7,
			rx1: in865RX1(), payloads: every, subBands: in865(),
		},
		// Package band has the RX1 table of IN865 here; KR920 ends at offset 5.
		{name: "KR920", band: band.KR920, dataRates: 6, maxPower: 7, maxOffset: 5, payloads: every, subBands: kr920()},
		{name: "RU864", band: band.RU864, dataRates: 8, maxPower: 7, maxOffset: 5, payloads: every, subBands: ru864()},
		{
			// Package band: DR5 with offset 2 answers at DR2, a slip.
			name: "ISM2400", band: band.ISM2400, dataRates: 8, maxPower: 7, maxOffset: 5,
			rx1: []rx1Fix{{5, 2, 3}}, payloads: every, subBands: ism2400(),
		},
	}
}

func as923(name string, b band.Name, from, to uint32) plan {
	return plan{
		name: name, band: b, dwell: true, dataRates: 8, maxPower: 7, maxOffset: 7,
		rx1: as923RX1(), payloads: everyRevision(), subBands: as923SubBands(from, to),
	}
}

// as923RX1: until RP002-1.0.0 the answer was never above DR5, since
// RP002-1.0.1 it is up to DR7.
func as923RX1() []rx1Fix {
	return []rx1Fix{
		{4, 7, unusable},
		{5, 6, unusable},
		{5, 7, unusable},
		{6, 0, unusable},
		{6, 6, unusable},
		{6, 7, unusable},
		{7, 0, unusable},
		{7, 1, unusable},
		{7, 6, unusable},
		{7, 7, unusable},
	}
}

// in865RX1: as AS923, but DR6 does not exist: DR7 with offset 1 is answered at
// DR5 in all revisions, where package band has DR6.
func in865RX1() []rx1Fix {
	return []rx1Fix{
		{5, 7, unusable},
		{7, 0, unusable},
		{7, 1, 5},
		{7, 2, 5},
		{7, 6, unusable},
		{7, 7, unusable},
	}
}

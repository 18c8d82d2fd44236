package region

import (
	"fmt"
	"time"
)

// dwellLimit is the longest emission where a dwell time limit is in force.
const dwellLimit = 400 * time.Millisecond

// SubBand is a range of frequencies in which a gateway may send, and under
// which limits.
type SubBand struct {
	From, To      uint32        // Hz; To is not part of it
	DutyCycle     float64       // share of an hour one transmitter may send; 1: no limit
	MaxEIRP       int8          // dBm
	DownlinkDwell time.Duration // longest emission; 0: no limit
}

// Contains reports whether frequency (Hz) lies in s.
func (s SubBand) Contains(frequency uint32) bool { return frequency >= s.From && frequency < s.To }

// String is the range, in MHz.
func (s SubBand) String() string {
	return fmt.Sprintf("%.3f-%.3f MHz", float64(s.From)/1e6, float64(s.To)/1e6)
}

// Limits in ERP become EIRP by adding 2.15 dB, rounded down.

// eu868 is ETSI EN 300 220-2 V3.2.1, annex B, bands K to Q: between them lie
// alarm bands, which are closed to LoRaWAN.
func eu868() []SubBand {
	return []SubBand{
		{From: 863_000_000, To: 865_000_000, DutyCycle: 0.001, MaxEIRP: 16},
		{From: 865_000_000, To: 868_000_000, DutyCycle: 0.01, MaxEIRP: 16},
		{From: 868_000_000, To: 868_600_000, DutyCycle: 0.01, MaxEIRP: 16},
		{From: 868_700_000, To: 869_200_000, DutyCycle: 0.001, MaxEIRP: 16},
		{From: 869_400_000, To: 869_650_000, DutyCycle: 0.1, MaxEIRP: 29},
		{From: 869_700_000, To: 870_000_000, DutyCycle: 0.01, MaxEIRP: 16},
	}
}

// us915 is 47 CFR 15.247: 30 dBm conducted with an antenna of up to 6 dBi. As
// EIRP 30 dBm is within it whatever the antenna is.
func us915() []SubBand {
	return []SubBand{{From: 902_000_000, To: 928_000_000, DutyCycle: 1, MaxEIRP: 30}}
}

// au915 is Australia's Low Interference Potential Devices class licence 2015.
func au915() []SubBand {
	return []SubBand{{From: 915_000_000, To: 928_000_000, DutyCycle: 1, MaxEIRP: 30}}
}

// as923SubBands is RP002-1.0.3 section 2.10: the ranges of the four groups,
// 16 dBm, below 1 % on the default channels. Countries allow more.
func as923SubBands(from, to uint32) []SubBand {
	return []SubBand{{From: from, To: to, DutyCycle: 0.01, MaxEIRP: 16}}
}

// cn470 is MIIT notice 423 of 2005: 50 mW ERP.
func cn470() []SubBand {
	return []SubBand{{From: 470_000_000, To: 510_000_000, DutyCycle: 1, MaxEIRP: 19}}
}

// cn779 is RP002-1.0.3 section 2.6: 10 mW ERP, below 1 %.
func cn779() []SubBand {
	return []SubBand{{From: 779_000_000, To: 787_000_000, DutyCycle: 0.01, MaxEIRP: 12}}
}

// eu433 is ETSI EN 300 220-2: 10 mW ERP, 10 %.
func eu433() []SubBand {
	return []SubBand{{From: 433_050_000, To: 434_790_000, DutyCycle: 0.1, MaxEIRP: 12}}
}

// in865 is India's G.S.R. 564(E) of 2005: 1 W conducted, 4 W ERP. As EIRP
// 30 dBm is within it whatever the antenna is.
func in865() []SubBand {
	return []SubBand{{From: 865_000_000, To: 867_000_000, DutyCycle: 1, MaxEIRP: 30}}
}

// kr920 is RP002-1.0.3 section 2.12: 23 dBm for gateways; channels from 920.9
// to 923.3 MHz, 200 kHz wide.
func kr920() []SubBand {
	return []SubBand{{From: 920_800_000, To: 923_400_000, DutyCycle: 1, MaxEIRP: 23}}
}

// ru864 is annex 12 of GKRCh decision 18-46-03-1 of 11 September 2018.
func ru864() []SubBand {
	return []SubBand{
		{From: 864_000_000, To: 865_000_000, DutyCycle: 0.001, MaxEIRP: 16},
		{From: 866_000_000, To: 868_000_000, DutyCycle: 0.01, MaxEIRP: 16},
		{From: 868_700_000, To: 869_200_000, DutyCycle: 0.1, MaxEIRP: 22},
	}
}

// ism2400 is ETSI EN 300 328: up to 10 dBm a device need not listen first, and
// its medium utilisation is not limited.
func ism2400() []SubBand {
	return []SubBand{{From: 2_400_000_000, To: 2_483_500_000, DutyCycle: 1, MaxEIRP: 10}}
}

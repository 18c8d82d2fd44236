package picocell

import "fmt"

// rssiOffset is the PicoCell's, in dB (global_conf of picoGW_packet_forwarder).
const rssiOffset = -164

// EU868 is Semtech's configuration for Europe: the three mandatory channels
// 868.1, 868.3 and 868.5 MHz, five more from 867.1 MHz up, 868.3 MHz SF7BW250
// and 868.8 MHz FSK 50 kbit/s. It sends on 863..870 MHz.
func EU868() Board {
	b := picoCell(867_500_000, 868_500_000, 863_000_000, 870_000_000)
	b.Chains = multiSF([8]Chain{
		{Radio: 1, IF: -400_000},
		{Radio: 1, IF: -200_000},
		{Radio: 1, IF: 0},
		{Radio: 0, IF: -400_000},
		{Radio: 0, IF: -200_000},
		{Radio: 0, IF: 0},
		{Radio: 0, IF: 200_000},
		{Radio: 0, IF: 400_000},
	})
	b.Std = Chain{Enable: true, Radio: 1, IF: -200_000, Bandwidth: 250_000, SpreadingFactors: SF(7)}
	b.FSK = Chain{Enable: true, Radio: 1, IF: 300_000, Bandwidth: 125_000, BitRate: 50_000}
	b.TxGains = append(lowGains(7),
		gain(6, 11, 3), gain(5, 13, 2), gain(8, 14, 3), gain(6, 15, 2), gain(6, 16, 1),
		gain(9, 17, 3), gain(10, 18, 3), gain(11, 19, 3), gain(12, 20, 3))
	return b
}

// US915 is Semtech's configuration for North America in one of its eight
// sub-bands, numbered as usual: 1 is 902.3..903.7 MHz, 2 (The Things Network)
// is 903.9..905.3 MHz, and so on, each with its 500 kHz channel at SF8. It
// sends on 902..928 MHz.
func US915(subBand int) (Board, error) {
	if subBand < 1 || subBand > 8 {
		return Board{}, fmt.Errorf("sub-band %d of US915 does not exist: want 1 to 8", subBand)
	}
	shift := uint32(subBand-1) * 1_600_000
	b := picoCell(902_700_000+shift, 903_400_000+shift, 902_000_000, 928_000_000)
	b.Chains = multiSF([8]Chain{
		{Radio: 0, IF: -400_000},
		{Radio: 0, IF: -200_000},
		{Radio: 0, IF: 0},
		{Radio: 0, IF: 200_000},
		{Radio: 1, IF: -300_000},
		{Radio: 1, IF: -100_000},
		{Radio: 1, IF: 100_000},
		{Radio: 1, IF: 300_000},
	})
	b.Std = Chain{Enable: true, Radio: 0, IF: 300_000, Bandwidth: 500_000, SpreadingFactors: SF(8)}
	b.TxGains = append(lowGains(6),
		gain(6, 11, 3), gain(5, 13, 2), gain(8, 14, 3), gain(10, 15, 2), gain(6, 16, 1),
		gain(9, 17, 3), gain(10, 18, 3), gain(11, 19, 3), gain(12, 20, 3), gain(13, 21, 2))
	return b, nil
}

// picoCell is what all presets share: two SX1257, clock from radio 1, sending
// on radio 0 only.
func picoCell(radio0, radio1, txMin, txMax uint32) Board {
	return Board{
		LoRaWANPublic: true,
		ClockSource:   1,
		Radios: [2]Radio{
			{
				Enable: true, Frequency: radio0, Type: SX1257, RSSIOffset: rssiOffset,
				TxEnable: true, TxMin: txMin, TxMax: txMax,
			},
			{Enable: true, Frequency: radio1, Type: SX1257, RSSIOffset: rssiOffset},
		},
	}
}

// multiSF switches the chains on for 125 kHz and every spreading factor.
func multiSF(c [8]Chain) [8]Chain {
	for i := range c {
		c[i].Enable, c[i].Bandwidth, c[i].SpreadingFactors = true, 125_000, AllSF
	}
	return c
}

// gain is a gain table entry as the vendor's tables vary it.
func gain(mix uint8, power int8, digital uint8) TxGain {
	return TxGain{Power: power, Mix: mix, Digital: digital, DAC: 3}
}

// lowGains is n times the entry for 9 dBm: the vendor's tables fill the steps
// below it with copies.
func lowGains(n int) []TxGain {
	g := make([]TxGain, n, 16)
	for i := range g {
		g[i] = gain(5, 9, 3)
	}
	return g
}

package duty_test

import (
	"testing"
	"time"

	"gatewayd/bridge/duty"
	"gatewayd/radio"
)

func TestAirtime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		dr   radio.DataRate
		size int
		want time.Duration
	}{
		// Semtech's LoRa calculator (SX1276 data sheet, section 4.1.1.7): explicit
		// header, CR 4/5, preamble 8, no CRC.
		{"SF7, 20 bytes", radio.LoRaDataRate(7, 125_000), 20, 51_456 * time.Microsecond},
		{"SF12 with low data rate optimisation", radio.LoRaDataRate(12, 125_000), 12, 991_232 * time.Microsecond},
		{"SF12 at 500 kHz without", radio.LoRaDataRate(12, 500_000), 17, 288_768 * time.Microsecond},
		{"FSK, 10 bytes", radio.FSKDataRate(50_000), 10, 3360 * time.Microsecond},
		{"FSK, rounded up", radio.FSKDataRate(300_000), 1, 320 * time.Microsecond},
		// By hand: 8 + 8 + 4.25 symbols and ceil(8*96/40) = 20, each 2^12/812.5 kHz;
		// 16 bits ride in the header.
		{"2.4 GHz, SF12", radio.LoRaDataRate(12, 812_000), 14, 202_910 * time.Microsecond},
		// 12 + 8 + 6.25 symbols and ceil(8*160/20) = 64, each 2^5/812.5 kHz.
		{"2.4 GHz, SF5", radio.LoRaDataRate(5, 812_000), 20, 3555 * time.Microsecond},
		{"2.4 GHz, nothing beyond the header", radio.LoRaDataRate(9, 812_000), 1, 12_761 * time.Microsecond},
		{"2.4 GHz, no such spreading factor", radio.LoRaDataRate(4, 812_000), 20, 0},
		{"FSK without a rate", radio.FSKDataRate(0), 20, 0},
		{"nothing", radio.DataRate{}, 20, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := duty.Airtime(tt.dr, tt.size); got != tt.want {
				t.Errorf("%v on air, want %v", got, tt.want)
			}
		})
	}
}

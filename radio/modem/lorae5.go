package modem

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// loraE5 is Seeed's LoRa-E5 (Wio-E5) in its TEST mode, at the 9600 baud it
// comes with. Source: LoRa-E5 AT Command Specification.
func loraE5() *module {
	onOff := map[bool]string{true: "ON", false: "OFF"}
	// config is RFCFG, and what the module makes of it; NET:ON is the public
	// sync word.
	config := func(c channel, power int8, crc, inverted bool) step {
		return step{
			send: fmt.Sprintf("AT+TEST=RFCFG,%s,SF%d,%d,%d,%d,%d,%s,%s,ON",
				strconv.FormatFloat(float64(c.frequency)/1e6, 'f', -1, 64), c.rate.SpreadingFactor, c.khz(),
				preamble, preamble, power, onOff[crc], onOff[inverted]),
			done: regexp.MustCompile(fmt.Sprintf(`^\+TEST: RFCFG F:\d+, SF%d, BW%dK, TXPR:%d, RXPR:%d, POW:%ddBm, CRC:%s, IQ:%s, NET:ON$`,
				c.rate.SpreadingFactor, c.khz(), preamble, preamble, power, onOff[crc], onOff[inverted])),
		}
	}
	arm := step{send: "AT+TEST=RXLRPKT", done: regexp.MustCompile(`^\+TEST: RXLRPKT\b`)}
	sent := regexp.MustCompile(`^\+TEST: TX DONE$`)
	const listenPower = 14
	return &module{
		kind: LoRaE5, title: "LoRa-E5", baud: 9600, minSF: 7,
		spans:  []span{{410_000_000, 525_000_000}, {860_000_000, 930_000_000}},
		okay:   regexp.MustCompile(`^\+AT: OK$`),
		no:     regexp.MustCompile(`^\+\w+: ERROR\(-?\d+\)`),
		banner: regexp.MustCompile(`^\+RESET: OK$`),
		levels: regexp.MustCompile(`^\+TEST: LEN:(?P<len>\d+), RSSI:(?P<rssi>-?\d+), SNR:(?P<snr>-?\d+)$`),
		frame:  regexp.MustCompile(`^\+TEST: RX "(?P<hex>[0-9A-Fa-f]+)"$`),
		setUp: func(c channel) []step {
			eui := regexp.MustCompile(`^\+ID: DevEui, (?P<eui>[0-9A-Fa-f:]{23})$`)
			return []step{
				{send: "AT"},
				{send: "AT+ID=DevEui", done: eui, look: eui, optional: true},
				{send: "AT+MODE=TEST", done: regexp.MustCompile(`^\+MODE: TEST$`)},
				config(c, listenPower, true, false),
			}
		},
		arm: arm, rearm: arm,
		// Harmless while it receives, and refused once TEST mode is lost.
		alive: []step{arm},
		tx: &transmitter{
			prepare: func(to channel, power int8, _ channel) []step { return []step{config(to, power, false, true)} },
			restore: func(listen channel) []step { return []step{config(listen, listenPower, true, false)} },
			send:    func(payload []byte) string { return fmt.Sprintf(`AT+TEST=TXLRPKT, "%X"`, payload) },
			over:    sent, done: sent,
			power: func(uint32) (low, high int8) { return 0, 22 },
			// At 9600 baud one RFCFG and its answer are on the wire for 160 ms.
			settle: 350 * time.Millisecond, latency: 10 * time.Millisecond, jitter: 15 * time.Millisecond,
		},
	}
}

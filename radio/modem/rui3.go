package modem

import (
	"fmt"
	"regexp"
)

// rui3 is RAK's RUI3 firmware, as on RAK3172, RAK3272 and RAK4631, in its
// LoRa P2P mode. Settings go to the module's flash, so they are written only
// where they differ. Source: RUI3 AT Command Manual.
func rui3() *module {
	ok := regexp.MustCompile(`^OK$`)
	want := func(name, is, value string) step {
		return step{
			send: "AT+" + name + "=?", look: regexp.MustCompile(`^AT\+` + name + `=` + is + `$`),
			otherwise: []step{{send: "AT+" + name + "=" + value}},
		}
	}
	// Refused as busy while it receives, which is the proof that it does.
	rearm := step{send: "AT+PRECV=65533", done: regexp.MustCompile(`^(?:OK|AT_BUSY_ERROR)$`)}
	return &module{
		kind: RUI3, title: "RUI3 module", baud: 115200, minSF: 5,
		spans: []span{{150_000_000, 960_000_000}},
		okay:  ok, no: regexp.MustCompile(`^AT_[A-Z_]+$`),
		banner: regexp.MustCompile(`^(?:RAKwireless |Current Work Mode)`),
		frame:  regexp.MustCompile(`^\+EVT:RXP2P:(?P<rssi>-?\d+):(?P<snr>-?\d+):(?P<hex>[0-9A-Fa-f]+)$`),
		bad:    regexp.MustCompile(`^\+EVT:RXP2P[ :_]RECEIVE[ _]ERROR$`),
		ended:  regexp.MustCompile(`^\+EVT:RXP2P[ :_]RECEIVE[ _]TIMEOUT$`),
		setUp: func(c channel) []step {
			code, sf := c.bandwidthCode(), c.rate.SpreadingFactor
			mode := want("NWM", "0", "0")
			// The module restarts. A RAK4631 leaves the USB as it does so.
			mode.otherwise[0].done = regexp.MustCompile(`^Current Work Mode`)
			mode.otherwise[0].timeout, mode.otherwise[0].quiet, mode.otherwise[0].optional = bootTimeout, bootQuiet, true
			return []step{
				{send: "AT"},
				{send: "AT+DEVEUI=?", look: regexp.MustCompile(`^AT\+DEVEUI=(?P<eui>[0-9A-Fa-f]{16})$`), optional: true},
				mode,
				{send: "AT+PRECV=0"},
				want("P2P", fmt.Sprintf(`%d:%d:(?:%d|%d):0:%d:\d+`, c.frequency, sf, code, c.khz(), preamble),
					fmt.Sprintf("%d:%d:%d:0:%d:14", c.frequency, sf, code, preamble)),
				want("SYNCWORD", "3444", "3444"),
				want("IQINVER", "0", "0"),
				want("ENCRY", "0", "0"),
			}
		},
		arm: step{send: "AT+PRECV=65533"}, rearm: rearm,
		alive: []step{rearm},
		rxOnly: "a RUI3 module sends with a CRC always, and keeps IQ inversion, which it shares between sending and " +
			"receiving, in flash: it only receives",
	}
}

package modem

import (
	"fmt"
	"regexp"
)

// rak811 is the RAK811 with firmware 3.x in its LoRa P2P mode. The module has
// no command for the sync word; its P2P mode is known to hear LoRaWAN, that
// is to use the public one. Source: RAK811 AT Command Manual.
func rak811() *module {
	ok := regexp.MustCompile(`^OK`)
	version3 := regexp.MustCompile(`^OK ?V(?P<version>3\.\d+\.\d+)`)
	arm := step{send: "at+set_config=lorap2p:transfer_mode:1"}
	return &module{
		kind: RAK811, title: "RAK811 with firmware 3", baud: 115200, minSF: 7,
		spans: []span{{410_000_000, 525_000_000}, {860_000_000, 930_000_000}},
		okay:  ok, no: regexp.MustCompile(`^ERROR: ?-?\d+`),
		banner: regexp.MustCompile(`^(?:Welcome to RAK|Initialization OK|LoRa work mode)`),
		// With the leading port that the LoRaWAN mode has, and without.
		frame: regexp.MustCompile(`^at\+recv=(?:\d+,)?(?P<rssi>-?\d+),(?P<snr>-?\d+),(?P<len>\d+):(?P<hex>[0-9A-Fa-f]+)$`),
		setUp: func(c channel) []step {
			return []step{
				{send: "at+version", look: version3},
				// The module restarts.
				{
					send: "at+set_config=lora:work_mode:1", done: regexp.MustCompile(`^Initialization OK`),
					timeout: bootTimeout, quiet: bootQuiet, optional: true,
				},
				{send: fmt.Sprintf("at+set_config=lorap2p:%d:%d:%d:1:%d:14",
					c.frequency, c.rate.SpreadingFactor, c.bandwidthCode(), preamble)},
			}
		},
		arm: arm, rearm: arm,
		alive: []step{{send: "at+version", look: version3}, arm},
		rxOnly: "a RAK811 can neither invert IQ nor leave the CRC out, so no node would hear it: it only " +
			"receives",
	}
}

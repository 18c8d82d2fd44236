package modem

import (
	"fmt"
	"regexp"
	"time"
)

// rn2483 is Microchip's RN2483 (433 and 868 MHz) and RN2903 (915 MHz).
// Source: DS40001784 and DS40001811.
func rn2483() *module {
	ok := regexp.MustCompile(`^ok$`)
	banner := regexp.MustCompile(`^RN2(?:483|903)\w* (?P<version>\d+\.\d+\.\d+)\b`)
	set := func(format string, args ...any) step {
		return step{send: "radio set " + fmt.Sprintf(format, args...)}
	}
	tune := func(c channel) []step {
		return []step{
			set("freq %d", c.frequency),
			set("sf sf%d", c.rate.SpreadingFactor),
			set("bw %d", c.khz()),
		}
	}
	rearm := step{send: "radio rx 0", done: regexp.MustCompile(`^(?:ok|busy)$`)}
	return &module{
		kind: RN2483, title: "RN2483", baud: 57600, minSF: 7,
		spans: []span{{433_050_000, 434_790_000}, {863_000_000, 870_000_000}, {902_000_000, 928_000_000}},
		okay:  ok, no: regexp.MustCompile(`^(?:invalid_param|busy|err)$`), banner: banner,
		frame: regexp.MustCompile(`^radio_rx\s+(?P<hex>[0-9A-Fa-f]+)$`),
		// A bad CRC and the watchdog's end of receive look the same.
		bad: regexp.MustCompile(`^radio_err$`),
		setUp: func(c channel) []step {
			pause := step{send: "mac pause", done: regexp.MustCompile(`^\d+$`)}
			// Firmware before 1.0.5 cannot stop receiving, but restart.
			restart := step{send: "sys reset", done: banner, timeout: bootTimeout, quiet: bootQuiet, optional: true}
			steps := []step{
				{send: "sys get ver", done: banner, look: banner},
				{send: "sys get hweui", done: regexp.MustCompile(`^[0-9A-F]{16}$`), look: regexp.MustCompile(`^(?P<eui>[0-9A-F]{16})$`), optional: true},
				pause,
				{send: "radio rxstop", look: ok, otherwise: []step{restart, pause}},
				set("mod lora"),
			}
			steps = append(steps, tune(c)...)
			return append(steps, set("cr 4/5"), set("crc on"), set("iqi off"), set("sync 34"),
				set("prlen %d", preamble), set("wdt 0"), set("pwr 14"))
		},
		// "busy" is the proof that it receives, "ok" that now it does. At first
		// only "ok" will do: a MAC that is not paused makes it "busy" too.
		arm: step{send: "radio rx 0"}, rearm: rearm, oneShot: true,
		ask: []step{
			{send: "radio get snr", done: regexp.MustCompile(`^(?P<snr>-?\d+)$`), optional: true},
			{send: "radio get rssi", done: regexp.MustCompile(`^(?P<rssi>-?\d+)$`), optional: true},
		},
		alive: []step{
			// Not 0 after a restart that went unnoticed.
			{
				send: "radio get wdt", done: regexp.MustCompile(`^(?:\d+|invalid_param)$`),
				look: regexp.MustCompile(`^(?:0|invalid_param)$`),
			},
			rearm,
		},
		tx: &transmitter{
			prepare: func(to channel, power int8, listen channel) []step {
				steps := []step{{send: "radio rxstop"}, set("iqi on"), set("crc off"), set("pwr %d", power)}
				if to != listen {
					steps = append(steps, tune(to)...)
				}
				return steps
			},
			restore: func(listen channel) []step {
				return append([]step{set("iqi off"), set("crc on")}, tune(listen)...)
			},
			send: func(payload []byte) string { return fmt.Sprintf("radio tx %X", payload) },
			over: regexp.MustCompile(`^radio_(?:tx_ok|err)$`),
			done: regexp.MustCompile(`^radio_tx_ok$`),
			power: func(frequency uint32) (low, high int8) {
				if frequency >= 902_000_000 { // RN2903
					return 2, 20
				}
				return -3, 15
			},
			settle: 200 * time.Millisecond, latency: 5 * time.Millisecond, jitter: 5 * time.Millisecond,
			since: &version{1, 0, 5},
		},
	}
}

package module

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gatewayd/radio/radiotest"
)

// rn2483 is Microchip's firmware. Its receiver stops after each packet.
type rn2483 struct {
	radio   *settings
	version string
	stops   bool // knows radio rxstop and radio get rssi
	paused  bool
	wdt     string
	cr      string
	sync    string
	last    radiotest.Packet
}

func (f *rn2483) boot() []string {
	*f.radio = settings{frequency: 868_100_000, sf: 12, bandwidth: 125_000, crc: true, public: true, power: 1, preamble: 8}
	f.paused, f.wdt, f.cr, f.sync = false, "15000", "4/5", "34"
	return []string{"RN2483 " + f.version}
}

func (f *rn2483) command(text string) reply {
	w := strings.Fields(text)
	switch {
	case text == "sys get ver":
		return say("RN2483 " + f.version)
	case text == "sys get hweui":
		return say("0004A30B001A2B3C")
	case text == "sys reset":
		return reply{reboot: true}
	case text == "mac pause":
		f.paused = true
		return say("4294967245")
	case len(w) >= 3 && w[0] == "radio" && w[1] == "get":
		return f.get(w[2])
	case len(w) >= 2 && w[0] == "radio":
		return f.act(w[1:])
	default:
		return say("invalid_param")
	}
}

// act is a radio command that changes something.
func (f *rn2483) act(w []string) reply {
	if w[0] == "rxstop" && f.stops {
		f.radio.receiving = false
		return say("ok")
	}
	switch {
	case !f.paused, f.radio.receiving:
		return say("busy")
	case w[0] == "set" && len(w) == 3 && f.set(w[1], w[2]):
		return say("ok")
	case w[0] == "rx" && len(w) == 2 && w[1] == "0":
		f.radio.receiving = f.wdt == "0" && f.cr == "4/5"
		return say("ok")
	case w[0] == "tx" && len(w) == 2:
		payload, err := hex.DecodeString(w[1])
		if err == nil && len(payload) > 0 && len(payload) <= 255 {
			return reply{lines: []string{"ok"}, sent: f.radio.emission(payload), done: "radio_tx_ok"}
		}
	}
	return say("invalid_param")
}

func (f *rn2483) set(name, value string) bool {
	r := f.radio
	n, err := strconv.Atoi(value)
	number := err == nil
	switch name {
	case "mod":
		return value == "lora"
	case "freq":
		r.frequency = uint32(n)
		return number && (n >= 863_000_000 && n <= 870_000_000 || n >= 433_050_000 && n <= 434_790_000)
	case "sf":
		n, err = strconv.Atoi(strings.TrimPrefix(value, "sf"))
		r.sf = uint8(n)
		return err == nil && n >= 7 && n <= 12
	case "bw":
		r.bandwidth = uint32(n) * 1000
		return n == 125 || n == 250 || n == 500
	case "cr":
		f.cr = value
		return strings.HasPrefix(value, "4/")
	case "crc":
		r.crc = value == "on"
		return value == "on" || value == "off"
	case "iqi":
		r.inverted = value == "on"
		return value == "on" || value == "off"
	case "sync":
		f.sync, r.public = value, value == "34"
		return len(value) == 2
	case "prlen":
		r.preamble = uint16(n)
		return number && n >= 0 && n <= math.MaxUint16
	case "wdt":
		f.wdt = value
		return number
	case "pwr":
		r.power = int8(n)
		return number && n >= -3 && n <= 15
	}
	return false
}

func (f *rn2483) get(name string) reply {
	switch {
	case name == "snr":
		return say(fmt.Sprint(int(f.last.SNR)))
	case name == "rssi" && f.stops:
		return say(fmt.Sprint(int(f.last.RSSI)))
	case name == "wdt":
		return say(f.wdt)
	default:
		return say("invalid_param")
	}
}

func (f *rn2483) heard(p radiotest.Packet) []string {
	f.radio.receiving = false
	f.last = p
	if p.CRC == radiotest.CRCBad {
		return []string{"radio_err"}
	}
	return []string{fmt.Sprintf("radio_rx  %X", p.Payload)}
}

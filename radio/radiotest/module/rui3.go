package module

import (
	"fmt"
	"strconv"
	"strings"

	"gatewayd/radio/radiotest"
)

// rui3 is RAK's firmware. Its settings are in flash and survive a restart.
type rui3 struct {
	radio *settings
	flash map[string]string
	p2p   bool // the mode it has started in
}

func newRUI3(s *settings) *rui3 {
	return &rui3{radio: s, flash: map[string]string{
		"NWM": "1", "P2P": "868000000:7:0:0:8:14", "SYNCWORD": "1424", "IQINVER": "0", "ENCRY": "0", "DEVEUI": "AC1F09FFFE012345",
	}}
}

func (f *rui3) boot() []string {
	f.p2p = f.flash["NWM"] == "0"
	f.radio.receiving = false
	mode := "LoRaWAN"
	if f.p2p {
		mode = "LoRa P2P"
	}
	return []string{
		"RAKwireless RAK3172-E", "------------------------------------------------------",
		"Version: RUI_4.0.6_RAK3172-E", "Current Work Mode: " + mode + ".",
	}
}

func (f *rui3) command(text string) reply {
	if text == "AT" {
		return say("OK")
	}
	name, value, ok := strings.Cut(strings.TrimPrefix(text, "AT+"), "=")
	switch {
	case !ok:
		return say("AT_ERROR")
	case name == "PRECV":
		return f.receive(value)
	case f.flash[name] == "":
		return say("AT_COMMAND_NOT_FOUND")
	case value == "?":
		return say("AT+"+name+"="+f.flash[name], "OK")
	case f.radio.receiving:
		return say("P2P_RX_ON already, please disable P2P RX before setting.", "AT_BUSY_ERROR")
	case name == "NWM":
		f.flash[name] = value
		return reply{lines: []string{"OK"}, reboot: true}
	case name == "P2P" && f.parse(value) != nil:
		return say("AT_PARAM_ERROR")
	}
	f.flash[name] = value
	return say("OK")
}

func (f *rui3) receive(value string) reply {
	switch {
	case !f.p2p:
		return say("AT_MODE_NO_SUPPORT")
	case value == "0":
		f.radio.receiving = false
		return say("OK")
	case value != "65533" && value != "65534" && value != "65535":
		return say("AT_PARAM_ERROR")
	case f.radio.receiving:
		return say("P2P_RX_ON already", "AT_BUSY_ERROR")
	case f.parse(f.flash["P2P"]) != nil:
		return say("AT_ERROR")
	}
	f.radio.receiving = true
	f.radio.public, f.radio.inverted, f.radio.crc = f.flash["SYNCWORD"] == "3444", f.flash["IQINVER"] == "1", true
	return say("OK")
}

// parse takes the value of P2P to the radio.
func (f *rui3) parse(value string) error {
	var n [6]int
	for i, s := range strings.Split(value, ":") {
		v, err := strconv.Atoi(s)
		if err != nil || i >= len(n) {
			return fmt.Errorf("P2P: %q", value)
		}
		n[i] = v
	}
	width, ok := map[int]uint32{0: 125_000, 1: 250_000, 2: 500_000, 125: 125_000, 250: 250_000, 500: 500_000}[n[2]]
	if !ok || n[0] < 150_000_000 || n[0] > 960_000_000 || n[1] < 5 || n[1] > 12 || n[3] != 0 || n[4] < 5 || n[5] < 5 || n[5] > 22 {
		return fmt.Errorf("P2P: %q", value)
	}
	r := f.radio
	r.frequency, r.sf, r.bandwidth, r.preamble, r.power = uint32(n[0]), uint8(n[1]), width, uint16(n[4]), int8(n[5])
	return nil
}

func (*rui3) heard(p radiotest.Packet) []string {
	if p.CRC == radiotest.CRCBad {
		return []string{"+EVT:RXP2P RECEIVE ERROR"}
	}
	return []string{fmt.Sprintf("+EVT:RXP2P:%d:%d:%X", int(p.RSSI), int(p.SNR), p.Payload)}
}

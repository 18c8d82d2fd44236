package module

import (
	"fmt"
	"strings"

	"gatewayd/radio/radiotest"
)

// rak811 is RAK's firmware 3.0 of the RAK811, with its settings in flash. The
// sync word is the public one and cannot be changed, no more than IQ and CRC.
type rak811 struct {
	radio *settings
	p2p   bool // in flash
}

func (f *rak811) boot() []string {
	f.radio.receiving, f.radio.crc, f.radio.public = false, true, true
	mode := "LoRaWAN, join_mode:OTAA, MulticastEnable: false, Class: A"
	if f.p2p {
		mode = "P2P"
	}
	return []string{"UART1 work mode: RUI_UART_NORMAL", "LoRa work mode:" + mode, "Initialization OK"}
}

func (f *rak811) command(text string) reply {
	if text == "at+version" {
		return say("OK V3.0.0.14.H")
	}
	value, ok := strings.CutPrefix(text, "at+set_config=lora")
	switch {
	case !ok:
		return say("ERROR: 1")
	case value == ":work_mode:1":
		f.p2p = true
		return reply{reboot: true}
	case !f.p2p:
		return say("ERROR: 2")
	case value == "p2p:transfer_mode:1":
		f.radio.receiving = f.radio.frequency != 0
		return say("OK")
	}
	var frequency, sf, width, cr, preamble, power int
	n, _ := fmt.Sscanf(value, "p2p:%d:%d:%d:%d:%d:%d", &frequency, &sf, &width, &cr, &preamble, &power)
	if n != 6 || frequency < 410_000_000 || frequency > 930_000_000 || sf < 7 || sf > 12 || width > 2 || width < 0 || cr != 1 || power < 5 || power > 20 {
		return say("ERROR: 2")
	}
	r := f.radio
	r.frequency, r.sf, r.bandwidth, r.preamble, r.power = uint32(frequency), uint8(sf), 125_000<<width, uint16(preamble), int8(power)
	return say("OK")
}

func (*rak811) heard(p radiotest.Packet) []string {
	if p.CRC == radiotest.CRCBad {
		return nil
	}
	return []string{fmt.Sprintf("at+recv=%d,%d,%d:%X", int(p.RSSI), int(p.SNR), len(p.Payload), p.Payload)}
}

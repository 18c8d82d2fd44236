package module

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gatewayd/radio/radiotest"
)

// loraE5 is Seeed's firmware. It says nothing when it starts.
type loraE5 struct {
	radio *settings
	test  bool // TEST mode
}

func (f *loraE5) boot() []string {
	*f.radio = settings{}
	f.test = false
	return nil
}

func (f *loraE5) command(text string) reply {
	test, isTest := strings.CutPrefix(text, "AT+TEST=")
	config, isConfig := strings.CutPrefix(test, "RFCFG,")
	payload, isSend := strings.CutPrefix(test, `TXLRPKT, "`)
	switch {
	case text == "AT":
		return say("+AT: OK")
	case text == "AT+ID=DevEui":
		return say("+ID: DevEui, 2C:F7:F1:20:00:00:00:01")
	case text == "AT+MODE=TEST":
		f.test = true
		return say("+MODE: TEST")
	case !isTest:
		return say("+AT: ERROR(-1)")
	case !f.test:
		return say("+TEST: ERROR(-12)")
	case isConfig:
		return f.configure(strings.Split(config, ","))
	case test == "RXLRPKT":
		f.radio.receiving = f.radio.frequency != 0
		return say("+TEST: RXLRPKT")
	case isSend:
		return f.send(strings.TrimSuffix(payload, `"`))
	default:
		return say("+TEST: ERROR(-1)")
	}
}

func (f *loraE5) configure(w []string) reply {
	if len(w) != 9 {
		return say("+TEST: ERROR(-2)")
	}
	mhz, err := strconv.ParseFloat(w[0], 64)
	var n [5]int
	for i, s := range w[1:6] {
		v, atoi := strconv.Atoi(strings.TrimPrefix(s, "SF"))
		if atoi != nil {
			err = atoi
		}
		n[i] = v
	}
	if err != nil || mhz < 410 || mhz > 930 || n[0] < 7 || n[0] > 12 || n[4] < 0 || n[4] > 22 {
		return say("+TEST: ERROR(-1)")
	}
	*f.radio = settings{
		frequency: uint32(math.Round(mhz * 1e6)), sf: uint8(n[0]), bandwidth: uint32(n[1]) * 1000, preamble: uint16(n[2]),
		power: int8(n[4]), crc: w[6] == "ON", inverted: w[7] == "ON", public: w[8] == "ON",
	}
	return say(fmt.Sprintf("+TEST: RFCFG F:%d, SF%d, BW%dK, TXPR:%d, RXPR:%d, POW:%ddBm, CRC:%s, IQ:%s, NET:%s",
		f.radio.frequency, n[0], n[1], n[2], n[3], n[4], w[6], w[7], w[8]))
}

func (f *loraE5) send(text string) reply {
	payload, err := hex.DecodeString(text)
	if err != nil || len(payload) == 0 || len(payload) > 255 {
		return say("+TEST: ERROR(-1)")
	}
	f.radio.receiving = false
	return reply{lines: []string{`+TEST: TXLRPKT "` + text + `"`}, sent: f.radio.emission(payload), done: "+TEST: TX DONE"}
}

func (*loraE5) heard(p radiotest.Packet) []string {
	if p.CRC == radiotest.CRCBad {
		return nil
	}
	return []string{
		fmt.Sprintf("+TEST: LEN:%d, RSSI:%d, SNR:%d", len(p.Payload), int(p.RSSI), int(p.SNR)),
		fmt.Sprintf("+TEST: RX \"%X\"", p.Payload),
	}
}

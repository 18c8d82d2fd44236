package station

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// Hear lets a packet reach the antenna, complete, now, and forwards it. The
// error says why not: radiotest.ErrDeaf while it sends, ErrNotReceiving
// without a router_config, or ErrNoChannel. A packet with a bad CRC, and one
// that is no LoRaWAN frame, the station keeps to itself, as the real one does.
func (s *Station) Hear(p radiotest.Packet) error {
	c := s.current()
	if c == nil {
		return radiotest.ErrNotReceiving
	}
	if s.air.deaf(airtime(p.DataRate, len(p.Payload), true)) {
		return radiotest.ErrDeaf
	}
	index, ok := c.index(p.DataRate)
	if !ok || !c.hears(p.Frequency, p.DataRate) {
		return radiotest.ErrNoChannel
	}
	fields, ok := takeApart(p.Payload)
	if !ok || p.CRC != radiotest.CRCGood {
		return nil
	}
	xtime := s.air.xtime()
	if p.Count != 0 {
		xtime += int64(int32(p.Count - uint32(xtime)))
	}
	fields["RefTime"], fields["DR"], fields["Freq"] = 0.0, index, p.Frequency
	fields["upinfo"] = map[string]any{
		"rctx": s.o.RCtx, "xtime": xtime, "gpstime": 0, "fts": -1, "rssi": int(p.RSSI), "snr": p.SNR,
		"rxtime": float64(time.Now().UnixMicro()) / 1e6,
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return s.Say(string(b))
}

// Say sends any message.
func (s *Station) Say(message string) error {
	s.mu.Lock()
	l := s.line
	s.mu.Unlock()
	if l == nil {
		return radiotest.ErrNotReceiving
	}
	return l.write(message)
}

// TimeSync asks for the time; the answer comes through Synced.
func (s *Station) TimeSync() error {
	return s.Say(fmt.Sprintf(`{"msgtype":"timesync","txtime":%d}`, time.Now().UnixMicro()))
}

// takeApart is s2e_parse_lora_frame.
func takeApart(phy []byte) (map[string]any, bool) {
	n := len(phy)
	switch {
	case n == 0 || phy[0]&0x1f != 0, n < 12 && phy[0]&0xe0 != 0xe0:
		return nil, false
	}
	switch phy[0] & 0xe0 {
	case 0xe0:
		return map[string]any{"msgtype": "propdf", "FRMPayload": hex.EncodeToString(phy)}, true
	case 0x00, 0xc0:
		if n != 23 {
			return nil, false
		}
		kind := "jreq"
		if phy[0] != 0 {
			kind = "rejoin"
		}
		return map[string]any{
			"msgtype": kind, "MHdr": phy[0], "JoinEui": euiText(phy[1:9]), "DevEui": euiText(phy[9:17]),
			"DevNonce": binary.LittleEndian.Uint16(phy[17:]), "MIC": signed(phy[19:]),
		}, true
	case 0x40, 0x80:
		return takeDataApart(phy)
	default:
		return nil, false
	}
}

func takeDataApart(phy []byte) (map[string]any, bool) {
	mic := len(phy) - 4
	port := 8 + int(phy[5]&0x0f)
	if port > mic {
		return nil, false
	}
	m := map[string]any{
		"msgtype": "updf", "MHdr": phy[0], "DevAddr": signed(phy[1:]), "FCtrl": phy[5],
		"FCnt": binary.LittleEndian.Uint16(phy[6:]), "FOpts": hex.EncodeToString(phy[8:port]),
		"FPort": -1, "FRMPayload": "", "MIC": signed(phy[mic:]),
	}
	if port < mic {
		m["FPort"], m["FRMPayload"] = int(phy[port]), hex.EncodeToString(phy[port+1:mic])
	}
	return m, true
}

// euiText is 8 bytes off the air as stations write EUIs.
func euiText(b []byte) string {
	pairs := make([]string, 8)
	for i := range pairs {
		pairs[i] = fmt.Sprintf("%02X", b[7-i])
	}
	return strings.Join(pairs, "-")
}

func signed(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) }

// airtime of a frame with the preambles of LoRaWAN.
func airtime(d radio.DataRate, size int, crc bool) time.Duration {
	if d.Modulation == radio.FSK {
		return time.Duration(8*(11+size)) * time.Second / time.Duration(max(d.BitRate, 1))
	}
	return d.LoRaAirtime(size, 8, crc)
}

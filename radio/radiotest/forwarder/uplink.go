package forwarder

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// Hear lets a packet reach the antenna, complete, now, and forwards it. The
// error says why not: radiotest.ErrDeaf while it sends, or
// radiotest.ErrNotReceiving while it is unplugged.
func (f *Forwarder) Hear(p radiotest.Packet) error {
	if f.queue.Deaf(airtime(p)) {
		return radiotest.ErrDeaf
	}
	if p.Count == 0 {
		p.Count = f.Count()
	}
	return f.Push(`{"rxpk":[` + rxpk(p) + `]}`)
}

// Push sends a PUSH_DATA with any body.
func (f *Forwarder) Push(body string) error {
	f.mu.Lock()
	l := f.lines
	f.mu.Unlock()
	if l == nil {
		return radiotest.ErrNotReceiving
	}
	return f.request(l.up, pushData, body)
}

// Report sends the status that forwarders send every 30 s.
func (f *Forwarder) Report() error {
	return f.Push(fmt.Sprintf(`{"stat":{"time":%q,"lati":46.24000,"long":3.25230,"alti":145,"rxnb":2,"rxok":2,"rxfw":2,"ackr":100.0,"dwnb":2,"txnb":2,"temp":23.5}}`,
		time.Now().UTC().Format("2006-01-02 15:04:05 GMT")))
}

// rxpk writes a packet as lora_pkt_fwd does.
func rxpk(p radiotest.Packet) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"tmst":%d,"chan":2,"rfch":0,"freq":%.6f,"stat":%d`, p.Count, float64(p.Frequency)/1e6, stat(p.CRC))
	switch p.DataRate.Modulation {
	case radio.FSK:
		fmt.Fprintf(&b, `,"modu":"FSK","datr":%d`, p.DataRate.BitRate)
	case radio.LRFHSS:
		fmt.Fprintf(&b, `,"modu":"LR-FHSS","datr":"M0CW%d","codr":%q,"hpw":8`, p.DataRate.Bandwidth/1000, p.CodingRate)
	default:
		codr := p.CodingRate
		if codr == "" {
			codr = "4/5"
		}
		fmt.Fprintf(&b, `,"modu":"LORA","datr":"SF%dBW%d","codr":%q,"lsnr":%.1f`,
			p.DataRate.SpreadingFactor, p.DataRate.Bandwidth/1000, codr, p.SNR)
	}
	fmt.Fprintf(&b, `,"rssi":%.0f,"size":%d,"data":%q}`, p.RSSI, len(p.Payload), base64.StdEncoding.EncodeToString(p.Payload))
	return b.String()
}

// stat is what forwarders say of the CRC.
func stat(s radiotest.CRCStatus) int {
	switch s {
	case radiotest.CRCBad:
		return -1
	case radiotest.CRCNone:
		return 0
	default:
		return 1
	}
}

// airtime is about how long the packet was on air.
func airtime(p radiotest.Packet) time.Duration {
	if p.DataRate.Modulation == radio.FSK && p.DataRate.BitRate > 0 {
		return time.Duration(8*(11+len(p.Payload))) * time.Second / time.Duration(p.DataRate.BitRate)
	}
	return p.DataRate.LoRaAirtime(len(p.Payload), 8, p.CRC != radiotest.CRCNone)
}

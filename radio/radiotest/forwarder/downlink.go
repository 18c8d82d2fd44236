package forwarder

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// txpk is a downlink as lora_pkt_fwd reads it.
type txpk struct {
	Imme *bool           `json:"imme"`
	Tmst *uint32         `json:"tmst"`
	Freq *float64        `json:"freq"`
	Rfch *uint8          `json:"rfch"`
	Powe *int8           `json:"powe"`
	Modu *string         `json:"modu"`
	Datr json.RawMessage `json:"datr"`
	Codr string          `json:"codr"`
	Fdev uint32          `json:"fdev"`
	Ipol bool            `json:"ipol"`
	Prea *uint16         `json:"prea"`
	Size *int            `json:"size"`
	Data *string         `json:"data"`
	Ncrc bool            `json:"ncrc"`
}

// downlink deals with a PULL_RESP.
func (f *Forwarder) downlink(body []byte, token uint16, conn net.Conn) {
	f.mu.Lock()
	f.stats.PullResps++
	f.mu.Unlock()
	var b struct {
		P txpk `json:"txpk"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		f.violate("PULL_RESP: %v", err)
		return
	}
	em, err := b.P.emission()
	if err != nil {
		f.violate("PULL_RESP: %v", err)
		return
	}
	verdict := f.judge(em, b.P.Imme != nil && *b.P.Imme)
	if f.o.Version == 1 || f.o.Silent {
		return
	}
	_, _ = conn.Write(f.datagram(txAck, token, verdict)) // lost: the server must cope
}

// judge queues em and returns the body of the TX_ACK.
func (f *Forwarder) judge(em radiotest.Emission, soon bool) string {
	f.mu.Lock()
	var ordered string
	if len(f.refusals) > 0 {
		ordered, f.refusals = f.refusals[0], f.refusals[1:]
	}
	f.mu.Unlock()
	if ordered != "" && ordered[:len(`{"txpk_ack":{"error"`)] == `{"txpk_ack":{"error"` {
		return ordered
	}
	if r := f.o.Range; r != [2]uint32{} && (em.Frequency < r[0] || em.Frequency > r[1]) {
		return `{"txpk_ack":{"error":"TX_FREQ"}}`
	}
	reason := f.queue.Add(em, soon)
	switch {
	case reason != "":
		return `{"txpk_ack":{"error":"` + reason + `"}}`
	case ordered != "":
		return ordered
	default:
		return `{"txpk_ack":{"error":"NONE"}}`
	}
}

// emission is what the concentrator makes of p, or why the forwarder drops it.
func (p *txpk) emission() (radiotest.Emission, error) {
	var em radiotest.Emission
	switch {
	case p.Freq == nil || p.Powe == nil || p.Rfch == nil || p.Modu == nil || p.Size == nil || p.Data == nil:
		return em, fmt.Errorf("one of freq, rfch, powe, modu, size and data is missing")
	case (p.Imme == nil || !*p.Imme) && p.Tmst == nil:
		return em, fmt.Errorf("neither imme nor tmst")
	}
	data, err := base64.StdEncoding.DecodeString(*p.Data)
	if err != nil {
		return em, fmt.Errorf("data: %w", err)
	}
	if len(data) != *p.Size || len(data) == 0 || len(data) > 255 {
		return em, fmt.Errorf("data of %d bytes, size %d", len(data), *p.Size)
	}
	em = radiotest.Emission{
		Frequency: uint32(math.Round(*p.Freq * 1e6)), Power: *p.Powe, RequestedPower: *p.Powe, RFChain: *p.Rfch,
		InvertIQ: p.Ipol, CRC: !p.Ncrc, Preamble: 8, Payload: data,
	}
	if p.Tmst != nil {
		em.Count = *p.Tmst
	}
	if p.Prea != nil {
		em.Preamble = *p.Prea
	}
	err = p.modulate(&em)
	return em, err
}

// modulate sets the modulation of em.
func (p *txpk) modulate(em *radiotest.Emission) error {
	if *p.Modu == "FSK" {
		var rate uint32
		if err := json.Unmarshal(p.Datr, &rate); err != nil || rate == 0 || p.Fdev == 0 {
			return fmt.Errorf("FSK with datr %s and fdev %d", p.Datr, p.Fdev)
		}
		em.DataRate = radio.FSKDataRate(rate)
		em.Airtime = time.Duration(8*(int(em.Preamble)+3+1+len(em.Payload)+2)) * time.Second / time.Duration(rate)
		return nil
	}
	var name string
	if err := json.Unmarshal(p.Datr, &name); err != nil || *p.Modu != "LORA" || p.Codr == "" {
		return fmt.Errorf("modu %q with datr %s and codr %q", *p.Modu, p.Datr, p.Codr)
	}
	var sf uint8
	var khz uint32
	if _, err := fmt.Sscanf(name, "SF%dBW%d", &sf, &khz); err != nil {
		return fmt.Errorf("datr %q: %w", name, err)
	}
	em.DataRate, em.CodingRate = radio.LoRaDataRate(sf, khz*1000), p.Codr
	em.Airtime = em.DataRate.LoRaAirtime(len(em.Payload), int(em.Preamble), em.CRC)
	return nil
}

package bridge

import (
	"time"

	"gatewayd/radio"
)

// Heard is one frame and what was decided about it, for whoever watches.
type Heard struct {
	At           time.Time   `json:"at"`
	Direction    string      `json:"direction"` // up, down
	Verdict      string      `json:"verdict"`   // accepted, joined, sent, not_sent, or the Reason why it was dropped
	Detail       string      `json:"detail,omitempty"`
	Node         string      `json:"node,omitempty"`
	Device       string      `json:"device,omitempty"`
	DevAddr      string      `json:"devAddr,omitempty"`
	FCnt         *uint32     `json:"fCnt,omitempty"`
	FPort        *uint8      `json:"fPort,omitempty"`
	Size         int         `json:"size"` // bytes of PHYPayload
	PHYPayload   []byte      `json:"phyPayload,omitempty"`
	Frequency    uint32      `json:"frequency,omitempty"` // Hz
	DataRate     string      `json:"dataRate,omitempty"`
	RSSI         float32     `json:"rssi,omitempty"` // dBm, of the best receiver
	SNR          float32     `json:"snr,omitempty"`  // dB
	Concentrator string      `json:"concentrator,omitempty"`
	Gateway      radio.EUI64 `json:"gatewayEui"`
	Receivers    int         `json:"receivers,omitempty"`
	Delay        float64     `json:"delaySeconds,omitempty"` // of a downlink's window behind its uplink; 0: sent at once
}

// heardOf is what the radio knows of a frame.
func heardOf(up radio.Uplink, verdict, detail string) Heard {
	return Heard{
		At: up.Received, Direction: "up", Verdict: verdict, Detail: detail, Size: len(up.Payload), PHYPayload: up.Payload,
		Frequency: up.Frequency, DataRate: up.DataRate.String(), RSSI: up.RSSI, SNR: up.SNR,
		Concentrator: up.Concentrator, Gateway: up.Gateway, Receivers: 1,
	}
}

// of names the node that a frame is from.
func (h Heard) of(n *nodeState) Heard {
	if n == nil {
		return h
	}
	h.Node, h.Device = n.node.Name, n.node.DeviceID
	if st := n.view(); st.hasActive {
		h.DevAddr = upper(st.active.devAddr)
	}
	return h
}

// watchAccepted tells of an accepted uplink.
func (b *Bridge) watchAccepted(n *nodeState, f *dataFrame, fCnt uint32) {
	if b.watch == nil {
		return
	}
	h := heardOf(f.Uplink, verdictAccepted, "").of(n)
	h.FCnt, h.FPort, h.Receivers = &fCnt, f.mac.FPort, 1+len(f.others)
	b.watch(h)
}

// watchJoined tells of an answered join.
func (b *Bridge) watchJoined(n *nodeState, up reception) {
	if b.watch != nil {
		b.watch(heardOf(up.Uplink, verdictJoined, "").of(n))
	}
}

// watchDown tells what became of a downlink, with the last way that was tried.
func (b *Bridge) watchDown(f flight, concentrator string, err error) {
	if b.watch == nil {
		return
	}
	d := f.tried.downlink
	h := Heard{
		At: b.clock.Now(), Direction: "down", Verdict: verdictSent, Size: len(f.payload), PHYPayload: f.payload, Device: f.device,
		Concentrator: concentrator, Frequency: d.Frequency, Gateway: d.Gateway, Delay: f.tried.window.delay.Seconds(),
	}
	if d.Frequency != 0 {
		h.DataRate = d.DataRate.String()
	}
	if err != nil {
		h.Verdict, h.Detail = verdictNotSent, err.Error()
	}
	b.watch(h.of(b.table.byID[f.device]))
}

package bridge

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
)

// kitDrift is how far counters must have moved to be reported again: updates of
// a twin count as messages of the hub's quota. Source: the kit's
// MaxFcntUnsavedDelta.
const kitDrift = 10

// kitReport is what the starter kit reports at the root of the twin. null takes
// a property away.
type kitReport struct {
	DevAddr    string  `json:"DevAddr,omitempty"`
	DevEUI     string  `json:"DevEUI,omitempty"`
	NetID      string  `json:"NetId,omitempty"`
	DevNonce   *uint16 `json:"DevNonce,omitempty"`
	NwkSKey    string  `json:"NwkSKey,omitempty"` // compat_report_keys only
	AppSKey    string  `json:"AppSKey,omitempty"`
	FCntUp     uint32  `json:"FCntUp"`
	FCntDown   uint32  `json:"FCntDown"`
	DataRate   *uint8  `json:"DataRate,omitempty"` // index, asked for by ADR
	TxPower    *uint8  `json:"TxPower,omitempty"`
	NbRep      *uint8  `json:"NbRep,omitempty"`
	Region     string  `json:"Region,omitempty"`
	GatewayID  string  `json:"PreferredGatewayID,omitempty"`
	StationEUI string  `json:"LastProcessingStationEui,omitempty"`
}

// kitReportOf is what is to be reported of n after an uplink.
func (b *Bridge) kitReportOf(n *nodeState, f *dataFrame) kitReport {
	st := n.view()
	s := &st.active
	link := s.mac.Link
	r := kitReport{
		DevAddr: upper(s.devAddr), NetID: netIDText(b.netID), FCntUp: s.fCntUp, FCntDown: s.nFCntDown,
		DataRate: &link.DR, TxPower: &link.TXPower, NbRep: &link.NbTrans, Region: b.region.Name(),
		GatewayID: n.node.GatewayID, StationEUI: f.Gateway.String(),
	}
	if eui := n.node.DevEUI; !eui.IsZero() {
		r.DevEUI = eui.String()
	}
	if n.node.OTAA && st.devNonce >= 0 {
		nonce := uint16(st.devNonce)
		r.DevNonce = &nonce
	}
	if n.node.ReportKeys {
		r.NwkSKey, r.AppSKey = keyText(s.keys.FNwkSInt), keyText(s.keys.App)
	}
	return r
}

func upper(a lorawan.DevAddr) string { return lorawanHex(a[:]) }

func netIDText(id lorawan.NetID) string { return lorawanHex(id[:]) }

// worth reports whether r differs from what has been reported so much that the
// hub should hear of it.
func (r kitReport) worth(last kitReport) bool {
	if drift(r.FCntUp, last.FCntUp) || drift(r.FCntDown, last.FCntDown) {
		return true
	}
	// The station that hears best changes all the time.
	r.FCntUp, r.FCntDown, r.StationEUI = last.FCntUp, last.FCntDown, last.StationEUI
	a, errA := json.Marshal(r)
	b, errB := json.Marshal(last)
	return errA != nil || errB != nil || !bytes.Equal(a, b)
}

func drift(now, before uint32) bool { return now < before || now-before >= kitDrift }

// kit reports r at the root of the twin, if that is worth it.
func (r *reports) kit(now kitReport) {
	r.mu.Lock()
	if r.kitSaid != nil && !now.worth(*r.kitSaid) {
		r.mu.Unlock()
		return
	}
	r.kitSaid, r.kitWaiting = &now, true
	r.revision++
	r.mu.Unlock()
	r.ready.Tell()
}

// lorawanHex is how LoRaWAN's own numbers are written in twins.
func lorawanHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// keyText is a key in clear, for the twin of whoever has asked for that.
func keyText(k secret.AES128) string {
	if k.IsZero() {
		return ""
	}
	raw := k.Reveal()
	return lorawanHex(raw[:])
}

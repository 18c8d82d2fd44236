package bridge

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// record is one message as it waits in the outbox: an accepted uplink,
// decrypted, with its radio metadata, or an event; not yet rendered. The tags
// are those of version 2, which was JSON.
type record struct {
	Kind    kind            `json:"k"`
	ID      string          `json:"id"` // the message id
	DevEUI  *radio.EUI64    `json:"eui,omitempty"`
	DevAddr lorawan.DevAddr `json:"addr"`

	At        int64  `json:"at"` // wall clock at reception, ns since 1970
	Trusted   bool   `json:"ok"` // that clock could be trusted
	BootID    string `json:"boot,omitempty"`
	SinceBoot int64  `json:"up,omitempty"` // ns; with BootID, fills in At later

	// Of an uplink.
	FCnt      uint32    `json:"fcnt,omitempty"`
	FPort     *uint8    `json:"port,omitempty"`
	Payload   []byte    `json:"pl,omitempty"`
	Confirmed bool      `json:"conf,omitempty"`
	Encrypted bool      `json:"enc,omitempty"` // Payload is as it was on the air
	ADR       bool      `json:"adr,omitempty"`
	DataRate  string    `json:"dr,omitempty"`
	Frequency uint32    `json:"freq,omitempty"`
	Coding    string    `json:"cr,omitempty"`
	Receivers []receipt `json:"rx,omitempty"`  // the best first
	DR        *uint8    `json:"dri,omitempty"` // index of DataRate; nil: not one of the region's

	rare
}

// rare is what few records have. It is JSON within the record, too.
type rare struct {
	DownlinkID    string `json:"dl,omitempty"`
	CorrelationID string `json:"cid,omitempty"`
	State         string `json:"state,omitempty"`
	Reason        string `json:"why,omitempty"`
	Attempt       int    `json:"try,omitempty"`
	Command       string `json:"cmd,omitempty"` // MAC command
	Battery       *uint8 `json:"bat,omitempty"`
	Margin        *int8  `json:"marg,omitempty"`

	Acknowledges string            `json:"acks,omitempty"` // id of the confirmed downlink that an uplink acknowledges
	MACAnswers   map[string]string `json:"mac,omitempty"`  // of an uplink, by the command's name

	Count int             `json:"n,omitempty"`     // of dropped messages
	Stats json.RawMessage `json:"stats,omitempty"` // of the gateway itself
}

// receipt is one gateway's reception of an uplink.
type receipt struct {
	Concentrator string      `json:"conc"`
	Gateway      radio.EUI64 `json:"gw"`
	RSSI         float32     `json:"rssi"`
	SNR          float32     `json:"snr"`
	Channel      uint8       `json:"ch"`
}

func newRecord(k kind, id string, eui radio.EUI64) record {
	r := record{Kind: k, ID: id}
	if !eui.IsZero() {
		r.DevEUI = &eui
	}
	return r
}

// uplink fills in an accepted data uplink.
func (r *record) uplink(f *dataFrame, s *session, payload []byte) {
	r.DevAddr, r.FCnt, r.FPort = s.devAddr, s.fCntUp, f.mac.FPort
	r.Payload, r.Confirmed, r.ADR = payload, f.confirmed, f.mac.FHDR.FCtrl.ADR
	r.Encrypted = s.keys.App.IsZero() && f.mac.FPort != nil
	if f.rateKnown {
		r.DR = &f.dataRate
	}
	r.receivedBy(f.reception)
}

// receivedBy fills in who heard it, and how.
func (r *record) receivedBy(up reception) {
	r.Frequency, r.DataRate, r.Coding = up.Frequency, up.DataRate.String(), up.CodingRate
	for _, u := range up.receivers() {
		r.Receivers = append(r.Receivers, receipt{u.Concentrator, u.Gateway, u.RSSI, u.SNR, u.Channel})
	}
}

// stamp sets the receive time. While the clock cannot be trusted it also
// keeps how long after boot it was, from which the time is filled in later.
func (r *record) stamp(clock Clock, received time.Time) {
	// The wall part of received may be from before the clock was set. How long
	// ago it was, by the monotonic clock, is right.
	now := clock.Now()
	received = now.Add(-now.Sub(received))
	r.At = received.UnixNano()
	if r.Trusted, _ = clock.Trusted(); r.Trusted {
		return
	}
	boot, up := clock.BootTime()
	r.BootID = boot
	r.SinceBoot = int64(up - now.Sub(received))
}

// Where a receive time comes from: the body's receivedAtSource.
const (
	sourceClock      = "clock"           // the gateway's clock, trusted at reception
	sourceBackfilled = "backfilled"      // filled in later, when the clock had become trustworthy
	sourceUntrusted  = "untrusted-clock" // the gateway's clock, which could not be trusted
)

// receivedAt is the best known receive time, and its source.
func (r record) receivedAt(clock Clock) (time.Time, string) {
	at := time.Unix(0, r.At).UTC()
	if r.Trusted {
		return at, sourceClock
	}
	if filled, ok := clock.WallTime(r.BootID, time.Duration(r.SinceBoot)); ok {
		return filled.UTC(), sourceBackfilled
	}
	return at, sourceUntrusted
}

// messageID is the same for every copy of an uplink's message and differs
// from every other message of the device: node, session, counter.
func messageID(n Node, s *session, fCnt uint32) string {
	node := "DevAddr-" + s.devAddr.String()
	if !n.DevEUI.IsZero() {
		node = n.DevEUI.String()
	}
	return fmt.Sprintf("%s-%08x-%d", node, s.id, fCnt)
}

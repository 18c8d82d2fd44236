package bridge

import (
	"fmt"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// record is one accepted uplink as it waits in the outbox: decrypted, with
// its radio metadata, not yet rendered.
type record struct {
	Version   int             `json:"v"`
	DevEUI    *radio.EUI64    `json:"eui,omitempty"`
	DevAddr   lorawan.DevAddr `json:"addr"`
	Session   uint32          `json:"sess"`
	FCnt      uint32          `json:"fcnt"`
	FPort     *uint8          `json:"port,omitempty"`
	Payload   []byte          `json:"pl,omitempty"`
	Confirmed bool            `json:"conf,omitempty"`

	At        int64  `json:"at"` // wall clock at reception, ns since 1970
	Trusted   bool   `json:"ok"` // that clock could be trusted
	BootID    string `json:"boot,omitempty"`
	SinceBoot int64  `json:"up,omitempty"` // ns; with BootID, fills in At later

	Concentrator string      `json:"conc"`
	Gateway      radio.EUI64 `json:"gw"`
	Frequency    uint32      `json:"freq"`
	DataRate     string      `json:"dr"`
	CodingRate   string      `json:"cr,omitempty"`
	RSSI         float32     `json:"rssi"`
	SNR          float32     `json:"snr"`
	Channel      uint8       `json:"ch"`
}

const recordVersion = 1

func newRecord(up radio.Uplink, s *session, eui radio.EUI64) record {
	r := record{
		Version: recordVersion, DevAddr: s.devAddr, Session: s.id, FCnt: s.fCntUp,
		Concentrator: up.Concentrator, Gateway: up.Gateway, Frequency: up.Frequency,
		DataRate: up.DataRate.String(), CodingRate: up.CodingRate, RSSI: up.RSSI, SNR: up.SNR, Channel: up.Channel,
	}
	if !eui.IsZero() {
		r.DevEUI = &eui
	}
	return r
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

// messageID is the same for every copy of the message and differs from every
// other message of the device: node, session, counter.
func (r record) messageID() string {
	node := "DevAddr-" + r.DevAddr.String()
	if r.DevEUI != nil {
		node = r.DevEUI.String()
	}
	return fmt.Sprintf("%s-%08x-%d", node, r.Session, r.FCnt)
}

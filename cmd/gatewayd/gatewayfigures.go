package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/concentratord"
	"gatewayd/radio/forwarded"
	"gatewayd/radio/modem"
	"gatewayd/radio/picocell"
	"gatewayd/radio/semtechudp"
	"gatewayd/radio/station"
)

// gatewayFigures are the figures of one gateway, whatever drives it. A
// concentrator is one gateway, or a listener for several.
type gatewayFigures struct {
	Concentrator string                    `json:"concentrator"`
	Type         string                    `json:"type"`
	State        string                    `json:"state"`
	LastError    string                    `json:"lastError,omitempty"`
	Gateway      string                    `json:"gatewayEui,omitempty"`
	Received     uint64                    `json:"received"` // frames with a good CRC
	CRCBad       uint64                    `json:"crcBad"`   // or none
	Dropped      uint64                    `json:"dropped"`  // because the disk was too slow
	Malformed    uint64                    `json:"malformed"`
	Forwarded    uint64                    `json:"forwarded"`
	Sent         uint64                    `json:"sent"`
	NotSent      map[radio.TxReason]uint64 `json:"notSent,omitempty"`
	Airtime      map[uint32]float64        `json:"airtimeSeconds,omitempty"` // sent, by frequency in Hz
	LastSeen     *time.Time                `json:"lastSeen,omitempty"`
	Offset       float64                   `json:"counterOffsetSeconds"` // of its counter to the host's clock
	Drift        float64                   `json:"counterDriftPpm"`
}

// gateways are the figures of all gateways of the fleet.
func (f *fleet) gateways() []gatewayFigures {
	list := []gatewayFigures{}
	for _, u := range f.list() {
		for _, g := range figuresOf(u.radio) {
			g.Concentrator, g.Type = u.cfg.Name, u.cfg.Type
			list = append(list, g)
		}
	}
	return list
}

func figuresOf(r radio.Concentrator) []gatewayFigures {
	switch r := r.(type) {
	case interface{ Stats() picocell.Stats }:
		s := r.Stats()
		g := gatewayFigures{
			State: s.State, LastError: s.LastError, Gateway: euiText(s.Gateway), Received: s.RxOK, CRCBad: s.RxCRCBad + s.RxNoCRC,
			Dropped: s.RxDropped, Malformed: s.Malformed, Forwarded: s.Forwarded, LastSeen: timeOrNil(s.LastSeen),
			Offset: s.CounterOffset.Seconds(), Drift: s.CounterDrift,
		}
		return []gatewayFigures{g.sent(forwarded.Tally{OK: s.TxOK, Failed: s.TxFailed, Airtime: s.Airtime})}
	case interface{ Stats() semtechudp.Stats }:
		s := r.Stats()
		list := []gatewayFigures{}
		for _, x := range s.Gateways {
			g := gatewayFigures{
				State: s.State, LastError: s.LastError, Gateway: euiText(x.Gateway), Received: x.RxOK, CRCBad: x.RxCRCBad + x.RxNoCRC,
				Dropped: x.RxDropped, Malformed: x.Malformed, Forwarded: x.Forwarded, LastSeen: timeOrNil(x.LastSeen),
				Offset: x.CounterOffset.Seconds(), Drift: x.CounterDrift,
			}
			list = append(list, g.sent(x.Tx))
		}
		return orWaiting(list, s.State, s.LastError)
	case interface{ Stats() station.Stats }:
		s := r.Stats()
		list := []gatewayFigures{}
		for _, x := range s.Gateways {
			g := gatewayFigures{
				State: s.State, LastError: s.LastError, Gateway: euiText(x.Gateway), Received: x.RxOK, Dropped: x.RxDropped,
				Malformed: x.Malformed, Forwarded: x.Forwarded, LastSeen: timeOrNil(x.LastSeen),
				Offset: x.CounterOffset.Seconds(), Drift: x.CounterDrift,
			}
			list = append(list, g.sent(x.Tx))
		}
		return orWaiting(list, s.State, s.LastError)
	case interface{ Stats() concentratord.Stats }:
		s := r.Stats()
		g := gatewayFigures{
			State: s.State, LastError: s.LastError, Gateway: euiText(s.Gateway), Received: s.RxOK, CRCBad: s.RxCRCBad + s.RxNoCRC,
			Dropped: s.RxDropped, Malformed: s.Malformed, Forwarded: s.Forwarded, LastSeen: timeOrNil(s.LastSeen),
			Offset: s.CounterOffset.Seconds(), Drift: s.CounterDrift,
		}
		return []gatewayFigures{g.sent(s.Tx)}
	case interface{ Stats() modem.Stats }:
		s := r.Stats()
		g := gatewayFigures{
			State: s.State, LastError: s.LastError, Gateway: euiText(s.Gateway), Received: s.RxOK, CRCBad: s.RxCRCBad,
			Dropped: s.RxDropped, Malformed: s.Malformed, Forwarded: s.RxOK - s.RxDropped,
		}
		return []gatewayFigures{g.sent(forwarded.Tally{OK: s.TxOK, Failed: s.TxFailed})}
	}
	return nil
}

// orWaiting stands for a listener that nobody has talked to.
func orWaiting(list []gatewayFigures, state, lastError string) []gatewayFigures {
	if len(list) == 0 {
		return []gatewayFigures{{State: state, LastError: lastError}}
	}
	return list
}

func (g gatewayFigures) sent(t forwarded.Tally) gatewayFigures {
	g.Sent, g.NotSent = t.OK, t.Failed
	g.Airtime = map[uint32]float64{}
	for frequency, d := range t.Airtime {
		g.Airtime[frequency] = d.Seconds()
	}
	return g
}

func euiText(e radio.EUI64) string {
	if e.IsZero() {
		return ""
	}
	return e.String()
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// printGateways is one line per gateway, and what is wrong with it.
func printGateways(w io.Writer, list []gatewayFigures, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CONCENTRATOR\tTYPE\tGATEWAY\tSTATE\tRECEIVED\tBAD CRC\tSENT\tNOT SENT\tHEARD\tDRIFT")
	for _, g := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%.1f ppm\n", g.Concentrator, g.Type, dash(g.Gateway), g.State,
			g.Received, g.CRCBad, g.Sent, reasonsText(g.NotSent), ago(now, g.LastSeen), g.Drift)
	}
	_ = t.Flush()
	for _, g := range list {
		if g.LastError != "" {
			fmt.Fprintf(w, "%s was last down: %s\n", g.Concentrator, g.LastError)
		}
	}
}

func reasonsText(failed map[radio.TxReason]uint64) string {
	var parts []string
	for _, r := range slices.Sorted(maps.Keys(failed)) {
		if failed[r] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", r, failed[r]))
		}
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, ", ")
}

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gatewayd/bridge"
)

// print shows how the daemon is.
func (s snapshot) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer func() { _ = t.Flush() }()
	fmt.Fprintf(t, "gatewayd\t%s, up %s\n", s.Version, time.Duration(s.Uptime)*time.Second)
	for _, c := range s.Concentrators {
		fmt.Fprintf(t, "%s\t%s: %s\n", c.Name, c.Type, c.State)
	}
	clock := "trusted"
	if !s.ClockTrusted {
		clock = s.ClockReason
	}
	fmt.Fprintf(t, "clock\t%s\n", clock)
	fmt.Fprintf(t, "hub\t%d of %d devices connected%s\n", s.Connected, s.Devices, s.otherStates())
	fmt.Fprintf(t, "outbox\t%s, %d bytes, oldest %s\n", count(s.Outbox.Messages, "message"), s.Outbox.Bytes, time.Duration(s.Outbox.OldestAge)*time.Second)
	fmt.Fprintf(t, "disk\t%s written", sizeText(s.Outbox.DeviceBytes))
	if s.Outbox.YearlyBytes > 0 {
		fmt.Fprintf(t, ", %s a year if it goes on like this", sizeText(s.Outbox.YearlyBytes))
	}
	if s.Outbox.Failure != "" {
		fmt.Fprintf(t, "\n\tCANNOT BE WRITTEN: %s; %s held in memory, unacknowledged", s.Outbox.Failure, count(int(s.Outbox.Held), "frame"))
	}
	fmt.Fprintf(t, "\nuplinks\t%d accepted, %d joins%s\n", s.Frames.Accepted, s.Frames.Joined, dropped(bridge.Stats{Dropped: s.Frames.Dropped}))
	fmt.Fprintf(t, "downlinks\t%d sent, %d not sent, %d refused by a regulation\n", s.Frames.Sent, s.Frames.Unsent, s.Frames.Refused)
	for _, q := range s.Quota {
		fmt.Fprintf(t, "quota\t%s: %d of %d messages today, %d foreseen\n", q.Hub, q.Used, q.Limit, q.Forecast)
	}
}

func (s snapshot) otherStates() string {
	var parts []string
	for state, n := range s.States {
		if n > 0 && state != "connected" {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return " (" + strings.Join(parts, ", ") + ")"
}

// printNodes is one line per node.
func printNodes(w io.Writer, nodes []nodeStatus, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer func() { _ = t.Flush() }()
	fmt.Fprintln(t, "NAME\tDEVICE\tDEVADDR\tCLASS\tHEARD\tRSSI\tSNR\tRATE\tFCNT\tWAITING\tCONNECTION")
	for _, n := range nodes {
		s := n.Session
		rssi, snr, fCnt := "-", "-", "-"
		if s.LastSeen != nil {
			rssi, snr = fmt.Sprintf("%.0f", s.RSSI), fmt.Sprintf("%.1f", s.SNR)
		}
		if s.Active && s.Heard {
			fCnt = fmt.Sprint(s.FCntUp)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.Node, n.Device, dash(s.DevAddr), s.Class,
			ago(now, s.LastSeen), rssi, snr, dash(s.DataRate), fCnt, n.Waiting, n.Connection)
	}
}

// print shows everything known of one node.
func (n nodeStatus) print(w io.Writer, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer func() { _ = t.Flush() }()
	s := n.Session
	fmt.Fprintf(t, "node\t%s, LoRaWAN %s, class %s\n", s.Node, s.Version, s.Class)
	if s.DevEUI != nil {
		fmt.Fprintf(t, "DevEUI\t%s\n", s.DevEUI)
	}
	switch {
	case !s.Active:
		fmt.Fprintf(t, "session\tnone: it has not joined\n")
	default:
		fmt.Fprintf(t, "session\tDevAddr %s, FCntUp %d, next FCntDown %d\n", s.DevAddr, s.FCntUp, s.FCntDown)
	}
	fmt.Fprintf(t, "heard\t%s", ago(now, s.LastSeen))
	if s.LastSeen != nil {
		fmt.Fprintf(t, ", %s, RSSI %.0f dBm, SNR %.1f dB", s.DataRate, s.RSSI, s.SNR)
	}
	fmt.Fprintf(t, "\nlink\tTX power index %d, each uplink sent %s\n", s.TXPower, count(int(max(s.NbTrans, 1)), "time"))
	if s.Battery != nil {
		fmt.Fprintf(t, "battery\t%s, margin %d dB\n", batteryText(*s.Battery), *s.Margin)
	}
	fmt.Fprintf(t, "downlinks\t%d queued\n", s.Queued)
	fmt.Fprintf(t, "device\t%s: %s since %s", n.Device, n.Connection, n.Since.Format(time.RFC3339))
	if n.Reason != "" {
		fmt.Fprintf(t, ", %s", n.Reason)
	}
	fmt.Fprintf(t, "\noutbox\t%s waiting\n", count(n.Waiting, "message"))
}

// sizeText is a number of bytes for people.
func sizeText(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for ; v >= 1000 && i < len(units)-1; i++ {
		v /= 1000
	}
	if i == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// batteryText is a battery level as DevStatusAns gives it.
func batteryText(level uint8) string {
	switch level {
	case 0:
		return "external power"
	case 255:
		return "unknown"
	default:
		return fmt.Sprintf("%d %%", (int(level)*100+127)/254)
	}
}

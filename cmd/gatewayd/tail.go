package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"gatewayd/bridge"
	"gatewayd/internal/control"
)

// tailing is the command line of tail.
type tailing struct {
	asking
	filter   frameFilter
	last     int
	noFollow bool
}

// frameFilter says which frames are shown.
type frameFilter struct {
	nodes    []string // names or device identities
	verdicts []string
	dropped  bool // only what was dropped or not sent
	only     string
}

// keeps reports whether h is shown.
func (f frameFilter) keeps(h bridge.Heard) bool {
	is := func(name string) bool { return name != "" && (name == h.Node || name == h.Device) }
	switch {
	case len(f.nodes) > 0 && !slices.ContainsFunc(f.nodes, is),
		len(f.verdicts) > 0 && !slices.Contains(f.verdicts, h.Verdict),
		f.only != "" && f.only != h.Direction,
		f.dropped && h.Verdict != "not_sent" && !bridge.Dropped(h.Verdict):
		return false
	}
	return true
}

func (a *app) tailCommand() *cobra.Command {
	t := tailing{asking: asking{app: a}}
	c := &cobra.Command{
		Use:   "tail",
		Short: "Show the frames of the running daemon as they come",
		Long: "Show the frames of the running daemon, the last ones first and then as they come, with what was decided about each.\n" +
			"With --json, one object a line: a capture, for gatewayd replay.",
		Example: "gatewayd tail --node greenhouse\n" +
			"gatewayd tail --dropped -n 100 --no-follow\n" +
			"gatewayd tail --json > capture.jsonl",
		Args: noArgs,
	}
	t.flags(c)
	c.Flags().StringArrayVar(&t.filter.nodes, "node", nil, "only those of a node: `NAME` or device identity; may be repeated")
	c.Flags().StringArrayVar(&t.filter.verdicts, "verdict", nil, "only those with this `VERDICT`, e.g. bad_mic; may be repeated")
	c.Flags().BoolVar(&t.filter.dropped, "dropped", false, "only what was dropped or not sent")
	c.Flags().StringVar(&t.filter.only, "direction", "", "only `up` or down")
	c.Flags().IntVarP(&t.last, "lines", "n", 10, "how many of those that there were to begin with; -1: all that are kept")
	c.Flags().BoolVar(&t.noFollow, "no-follow", false, "do not wait for more")
	c.RunE = func(*cobra.Command, []string) error {
		if err := t.filter.check(); err != nil {
			return usageError{err}
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return t.run(ctx)
	}
	return c
}

func (f frameFilter) check() error {
	if f.only != "" && f.only != "up" && f.only != "down" {
		return fmt.Errorf("--direction %q: want up or down", f.only)
	}
	meanings := bridge.Meanings()
	for _, v := range f.verdicts {
		if _, ok := meanings[v]; !ok {
			return fmt.Errorf("--verdict %q: there is no such verdict; see docs/logs.md", v)
		}
	}
	return nil
}

// backAfter is how long tail waits for a daemon that is being restarted before
// it asks again.
const backAfter = time.Second

// run shows frames until ctx ends.
func (t tailing) run(ctx context.Context) error {
	v := &frameView{w: t.app.stdout, paint: t.paint(), json: t.json}
	after, err := t.begin(ctx, v)
	if err != nil || t.noFollow {
		return err
	}
	for gone := false; ; {
		err := control.Stream(ctx, t.socket, fmt.Sprintf("/v1/frames?follow=1&after=%d", after), func(line []byte) error {
			gone = false
			return t.each(line, func(f loggedFrame) error {
				after = f.Seq
				return v.show(f.Heard, line)
			})
		})
		var refused *control.Error
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &refused), errors.Is(err, errBroken):
			return err
		case !gone:
			fmt.Fprintln(t.app.stderr, "gatewayd: the daemon is gone; waiting for it")
			gone = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(backAfter):
		}
	}
}

// begin shows the last frames and returns the number of the newest.
func (t tailing) begin(ctx context.Context, v *frameView) (after uint64, err error) {
	type line struct {
		frame loggedFrame
		raw   []byte
	}
	var kept []line
	err = control.Stream(ctx, t.socket, "/v1/frames", func(raw []byte) error {
		var f loggedFrame
		if err := json.Unmarshal(raw, &f); err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		if after = f.Seq; t.filter.keeps(f.Heard) {
			kept = append(kept, line{f, slices.Clone(raw)})
		}
		return nil
	})
	if t.last >= 0 && len(kept) > t.last {
		kept = kept[len(kept)-t.last:]
	}
	for _, l := range kept {
		err = errors.Join(err, v.show(l.frame.Heard, l.raw))
	}
	return after, err
}

// errBroken is an answer that is no frame.
var errBroken = errors.New("the daemon answers something else: is it of another version?")

// each calls show with the frame of a line that the filter keeps.
func (t tailing) each(raw []byte, show func(loggedFrame) error) error {
	var f loggedFrame
	if err := json.Unmarshal(raw, &f); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	if !t.filter.keeps(f.Heard) {
		return nil
	}
	return show(f)
}

// frameView shows frames as lines.
type frameView struct {
	w     io.Writer
	paint paint
	json  bool
}

// show prints one frame; raw is its JSON.
func (v *frameView) show(h bridge.Heard, raw []byte) error {
	if v.json {
		_, err := fmt.Fprintf(v.w, "%s\n", raw)
		return err
	}
	_, err := fmt.Fprintln(v.w, v.line(h))
	return err
}

// line is a frame for people. What comes from outside cannot move the cursor:
// names are quoted where they have odd characters.
func (v *frameView) line(h bridge.Heard) string {
	var b strings.Builder
	arrow := "↑"
	if h.Direction == "down" {
		arrow = "↓"
	}
	who := h.Node
	if who == "" {
		who = h.Device
	}
	fmt.Fprintf(&b, "%s %s %s%s %-16s", h.At.Local().Format("15:04:05.000"), arrow,
		v.paint.verdict(h.Verdict), strings.Repeat(" ", max(0, 16-len(h.Verdict))), harmless(dash(who)))
	if h.DevAddr != "" {
		fmt.Fprintf(&b, " %s", harmless(h.DevAddr))
	}
	if h.Frequency > 0 {
		fmt.Fprintf(&b, " %.3f MHz", float64(h.Frequency)/1e6)
	}
	if h.DataRate != "" {
		fmt.Fprintf(&b, " %s", h.DataRate)
	}
	if h.Direction == "up" {
		fmt.Fprintf(&b, " %.0f dBm %.1f dB", h.RSSI, h.SNR)
	}
	if h.FCnt != nil {
		fmt.Fprintf(&b, " FCnt %d", *h.FCnt)
	}
	if h.FPort != nil {
		fmt.Fprintf(&b, " FPort %d", *h.FPort)
	}
	fmt.Fprintf(&b, " %d B", h.Size)
	if h.Direction == "down" && h.Delay > 0 {
		fmt.Fprintf(&b, " %g s after the uplink", h.Delay)
	}
	if h.Concentrator != "" {
		fmt.Fprintf(&b, " %s", harmless(h.Concentrator))
	}
	if h.Receivers > 1 {
		fmt.Fprintf(&b, " and %d more", h.Receivers-1)
	}
	if h.Detail != "" {
		fmt.Fprintf(&b, " (%s)", harmless(h.Detail))
	}
	return b.String()
}

// harmless quotes text that a terminal might take for more than text.
func harmless(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/bridge"
	"gatewayd/internal/capture"
	"gatewayd/internal/control"
	"gatewayd/radio"
)

// replaying is the command line of replay.
type replaying struct {
	asking
	to      string
	gateway string
	speed   float64
}

func (a *app) replayCommand() *cobra.Command {
	r := replaying{asking: asking{app: a}}
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Judge the frames of a capture, or put them on the air of a packet forwarder",
		Long: "Judge the frames of a capture, as gatewayd explain does: what would become of each if the daemon heard it now.\n" +
			"With --to, send them to a daemon instead, as a packet forwarder would that hears them now.\n\n" +
			"FILE has a frame a line: what gatewayd tail --json prints, or the JSON of a packet forwarder ({\"rxpk\":[...]}), or\n" +
			"hexadecimal digits or base64. - is standard input.",
		Example: "gatewayd replay capture.jsonl\n" +
			"gatewayd replay --to 127.0.0.1:1700 --speed 10 capture.jsonl",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: name one capture, or - for standard input", c.CommandPath())
			}
			return nil
		},
	}
	r.flags(c)
	c.Flags().StringVar(&r.to, "to", "", "send the uplinks to a concentrator of type semtech-udp, at `HOST:PORT`")
	c.Flags().StringVar(&r.gateway, "gateway-eui", "0016C001FF10ABCD", "with --to: the `EUI` of the packet forwarder")
	c.Flags().Float64Var(&r.speed, "speed", 1, "with --to: how much faster than recorded; 0: as fast as it goes")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		in := c.InOrStdin()
		if args[0] != "-" {
			f, err := os.Open(args[0])
			if err != nil {
				return usageError{err}
			}
			defer func() { _ = f.Close() }()
			in = f
		}
		run := r.judge
		if r.to != "" {
			run = r.play
		}
		return run(ctx, args[0], in)
	}
	return c
}

// judged is a frame of a capture with what would become of it.
type judged struct {
	Line int       `json:"line"`
	At   time.Time `json:"at,omitzero"`
	bridge.Explanation
}

// judge asks about every frame.
func (r replaying) judge(ctx context.Context, name string, in io.Reader) error {
	counts, paint := map[string]int{}, r.paint()
	enc := json.NewEncoder(r.app.stdout)
	err := capture.Read(name, in, func(f capture.Frame) error {
		j := judged{Line: f.Line, At: f.At}
		asked := explainRequest{f.Payload, f.Frequency, f.DataRate}
		if err := control.Call(ctx, r.socket, http.MethodPost, "/v1/explain", asked, &j.Explanation); err != nil {
			return err
		}
		counts[j.Verdict]++
		if r.json {
			return enc.Encode(j)
		}
		_, err := fmt.Fprintln(r.app.stdout, j.line(paint))
		return err
	})
	if err == nil && !r.json {
		printCounts(r.app.stdout, counts)
	}
	return err
}

// line is the frame for people.
func (j judged) line(p paint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%5d  %s%s %-16s", j.Line, p.verdict(j.Verdict), strings.Repeat(" ", max(0, 16-len(j.Verdict))), harmless(dash(j.Node)))
	for _, part := range []string{j.Type, j.DevAddr} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	if j.DevEUI != nil {
		fmt.Fprintf(&b, " DevEUI %s", j.DevEUI)
	}
	switch {
	case j.FullFCnt != nil:
		fmt.Fprintf(&b, " FCnt %d", *j.FullFCnt)
	case j.FCnt != nil:
		fmt.Fprintf(&b, " FCnt %d", *j.FCnt)
	}
	if j.FPort != nil {
		fmt.Fprintf(&b, " FPort %d", *j.FPort)
	}
	switch {
	case len(j.Data) > 0:
		fmt.Fprintf(&b, " %s", harmless(string(j.Data)))
	case j.PayloadHex != "":
		fmt.Fprintf(&b, " %s", j.PayloadHex)
	}
	if j.Detail != "" {
		fmt.Fprintf(&b, " (%s)", harmless(j.Detail))
	}
	return b.String()
}

func printCounts(w io.Writer, counts map[string]int) {
	total := 0
	for _, n := range counts {
		total += n
	}
	fmt.Fprintf(w, "\n%s\n", count(total, "frame"))
	meanings := bridge.Meanings()
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "%7d %s: %s\n", counts[v], v, meanings[v])
	}
}

// ackPatience is how long the last acknowledgements may take.
const ackPatience = time.Second

// play sends the uplinks.
func (r replaying) play(ctx context.Context, name string, in io.Reader) error {
	eui, err := radio.ParseEUI64(r.gateway)
	switch {
	case err != nil:
		return usagef("--gateway-eui: %w", err)
	case r.speed < 0:
		return usagef("--speed %g: want 0 or more", r.speed)
	}
	player, err := capture.Dial(ctx, r.to, eui)
	if err != nil {
		return usagef("--to: %w", err)
	}
	sent, pace := 0, pacer{speed: r.speed}
	err = capture.Read(name, in, func(f capture.Frame) error {
		if f.Downlink {
			return nil
		}
		if err := pace.wait(ctx, f.At); err != nil {
			return err
		}
		sent++
		return player.Send(f)
	})
	err = errors.Join(err, player.Close(ackPatience))
	acked := player.Acked()
	switch {
	case ctx.Err() != nil:
		err = nil // whoever stopped it knows
	case err == nil && sent > 0 && acked == 0:
		err = fmt.Errorf("nobody answers at %s: is a concentrator of type semtech-udp configured there, and does it serve gateway %s?", r.to, eui)
	}
	if err != nil {
		return err
	}
	if r.json {
		return json.NewEncoder(r.app.stdout).Encode(map[string]int{"sent": sent, "acknowledged": acked})
	}
	_, err = fmt.Fprintf(r.app.stdout, "%s sent, %d acknowledged\n", count(sent, "uplink"), acked)
	return err
}

// pacer keeps the distances between frames.
type pacer struct {
	speed        float64
	first, begun time.Time
}

// wait returns when a frame recorded at is due: at once, if that is not known.
func (p *pacer) wait(ctx context.Context, at time.Time) error {
	if p.speed == 0 || at.IsZero() {
		return ctx.Err()
	}
	if p.first.IsZero() {
		p.first, p.begun = at, time.Now()
	}
	due := p.begun.Add(time.Duration(float64(at.Sub(p.first)) / p.speed))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

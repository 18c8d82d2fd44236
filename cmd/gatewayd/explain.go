package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gatewayd/bridge"
	"gatewayd/internal/capture"
	"gatewayd/internal/control"
	"gatewayd/radio"
)

// explainRequest is a frame that somebody asks about.
type explainRequest struct {
	PHYPayload []byte `json:"phyPayload"`
	Frequency  uint32 `json:"frequency,omitempty"` // Hz; 0: not known
	DataRate   string `json:"dataRate,omitempty"`  // e.g. SF7BW125; "": not known
}

// uplink is the frame as the bridge would hear it now.
func (d *daemon) uplink(r explainRequest) (up radio.Uplink, err error) {
	up = radio.Uplink{Payload: r.PHYPayload, Frequency: r.Frequency, Received: d.clock.Now()}
	if r.DataRate != "" {
		if up.DataRate, err = radio.ParseDataRate(r.DataRate); err != nil {
			return up, &bridge.RejectError{Reason: bridge.RejectMalformed, Detail: "dataRate: " + err.Error()}
		}
	}
	return up, nil
}

func (d *daemon) postExplain(w http.ResponseWriter, r *http.Request) {
	var asked explainRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, maxDownlinkBody)).Decode(&asked); err != nil {
		control.Refuse(w, http.StatusBadRequest, "malformed", "want a JSON object with phyPayload, base64: "+err.Error())
		return
	}
	up, err := d.uplink(asked)
	if err != nil {
		reply(w, nil, err)
		return
	}
	e, err := d.bridge.Explain(r.Context(), up)
	reply(w, e, err)
}

func (a *app) explainCommand() *cobra.Command {
	q := asking{app: a}
	var asked explainRequest
	var mega float64
	c := &cobra.Command{
		Use:   "explain FRAME",
		Short: "Say what a frame is, whose it is, and what would become of it",
		Long: "Say what a frame is, whose it is, and what would become of it if the daemon heard it now.\n" +
			"FRAME is a PHYPayload, in hexadecimal digits or base64. Nothing changes by it, and nothing is sent.",
		Example: "gatewayd explain 40DA1B01268001000155072AC2\n" +
			"gatewayd explain --freq 868.3 --dr SF9BW125 QNobASaAAQABVQcqwg==",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: name one frame, in hexadecimal digits or base64", c.CommandPath())
			}
			return nil
		},
	}
	q.flags(c)
	c.Flags().Float64Var(&mega, "freq", 0, "the frequency it was heard on, in `MHZ`; LoRaWAN 1.1 has it in its MIC (default: all are tried)")
	c.Flags().StringVar(&asked.DataRate, "dr", "", "the data rate it was heard at, e.g. SF7BW125 (default: all are tried)")
	c.RunE = func(_ *cobra.Command, args []string) (err error) {
		if asked.PHYPayload, err = capture.ParsePayload(args[0]); err != nil {
			return usageError{err}
		}
		asked.Frequency = uint32(mega*1e6 + 0.5)
		return q.explain(context.Background(), asked)
	}
	return c
}

func (q asking) explain(ctx context.Context, asked explainRequest) error {
	var raw json.RawMessage
	if err := control.Call(ctx, q.socket, http.MethodPost, "/v1/explain", asked, &raw); err != nil {
		return err
	}
	if q.json {
		_, err := fmt.Fprintf(q.app.stdout, "%s\n", raw)
		return err
	}
	var e bridge.Explanation
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("the daemon answers something else: is it of another version? %w", err)
	}
	printExplanation(q.app.stdout, q.paint(), e)
	return nil
}

// printExplanation shows what a frame is.
func printExplanation(w io.Writer, p paint, e bridge.Explanation) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	if e.Type == "" {
		line("frame", "%d bytes", e.Size)
	} else {
		line("frame", "%s, %d bytes, MIC %s", e.Type, e.Size, e.MIC)
	}
	printHeader(line, e.Frame)
	for _, s := range e.Tried {
		last, fits := "not used yet", "its key does not fit"
		if s.Last != nil {
			last = fmt.Sprintf("last FCnt %d", *s.Last)
		}
		if s.MICFits {
			fits = "its key fits"
		}
		line("session", "%s (%s), %s: %s", s.Node, s.Session, last, fits)
	}
	if e.Node != "" {
		line("node", "%s, device %s", e.Node, e.Device)
	}
	if e.FullFCnt != nil {
		line("FCnt", "%d, all 32 bits", *e.FullFCnt)
	}
	for _, c := range e.Commands {
		line("command", "%s %s %s", c.Name, c.Hex, c.Fields)
	}
	switch {
	case e.PayloadHex != "" && e.Encrypted:
		line("payload", "%s, encrypted: the node's AppSKey is not known here", e.PayloadHex)
	case e.PayloadHex != "":
		line("payload", "%s", e.PayloadHex)
	}
	if len(e.Data) > 0 {
		line("data", "%s", e.Data)
	}
	for _, text := range e.Warnings {
		line("warning", "%s", text)
	}
	for _, text := range e.Errors {
		line("codec error", "%s", text)
	}
	_ = t.Flush()
	meaning := e.Meaning
	if e.Detail != "" {
		meaning += " (" + e.Detail + ")"
	}
	fmt.Fprintf(w, "\n%s: %s\n", p.verdict(e.Verdict), meaning)
}

// printHeader shows what anybody can read.
func printHeader(line func(name, format string, args ...any), f bridge.Frame) {
	if f.DevAddr != "" {
		line("DevAddr", "%s", f.DevAddr)
	}
	if f.FCnt != nil {
		line("FCnt", "%d on the air", *f.FCnt)
	}
	if f.FPort != nil {
		line("FPort", "%d", *f.FPort)
	}
	if c := f.FCtrl; c != nil {
		var set []string
		for _, flag := range []struct {
			name string
			on   bool
		}{{"ADR", c.ADR}, {"ADRACKReq", c.ADRACKReq}, {"ACK", c.ACK}, {"FPending", c.FPending}, {"ClassB", c.ClassB}} {
			if flag.on {
				set = append(set, flag.name)
			}
		}
		line("FCtrl", "%s", dash(strings.Join(set, ", ")))
	}
	if f.FOpts != "" {
		line("FOpts", "%s", f.FOpts)
	}
	if f.JoinEUI != nil {
		line("JoinEUI", "%s", f.JoinEUI)
	}
	if f.DevEUI != nil {
		line("DevEUI", "%s", f.DevEUI)
	}
	if f.Nonce != nil {
		line("nonce", "%d", *f.Nonce)
	}
}

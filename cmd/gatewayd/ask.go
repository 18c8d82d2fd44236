package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/bridge"
	"gatewayd/internal/control"
)

// asking is what every command to the running daemon has.
type asking struct {
	app    *app
	socket string
	json   bool
}

// defaultSocket is where the daemon of the package listens.
const defaultSocket = "/var/lib/gatewayd/control.sock"

func (a *app) askCommands() []*cobra.Command {
	return []*cobra.Command{
		a.askCommand("status", "Show how the running daemon is", noArgs, asking.status),
		a.nodesCommand(),
		a.askCommand("node NAME", "Show one node of the running daemon", oneNode, asking.node),
		a.askCommand("airtime", "Show the airtime that each gateway has used in the last hour", noArgs, asking.airtime),
		a.askCommand("gateways", "Show the figures of each gateway: received, sent, refused, drift", noArgs, asking.gateways),
		a.tailCommand(), a.explainCommand(), a.replayCommand(),
		a.queueCommand(), a.downlinkCommand(),
		a.askCommand("reset-nonces NAME", "Forget the DevNonces of a node, so that one that has lost its counter can join again", oneNode, asking.resetNonces),
		a.askCommand("force-rejoin NAME", "Ask a node of LoRaWAN 1.1 to rejoin", oneNode, asking.forceRejoin),
		a.askCommand("reconnect NAME", "Make the connection of a node's device anew", oneNode, asking.reconnect),
	}
}

func oneNode(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s: name one node; see gatewayd nodes", c.CommandPath())
	}
	return nil
}

// askCommand is a command without flags of its own.
func (a *app) askCommand(use, short string, args cobra.PositionalArgs, do func(asking, context.Context, []string) error) *cobra.Command {
	q := asking{app: a}
	c := &cobra.Command{Use: use, Short: short, Args: args}
	q.flags(c)
	c.RunE = func(_ *cobra.Command, args []string) error { return do(q, context.Background(), args) }
	return c
}

func (q *asking) flags(c *cobra.Command) {
	c.Flags().StringVar(&q.socket, "socket", defaultSocket, "control socket of the daemon: `FILE`")
	c.Flags().BoolVar(&q.json, "json", false, "print JSON")
}

// get asks for path and prints the answer: as it is, or with show.
func (q asking) get(ctx context.Context, path string, answer any, show func(io.Writer)) error {
	var raw json.RawMessage
	if err := control.Call(ctx, q.socket, http.MethodGet, path, nil, &raw); err != nil {
		return err
	}
	if q.json {
		_, err := fmt.Fprintf(q.app.stdout, "%s\n", raw)
		return err
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("the daemon answers something else: is it of another version? %w", err)
	}
	show(q.app.stdout)
	return nil
}

// act asks for something to be done to a node and says that it was.
func (q asking) act(ctx context.Context, method, name, what, done string, body any) error {
	var raw json.RawMessage
	path := "/v1/nodes/" + url.PathEscape(name) + "/" + what
	if err := control.Call(ctx, q.socket, method, path, body, &raw); err != nil {
		return err
	}
	var answer struct{ ID string }
	switch {
	case q.json:
		done = string(raw)
	case json.Unmarshal(raw, &answer) == nil && answer.ID != "":
		done += ", id " + answer.ID
	}
	_, err := fmt.Fprintln(q.app.stdout, done)
	return err
}

func (q asking) resetNonces(ctx context.Context, args []string) error {
	return q.act(ctx, http.MethodPost, args[0], "reset-nonces", "the DevNonces of "+args[0]+" are forgotten: it can join again", nil)
}

func (q asking) forceRejoin(ctx context.Context, args []string) error {
	return q.act(ctx, http.MethodPost, args[0], "force-rejoin", args[0]+" is asked to rejoin with its next downlink", nil)
}

func (q asking) reconnect(ctx context.Context, args []string) error {
	return q.act(ctx, http.MethodPost, args[0], "reconnect", "the connection of "+args[0]+" is made anew", nil)
}

func (q asking) status(ctx context.Context, _ []string) error {
	var s snapshot
	return q.get(ctx, "/v1/status", &s, func(w io.Writer) { s.print(w) })
}

func (q asking) nodes(ctx context.Context, _ []string) error {
	var nodes []nodeStatus
	return q.get(ctx, "/v1/nodes", &nodes, func(w io.Writer) { printNodes(w, nodes, time.Now()) })
}

func (q asking) node(ctx context.Context, args []string) error {
	var n nodeStatus
	return q.get(ctx, "/v1/nodes/"+url.PathEscape(args[0]), &n, func(w io.Writer) { n.print(w, time.Now()) })
}

func (q asking) gateways(ctx context.Context, _ []string) error {
	var list []gatewayFigures
	return q.get(ctx, "/v1/gateways", &list, func(w io.Writer) { printGateways(w, list, time.Now()) })
}

func (q asking) airtime(ctx context.Context, _ []string) error {
	var list []airtimeStatus
	return q.get(ctx, "/v1/airtime", &list, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "CONCENTRATOR\tGATEWAY\tBAND\tUSED\tLIMIT\tSHARE")
		for _, a := range list {
			limit := "none"
			if a.Limit > 0 {
				limit = fmt.Sprintf("%.1fs", a.Limit)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%.1fs\t%s\t%.1f %%\n", a.Concentrator, dash(a.Gateway), a.Band, a.Used, limit, 100*a.Share)
		}
		_ = t.Flush()
	})
}

func (a *app) queueCommand() *cobra.Command {
	q, flush := asking{app: a}, false
	c := &cobra.Command{Use: "queue NAME", Short: "List the downlinks that wait for a node, or drop them", Args: oneNode}
	q.flags(c)
	c.Flags().BoolVar(&flush, "flush", false, "drop them")
	c.RunE = func(_ *cobra.Command, args []string) error {
		ctx := context.Background()
		if flush {
			return q.act(ctx, http.MethodDelete, args[0], "queue", "the queue of "+args[0]+" is empty", nil)
		}
		var list []bridge.QueuedDownlink
		return q.get(ctx, "/v1/nodes/"+url.PathEscape(args[0])+"/queue", &list, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tFPORT\tBYTES\tCONFIRMED\tSTATE\tTRIED\tEXPIRES")
			for _, d := range list {
				fmt.Fprintf(t, "%s\t%d\t%d\t%v\t%s\t%d\t%s\n", d.ID, d.FPort, d.Size, d.Confirmed, d.State, d.Tried, d.Expires.Format(time.RFC3339))
			}
			_ = t.Flush()
		})
	}
	return c
}

func (a *app) downlinkCommand() *cobra.Command {
	q := asking{app: a}
	var d struct {
		FPort     uint8  `json:"fPort"`
		Hex       string `json:"payloadHex"`
		Confirmed bool   `json:"confirmed,omitempty"`
		TTL       string `json:"ttl,omitempty"`
		Replace   bool   `json:"replace,omitempty"`
		Priority  uint8  `json:"priority,omitempty"`
	}
	c := &cobra.Command{
		Use: "downlink NAME", Short: "Queue a downlink for a node", Args: oneNode,
		Example: "gatewayd downlink valve --fport 2 --hex 01ff --confirmed --ttl 2h",
	}
	q.flags(c)
	c.Flags().Uint8Var(&d.FPort, "fport", 1, "FPort, 1 to 223")
	c.Flags().StringVar(&d.Hex, "hex", "", "payload, as `HEX`")
	c.Flags().BoolVar(&d.Confirmed, "confirmed", false, "the node acknowledges it")
	c.Flags().StringVar(&d.TTL, "ttl", "", "how long it may wait, e.g. 2h (default: the node's policy)")
	c.Flags().BoolVar(&d.Replace, "replace", false, "take the place of what waits on the same FPort")
	c.Flags().Uint8Var(&d.Priority, "priority", 0, "the highest goes first")
	c.RunE = func(_ *cobra.Command, args []string) error {
		return q.act(context.Background(), http.MethodPost, args[0], "downlinks", "queued for "+args[0], d)
	}
	return c
}

// ago is how long before now t was, in words.
func ago(now time.Time, t *time.Time) string {
	if t == nil || t.IsZero() {
		return "never"
	}
	d := now.Sub(*t).Round(time.Second)
	if d >= time.Hour {
		d = d.Round(time.Minute)
		return strings.TrimSuffix(d.String(), "0s") + " ago"
	}
	return d.String() + " ago"
}

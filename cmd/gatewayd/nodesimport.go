package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/hub/registry"
	"gatewayd/internal/config"
	"gatewayd/internal/roster"
	"gatewayd/internal/secret"
)

// importing is what nodes import was told.
type importing struct {
	config, format string
	dryRun, json   bool
	set            []string

	create         bool
	policy, hubAPI string
}

func (a *app) nodesImportCommand() *cobra.Command {
	var o importing
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Add nodes of a list to the nodes_file: CSV, IoT Hub, ChirpStack, The Things Stack",
		Long: "Add the nodes of a list to the nodes_file, and say of each line what became of it: added, same (it is there already), " +
			"conflict (something else is in its place), invalid, or skipped (it is no node). What is there already is never changed, so a list " +
			"can be imported again. docs/nodes.md describes the formats. FILE may be - for standard input.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: name one file; see %s --help", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
	}
	configFlag(c, &o.config)
	f := c.Flags()
	f.StringVar(&o.format, "format", "", "csv, json, iothub, chirpstack or things-stack (default: found out)")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done")
	jsonFlag(c, &o.json)
	f.StringArrayVar(&o.set, "set", nil, "`KEY=VALUE` for nodes of which the list does not say it, e.g. profile=valve; repeatable")
	f.BoolVar(&o.create, "create-devices", false, "make the devices of nodes without a credential in the hub, or read the keys of those that are there")
	f.StringVar(&o.policy, "hub-policy", "", "where the connection string of a policy with registry read and write is: file:PATH, credential:NAME or env:NAME")
	f.StringVar(&o.hubAPI, "hub-api", "", "`URL` of the hub's service API, for emulators (default: that of the policy's hub)")
	c.RunE = func(_ *cobra.Command, args []string) error {
		data, err := readInput(args[0])
		if err != nil {
			return err
		}
		list, err := roster.Read(data, roster.Format(o.format))
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		return a.takeOver(list, o)
	}
	return c
}

func readInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

// takeOver adds the nodes of a list and reports on each.
func (a *app) takeOver(list roster.List, o importing) error {
	defaults, err := nodeOf(o.set, false)
	if err != nil {
		return err
	}
	f, cfg, err := a.openNodes(o.config)
	if err != nil {
		return err
	}
	m, err := a.deviceMaker(cfg, f.Provisioned, o)
	if err != nil {
		return err
	}
	profiles, err := f.profiles()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for name := range profiles {
		names[name] = true
	}
	outcomes := roster.Plan(list.Entries, f.have, roster.Options{Defaults: defaults, Provisioned: f.Provisioned, Profiles: names})
	if err := roster.Check(outcomes, f.NodesFiles, a.getenv, m.wanted); err != nil {
		return usageError{err}
	}
	var stopped error
	if !o.dryRun {
		stopped = a.keep(f, outcomes, m)
	}
	if o.json {
		return errors.Join(stopped, a.reportJSON(f.Name, list.Notes, outcomes, o.dryRun))
	}
	for _, note := range list.Notes {
		fmt.Fprintln(a.stdout, note)
	}
	return errors.Join(stopped, a.report(f.Name, outcomes, o.dryRun))
}

// keep makes the devices that are to be made and writes the nodes. What is
// reached when it has to stop is kept.
func (a *app) keep(f *nodesFiles, outcomes []roster.Outcome, m *deviceMaker) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bar := a.progress("importing into " + f.Name)
	bar.total = int64(len(outcomes))
	defer bar.start()()
	var done []roster.Node
	written := 0
	flush := func() error {
		if len(done) == written {
			return nil
		}
		text, _ := roster.Append(f.Text, done)
		if err := f.write(text); err != nil {
			return err
		}
		written = len(done)
		return nil
	}
	var failure error
	for i := range outcomes {
		out := &outcomes[i]
		bar.items.Store(int64(i))
		if out.Status != roster.Added {
			continue
		}
		if failure == nil {
			failure = m.make(ctx, out)
		}
		if failure != nil {
			out.Status, out.Reason = roster.Pending, "run this again"
			continue
		}
		if out.Status == roster.Added {
			done = append(done, out.Node)
		}
		if len(done) >= written+flushEvery && m.client != nil {
			failure = flush()
		}
	}
	return errors.Join(failure, flush())
}

// flushEvery is how many new devices a power cut may let be asked for again.
const flushEvery = 20

// report prints what became of each entry. Entries that are not taken over are
// an error.
func (a *app) report(file string, outcomes []roster.Outcome, dryRun bool) error {
	counts := map[roster.Status]int{}
	var text bytes.Buffer
	for _, o := range outcomes {
		counts[o.Status]++
		fmt.Fprintln(&text, o)
	}
	ending := ""
	if counts[roster.Pending] > 0 {
		ending = fmt.Sprintf(", %d pending", counts[roster.Pending])
	}
	if dryRun {
		ending += " (dry run: nothing is written)"
	}
	fmt.Fprintf(&text, "%s: %d added, %d same, %d skipped, %d in conflict, %d invalid%s\n", file,
		counts[roster.Added], counts[roster.Same], counts[roster.Skipped], counts[roster.Conflict], counts[roster.Invalid], ending)
	if _, err := a.stdout.Write(text.Bytes()); err != nil {
		return err
	}
	return notTaken(outcomes)
}

// notTaken is an error if any entry was not taken over.
func notTaken(outcomes []roster.Outcome) error {
	bad, strangers := 0, 0
	for _, o := range outcomes {
		if o.Status == roster.Conflict || o.Status == roster.Invalid || o.Status == roster.Pending {
			bad++
		}
		if o.Status == roster.Invalid && !o.Node.HasCredential() {
			strangers++
		}
	}
	hint := ""
	if strangers > 0 {
		hint = fmt.Sprintf("; %d of them have no credential: --create-devices makes devices in the hub, or reads the keys of those that are there", strangers)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d entries are not taken over; the lines above say why%s", bad, len(outcomes), hint)
	}
	return nil
}

// reportedEntry is what became of an entry, without its keys.
type reportedEntry struct {
	Line   int           `json:"line"`
	Name   string        `json:"name"`
	Device string        `json:"device,omitempty"`
	Status roster.Status `json:"status"`
	Reason string        `json:"reason,omitempty"`
	Notes  []string      `json:"notes,omitempty"`
}

// reportJSON is report for programs.
func (a *app) reportJSON(file string, notes []string, outcomes []roster.Outcome, dryRun bool) error {
	r := struct {
		File    string          `json:"file"`
		DryRun  bool            `json:"dryRun"`
		Notes   []string        `json:"notes,omitempty"`
		Entries []reportedEntry `json:"entries"`
	}{file, dryRun, notes, []reportedEntry{}}
	for _, o := range outcomes {
		r.Entries = append(r.Entries, reportedEntry{o.Line, o.Node.Name(), o.Node.DeviceID(), o.Status, o.Reason, o.Notes})
	}
	return errors.Join(a.show(true, r, ""), notTaken(outcomes))
}

// deviceMaker makes devices of nodes in the hub. Without a client it makes none.
type deviceMaker struct {
	client *registry.Client
	host   string            // of the hub whose policy it has
	hubs   map[string]string // hosts by the name that a node gives its hub
	dps    bool              // nodes that say nothing are provisioned
}

// deviceMaker reads the policy and knows the way to the hub.
func (a *app) deviceMaker(cfg *config.Config, provisioned bool, o importing) (*deviceMaker, error) {
	m := &deviceMaker{hubs: map[string]string{"": cfg.Hub.Host}, dps: provisioned}
	for _, h := range cfg.OtherHubs {
		m.hubs[h.Name] = h.Host
	}
	switch {
	case !o.create && o.policy == "" && o.hubAPI == "":
		return m, nil
	case !o.create:
		return nil, usagef("--hub-policy and --hub-api are for --create-devices, which is missing")
	case !config.IsReference(o.policy):
		return nil, usagef("--hub-policy: say where the connection string of the policy is: file:PATH, credential:NAME or env:NAME")
	}
	text, err := config.FetchSecret(o.policy, a.getenv)
	if err != nil {
		return nil, usageError{fmt.Errorf("--hub-policy: %w", err)}
	}
	policy, err := registry.ParsePolicy(secret.NewText(text))
	if err != nil {
		return nil, usageError{fmt.Errorf("--hub-policy: %w", err)}
	}
	if err := checkAPI(o.hubAPI); err != nil {
		return nil, err
	}
	m.host = policy.Host
	tier, units := cfg.Hub.Tier, cfg.Hub.Units
	known := strings.EqualFold(cfg.Hub.Host, policy.Host)
	for _, h := range cfg.OtherHubs {
		if strings.EqualFold(h.Host, policy.Host) {
			known, tier, units = true, h.Tier, h.Units
		}
	}
	if !known {
		return nil, usagef("--hub-policy: is of the hub %s, which the configuration does not name", policy.Host)
	}
	m.client = registry.New(registry.Options{
		Policy: policy, BaseURL: strings.TrimSuffix(o.hubAPI, "/"), HTTP: serviceClient(cfg), Limit: registry.Rate(tier, units), Now: time.Now,
	})
	return m, nil
}

// checkAPI lets a token out over plain HTTP only to this machine.
func checkAPI(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return usagef("--hub-api: want http:// or https:// and a host")
	case u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback():
		return usagef("--hub-api: plain http is for this machine alone, since the token of the policy goes that way; use https")
	}
	return nil
}

// serviceClient goes the way that the daemon goes.
func serviceClient(cfg *config.Config) *http.Client {
	return &http.Client{Transport: registry.Transport(cfg.Hub.RootCAs, cfg.Hub.Proxy.Func())}
}

// wanted reports whether a node gets its key from the hub.
func (m *deviceMaker) wanted(n roster.Node) bool {
	provisioning, _ := n["provisioning"].(string)
	provisioned := provisioning == "dps" || provisioning == "" && m.dps && textOf(n, "hub") == ""
	return m.client != nil && !provisioned && !n.HasCredential() && n.DeviceID() != ""
}

// make gives a node the key of its device. An error ends the import; what is
// wrong with this device alone makes the node invalid.
func (m *deviceMaker) make(ctx context.Context, out *roster.Outcome) error {
	if !m.wanted(out.Node) {
		return nil
	}
	if host := m.hubs[textOf(out.Node, "hub")]; !strings.EqualFold(host, m.host) {
		out.Status, out.Reason = roster.Invalid, "its hub "+host+" is not that of the policy; import it with the policy of that hub"
		return nil
	}
	d, err := m.client.Ensure(ctx, out.Node.DeviceID())
	switch {
	case errors.Is(err, registry.ErrNoKey):
		out.Status, out.Reason = roster.Invalid, err.Error()
		return nil
	case err != nil:
		return err
	}
	out.Node["device_key"] = d.Key.Reveal()
	switch {
	case d.Disabled:
		out.Notes = append(out.Notes, "its device is there and disabled: enable it in the hub")
	case d.Existed:
		out.Notes = append(out.Notes, "its device is there already")
	default:
		out.Notes = append(out.Notes, "its device is made")
	}
	return nil
}

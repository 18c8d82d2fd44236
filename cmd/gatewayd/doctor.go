package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"gatewayd/hub"
	"gatewayd/internal/clock"
	"gatewayd/internal/config"
	"gatewayd/internal/control"
	"gatewayd/internal/doctor"
	"gatewayd/internal/serialport"
	"gatewayd/internal/store"
)

// examination is one run of doctor.
type examination struct {
	app     *app
	config  string // file
	socket  string
	timeout time.Duration
	json    bool
}

func (a *app) doctorCommand() *cobra.Command {
	e := examination{app: a}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything the daemon depends on, and say what to do",
		Long: "Look at the configuration, clock, name server, ports 8883 and 443 of the hub, the devices' credentials, serial ports " +
			"and their permissions, and the disk, and say what is wrong and what to do. While the daemon runs, it is asked how its " +
			"devices are connected; otherwise each device of the configuration is connected for a moment. Nothing is changed. " +
			"Exit code 1 if something does not work.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return e.run() },
	}
	c.Flags().StringVar(&e.config, "config", defaultConfig, "configuration `FILE`")
	c.Flags().StringVar(&e.socket, "socket", "", "control socket of the daemon: `FILE` (default: the configuration's)")
	c.Flags().DurationVar(&e.timeout, "timeout", time.Minute, "how long to try what needs the network")
	c.Flags().BoolVar(&e.json, "json", false, "print JSON")
	return c
}

// errUnwell is the exit code of a report with problems, which have been
// printed.
var errUnwell = errors.New("something does not work; see above")

func (e examination) run() error {
	if e.timeout <= 0 {
		return usagef("--timeout %v: want a positive duration, e.g. 30s", e.timeout)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := e.examine(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := e.print(report); err != nil {
		return err
	}
	if report.Count(doctor.Problem) > 0 {
		return errUnwell
	}
	return nil
}

func (e examination) print(r doctor.Report) error {
	if e.json {
		return json.NewEncoder(e.app.stdout).Encode(r)
	}
	if !isTerminal(e.app.stdout) || e.app.getenv("NO_COLOR") != "" {
		return r.Print(e.app.stdout, nil)
	}
	return r.Print(e.app.stdout, func(l doctor.Level, s string) string {
		color := map[doctor.Level]string{doctor.OK: "32", doctor.Warning: "33", doctor.Problem: "31"}[l]
		return "\x1b[" + color + "m" + s + "\x1b[0m"
	})
}

// examine makes all checks, as far as the configuration lets it.
func (e examination) examine(ctx context.Context) doctor.Report {
	ports, err := serialport.List("/")
	if err != nil {
		e.app.say("serial ports cannot be listed: %v", err)
	}
	machine := machineOf()
	cfg, err := config.Load(e.config, e.app.getenv)
	if err != nil {
		return append(doctor.BadConfig(err), machine.Boards(ports, nil)...)
	}
	if e.socket == "" {
		e.socket = cfg.ControlSocket
	}
	connections, runs := e.daemon(ctx)
	if !runs {
		askPorts(unheld(machine, ports), serialport.Ping)
	}
	r := doctor.Report(doctor.Config(e.config, cfg.Warnings, machineWarnings(cfg)))
	r = append(r, running(runs, e.socket), clockFinding(cfg))
	r = append(r, doctor.StateDir(cfg.StateDir)...)
	if !runs {
		r = append(r, storeFinding(cfg.StateDir)...)
	}
	var used []string
	for _, c := range cfg.Concentrators {
		if c.Port != "" {
			used = append(used, c.Port)
			r = append(r, machine.Port(c.Name, c.Port, ports, runs)...)
		}
	}
	r = append(r, machine.Boards(ports, used)...)
	return append(r, e.cloud(ctx, cfg, connections, runs)...)
}

// say is a line for the person, not part of the report.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

func machineOf() doctor.Machine {
	return doctor.Machine{
		Root: os.DirFS("/"), Readlink: os.Readlink, Resolve: filepath.EvalSymlinks,
		Access: func(device string) error { return unix.Access(device, unix.R_OK|unix.W_OK) },
	}
}

// unheld are the ports that may be asked what they are: nobody uses them.
func unheld(m doctor.Machine, ports []serialport.Port) []serialport.Port {
	for i := range ports {
		if len(m.Holders(ports[i].Device)) > 0 {
			return nil
		}
	}
	return ports
}

// daemon asks the running daemon for its connections; runs is false without
// one.
func (e examination) daemon(ctx context.Context) (list []doctor.Connection, runs bool) {
	var nodes []nodeStatus
	if e.socket == "" || control.Call(ctx, e.socket, http.MethodGet, "/v1/nodes", nil, &nodes) != nil {
		return nil, false
	}
	for _, n := range nodes {
		list = append(list, doctor.Connection{Device: n.Device, State: string(n.Connection), Reason: n.Reason})
	}
	return list, true
}

// running says whether there is a daemon.
func running(runs bool, socket string) doctor.Finding {
	if runs {
		return doctor.Finding{Part: "daemon", Level: doctor.OK, What: "gatewayd runs and answers on " + socket}
	}
	return doctor.Finding{
		Part: "daemon", Level: doctor.Warning, What: "gatewayd does not run, or this user may not ask it",
		Fix: "systemctl start gatewayd; to ask it: sudo -u gatewayd gatewayd doctor",
	}
}

func clockFinding(cfg *config.Config) doctor.Finding {
	return doctor.Clock(clock.New(clock.Options{RequireSync: cfg.Clock.RequireSync}).Trusted())
}

// storeFinding reads the store, which nobody has open.
func storeFinding(stateDir string) []doctor.Finding {
	dir := filepath.Join(stateDir, storeDir)
	if _, err := os.Stat(dir); err != nil {
		return nil // not made yet, or told already
	}
	report, err := store.Verify(dir)
	if err != nil {
		return []doctor.Finding{{
			Part: "disk", Level: doctor.Problem, What: err.Error(),
			Fix: "gatewayd store verify says more; the daemon salvages what can be read at its next start",
		}}
	}
	return []doctor.Finding{{Part: "disk", Level: doctor.OK, What: fmt.Sprintf("the store is intact: %v", report)}}
}

// cloud are the checks of the way to the hub.
func (e examination) cloud(ctx context.Context, cfg *config.Config, connections []doctor.Connection, runs bool) []doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	o := hubOptions(cfg, systemClock{}, nil, zap.NewNop())
	attempts := []doctor.Attempt{doctor.Resolve(o.Host, net.DefaultResolver.LookupHost)}
	attempts = append(attempts, ways(o)...)
	var found []doctor.Finding
	for _, n := range cfg.Nodes {
		if expires, ok := hub.Expiry(n.Credential); ok {
			found = append(found, doctor.Expiry(n.DeviceID, expires, time.Now()))
		}
	}
	if runs {
		return append(append(doctor.Try(ctx, attempts), doctor.Connections(connections)...), found...)
	}
	for _, n := range cfg.Nodes {
		if n.RegistrationID == "" {
			attempts = append(attempts, login(o, n.Name, n.Identity))
		}
	}
	for _, g := range cfg.Groups {
		if g.RegistrationID == "" {
			attempts = append(attempts, login(o, g.Name, g.Identity))
		}
	}
	return append(doctor.Try(ctx, attempts), found...)
}

// ways are the ports of the hub: the one in use, and the other one, which is no
// problem but a way out.
func ways(o hub.Options) []doctor.Attempt {
	const blocked = "a firewall in between may not let it out"
	attempt := func(o hub.Options, port uint16, soft bool, fix string) doctor.Attempt {
		return doctor.Attempt{
			Part: "hub", What: fmt.Sprintf("%s answers on port %d, and its certificate is trusted", o.Host, port), Fix: fix, Soft: soft,
			Do: func(ctx context.Context) error {
				if err := hub.Probe(ctx, o); err != nil {
					return fmt.Errorf("%s, port %d: %w", o.Host, port, err)
				}
				return nil
			},
		}
	}
	mqtt, web := o, o
	mqtt.Transport, web.Transport = hub.TransportTLS, hub.TransportWebSocket
	switch {
	case o.Transport == hub.TransportWebSocket:
		return []doctor.Attempt{attempt(o, port(o.Port, hub.DefaultWebSocketPort), false, blocked)}
	case o.Port != 0 && o.Port != hub.DefaultPort: // an emulator, which has no second one
		return []doctor.Attempt{attempt(o, o.Port, false, blocked)}
	}
	web.Port = hub.DefaultWebSocketPort
	return []doctor.Attempt{
		attempt(mqtt, hub.DefaultPort, false, blocked+`; [hub] transport = "websocket" goes through port 443`),
		attempt(web, hub.DefaultWebSocketPort, true, "only needed for transport = \"websocket\""),
	}
}

func port(p, otherwise uint16) uint16 {
	if p == 0 {
		return otherwise
	}
	return p
}

// login is the attempt to connect as the device of a node.
func login(o hub.Options, name string, id config.Identity) doctor.Attempt {
	return doctor.Attempt{
		Part: "device", What: fmt.Sprintf("the hub lets %s in", id.DeviceID),
		Fix: "compare device id and key of node " + name + " with the portal",
		Do: func(ctx context.Context) error {
			if err := hub.Login(ctx, o, hub.Device{ID: id.DeviceID, Hub: id.Hub, Credential: id.Credential}); err != nil {
				return fmt.Errorf("%s: %w", id.DeviceID, err)
			}
			return nil
		},
	}
}

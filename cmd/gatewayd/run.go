package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/internal/config"
	"gatewayd/internal/notify"
)

// defaultConfig is where the package puts it.
const defaultConfig = "/etc/gatewayd/gatewayd.toml"

func (a *app) runCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the daemon",
		Long: "Run the daemon until SIGTERM or SIGINT. SIGHUP re-reads concentrators, nodes and groups. " +
			"Under systemd it waits while there is no configuration, and says so in \"systemctl status\".",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.run(path) },
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration `FILE`")
	return c
}

func (a *app) run(path string) error {
	// A crash must not look like exit code 2, a wrong configuration, after
	// which systemd does not start the daemon again; and it must not leave
	// keys in a core file.
	debug.SetTraceback("crash")
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("no core files: %w", err)
	}
	notifier, err := notify.New(a.getenv)
	if err != nil {
		return err
	}
	// Before anything that takes time: until then a SIGHUP kills.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	if there, err := a.awaitConfig(path, notifier, hup); !there {
		return err
	}
	cfg, err := a.load(path)
	if err != nil {
		return err
	}
	log, err := newLogger(a.stderr, cfg.Log.Level, cfg.Log.Format, a.getenv)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }()
	for _, w := range cfg.Warnings {
		log.Warn(w)
	}
	d, err := newDaemon(cfg, log, watchdog(notifier, time.Now))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() {
		stop() // so that a second signal kills
		_ = notifier.Stopping()
	})
	log.Info("gatewayd starts", zap.String("version", version), zap.String("hub", cfg.Hub.Host),
		zap.Int("nodes", len(cfg.Nodes)), zap.String("state_dir", cfg.StateDir))
	go a.reloads(ctx, hup, d, path, notifier)
	go d.report(ctx, notifier)
	if err := notifier.Ready(); err != nil {
		log.Warn("systemd was not told", zap.Error(err))
	}
	return d.run(ctx)
}

// reloads re-reads the nodes at each signal of hup until ctx ends.
func (a *app) reloads(ctx context.Context, hup <-chan os.Signal, d *daemon, path string, n *notify.Notifier) {
	<-d.running
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		case <-d.reloadNow:
		}
		_ = n.Reloading()
		cfg, err := config.Load(path, a.getenv)
		if err == nil {
			err = d.reload(ctx, cfg)
		}
		if err != nil {
			d.log.Error("nodes not re-read, the old ones stay", zap.Error(err))
		}
		_ = n.Ready()
	}
}

// watchdog returns what the bridge calls each time it gets around: systemd is
// told no more often than it needs.
func watchdog(n *notify.Notifier, now func() time.Time) func() {
	every := n.WatchdogInterval() / 4
	if every == 0 {
		return func() {}
	}
	var last time.Time
	return func() {
		if t := now(); t.Sub(last) >= every {
			last = t
			_ = n.Watchdog()
		}
	}
}

// isSignal reports whether cause is what signal.NotifyContext leaves behind.
func isSignal(cause error) bool {
	return cause != nil && strings.HasSuffix(cause.Error(), "signal received")
}

// reportEvery is how often the line of "systemctl status" is renewed.
const reportEvery = 10 * time.Second

// report keeps systemd's status line true until ctx ends.
func (d *daemon) report(ctx context.Context, n *notify.Notifier) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		_ = n.Status(d.summary())
		d.touch()
		if ok, _ := d.clock.Trusted(); ok {
			d.clock.NoteSeen(d.clock.Now())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// summary is the daemon's state in one line.
func (d *daemon) summary() string {
	connected := 0
	status := d.hub.Status()
	for _, s := range status {
		if s.State == hub.StateConnected {
			connected++
		}
	}
	waiting, _ := d.store.Depth()
	s := d.bridge.Stats()
	line := fmt.Sprintf("%s%d of %d devices connected, %d messages waiting, %d frames accepted%s",
		d.radioStates(), connected, len(status), waiting, s.Accepted, dropped(s))
	if ok, why := d.clock.Trusted(); !ok {
		line += "; " + why
	}
	return line
}

// radioStates says what each concentrator is doing: "picocell0 receiving, 3
// frames with bad CRC; ".
func (d *daemon) radioStates() string {
	var b strings.Builder
	for _, u := range d.fleet.list() {
		fmt.Fprintf(&b, "%s %s; ", u.radio, radioState(u.radio))
	}
	return b.String()
}

// dropped lists the reasons that have occurred: ", 5 dropped (bad_mic 2, replay 3)".
func dropped(s bridge.Stats) string {
	var total uint64
	var reasons []string
	for _, r := range bridge.Reasons() {
		if n := s.Dropped[r]; n > 0 {
			total += n
			reasons = append(reasons, fmt.Sprintf("%s %d", r, n))
		}
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf(", %d dropped (%s)", total, strings.Join(reasons, ", "))
}

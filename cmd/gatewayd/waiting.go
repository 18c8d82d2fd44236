package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"gatewayd/internal/notify"
)

// exampleConfig is where the package puts a configuration to start from.
const exampleConfig = "/usr/share/doc/gatewayd/examples/gatewayd.toml"

// awaitConfig returns true once there is a file at path, and false when the
// daemon is told to stop before. It waits only for a service manager, which
// shows what for: a service that has just been installed has not failed. It
// looks again when told to reload, and not by itself, as a file that is being
// written is there before it is complete.
func (a *app) awaitConfig(path string, n *notify.Notifier, hup <-chan os.Signal) (bool, error) {
	if n == nil || exists(path) {
		return true, nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log, err := newLogger(a.stderr, "info", "auto", a.getenv)
	if err != nil {
		return false, err
	}
	log.Warn("no configuration yet", zap.String("config", path), zap.String("example", exampleConfig))
	if err := errors.Join(n.Ready(), n.Status(toDo(path))); err != nil {
		log.Warn("systemd was not told", zap.Error(err))
	}
	tick := time.NewTicker(waitingTick(n))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = n.Stopping()
			return false, nil
		case <-tick.C:
			_ = n.Watchdog()
		case <-hup:
			_ = n.Reloading()
			if exists(path) {
				return true, nil
			}
			_ = n.Ready()
		}
		_ = n.Status(toDo(path))
	}
}

// waitingTick is how often the watchdog is fed and the status line renewed.
func waitingTick(n *notify.Notifier) time.Duration {
	if every := n.WatchdogInterval() / 4; every > 0 {
		return every
	}
	return reportEvery
}

// toDo is what stands in "systemctl status" while the daemon waits for path.
func toDo(path string) string {
	if exists(path) {
		return fmt.Sprintf("waiting: %s is there now; gatewayd check --config %[1]s, then systemctl restart gatewayd", path)
	}
	return fmt.Sprintf("waiting for a configuration: write %s (start from %s), then systemctl restart gatewayd", path, exampleConfig)
}

// exists reports whether there is anything at path. What cannot be told is for
// whoever reads it to say.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

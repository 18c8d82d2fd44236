package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gatewayd/internal/store"
)

// storePlace says whose store a subcommand works on.
type storePlace struct {
	config, stateDir string
}

func (a *app) storeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Back up, restore, check or compact the daemon's store",
		Long: "Back up, restore, check or compact what the daemon must not forget: sessions, used nonces, queues, and messages " +
			"that wait for the hub. The daemon must be stopped: systemctl stop gatewayd.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return usagef("store: name a command")
		},
	}
	c.AddCommand(a.storeExportCommand(), a.storeImportCommand(), a.storeVerifyCommand(), a.storeCompactCommand())
	return c
}

// flags adds the two ways to name a store to c.
func (p *storePlace) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.config, "config", defaultConfig, "configuration `FILE`, whose state_dir counts")
	c.Flags().StringVar(&p.stateDir, "state-dir", "", "the state `DIR` itself, without reading a configuration")
}

// dir is the state directory.
func (p *storePlace) dir(a *app, c *cobra.Command) (string, error) {
	if !c.Flags().Changed("state-dir") {
		cfg, err := a.load(p.config)
		if err != nil {
			return "", err
		}
		return cfg.StateDir, nil
	}
	if c.Flags().Changed("config") {
		return "", usagef("--config or --state-dir, not both")
	}
	if p.stateDir == "" {
		return "", usagef("--state-dir: the name of the directory is empty")
	}
	return p.stateDir, nil
}

// onStore runs work on the store in the state directory, and leaves every file
// to the user whose directory it is: the daemon does not run as root.
func (a *app) onStore(stateDir string, work func(dir string) error) error {
	err := work(filepath.Join(stateDir, storeDir))
	return errors.Join(storeError(stateDir, err), giveBack(stateDir))
}

// storeError adds what to do to an error of package store.
func storeError(stateDir string, err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w; stop it first (systemctl stop gatewayd), and start it again afterwards", err)
	case errors.Is(err, store.ErrFormat):
		return fmt.Errorf("%w; use that version of it", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w; run this as root or as the daemon's user", err)
	case errors.Is(err, os.ErrNotExist) && hasOldStore(stateDir):
		return fmt.Errorf("%w; %s is of an older version, the daemon reads it at its next start", err, filepath.Join(stateDir, oldStore))
	}
	return err
}

// hasOldStore reports whether only a file of format 1 can be there.
func hasOldStore(stateDir string) bool {
	_, err := os.Stat(filepath.Join(stateDir, oldStore))
	return err == nil
}

func (a *app) storeCompactCommand() *cobra.Command {
	var p storePlace
	var asJSON bool
	c := &cobra.Command{
		Use:   "compact",
		Short: "Write the store anew without garbage",
		Long:  "Write the store anew without what no longer counts. The daemon does that by itself as it goes; this gives the space back at once.",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			stateDir, err := p.dir(a, c)
			if err != nil {
				return err
			}
			return a.onStore(stateDir, func(dir string) error { return a.compactStore(dir, asJSON) })
		},
	}
	p.flags(c)
	jsonFlag(c, &asJSON)
	return c
}

func (a *app) compactStore(dir string, asJSON bool) error {
	stop := a.progress("compacting " + dir).start()
	before, after, err := store.Compact(dir)
	stop()
	if err != nil {
		return err
	}
	return a.show(asJSON, map[string]any{"dir": dir, "bytesBefore": before, "bytesAfter": after},
		"%s: %s before, %s after\n", dir, size(before), size(after))
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 10_000:
		return count(int(n), "byte")
	case n < 10_000_000:
		return fmt.Sprintf("%.0f KB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

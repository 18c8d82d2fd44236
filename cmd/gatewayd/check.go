package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/hub"
	"gatewayd/internal/config"
	"gatewayd/radio/picocell"
)

func (a *app) checkCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration",
		Long: "Check the configuration: exit code 0 if it can be used, 2 if it is wrong. What the machine still lacks " +
			"(a port, firmware images) is printed as a warning.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.check(path) },
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration `FILE`")
	return c
}

func (a *app) check(path string) error {
	cfg, err := a.load(path)
	if err != nil {
		return err
	}
	for _, w := range append(cfg.Warnings, machineWarnings(cfg)...) {
		fmt.Fprintln(a.stderr, "warning:", w)
	}
	_, err = fmt.Fprintf(a.stdout, "configuration %s is valid: hub %s, %s, %s\n", path, cfg.Hub.Host,
		count(len(cfg.Concentrators), "concentrator"), count(len(cfg.Nodes), "node"))
	return err
}

// load reads the configuration that --config names.
func (a *app) load(path string) (*config.Config, error) {
	if path == "" {
		return nil, usagef("--config: the name of the file is empty")
	}
	cfg, err := config.Load(path, a.getenv)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// machineWarnings are what this machine lacks to run cfg now.
func machineWarnings(cfg *config.Config) []string {
	var warnings []string
	for _, c := range cfg.Concentrators {
		if c.Type != "picocell" {
			continue
		}
		if _, err := os.Stat(c.Port); err != nil {
			warnings = append(warnings, fmt.Sprintf("%v: port: %v; see gatewayd ports", c.Position, err))
		}
		if _, err := picocell.LoadImages(c.FirmwareDir, c.FirmwarePins); err != nil {
			warnings = append(warnings, fmt.Sprintf("%v: firmware_dir: %v", c.Position, err))
		}
	}
	for _, n := range cfg.Nodes {
		if expires, ok := hub.Expiry(n.Credential); ok && time.Until(expires) < tokenNotice {
			warnings = append(warnings, fmt.Sprintf("%v: sas_token or x509_cert: expires or expired at %s; put in a new one, or the device key",
				n.Position, expires.UTC().Format(time.RFC3339)))
		}
	}
	return warnings
}

// tokenNotice is how long before its end a ready-made token is worth a word.
const tokenNotice = 7 * 24 * time.Hour

// count is "1 node", "2 nodes".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

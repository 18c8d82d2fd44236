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
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration",
		Long: "Check the configuration: exit code 0 if it can be used, 2 if it is wrong. What the machine still lacks " +
			"(a port, firmware images) is printed as a warning.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.check(path, asJSON) },
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration `FILE`")
	jsonFlag(c, &asJSON)
	return c
}

// checked is what check --json says of a configuration that is valid; what is
// wrong with another goes to standard error, as without --json.
type checked struct {
	Config        string   `json:"config"`
	Hub           string   `json:"hub"`
	Concentrators int      `json:"concentrators"`
	Nodes         int      `json:"nodes"`
	Warnings      []string `json:"warnings"`
}

func (a *app) check(path string, asJSON bool) error {
	cfg, err := a.load(path)
	if err != nil {
		return err
	}
	r := checked{
		Config: path, Hub: cfg.Hub.Host, Concentrators: len(cfg.Concentrators), Nodes: len(cfg.Nodes),
		Warnings: append([]string{}, append(cfg.Warnings, machineWarnings(cfg)...)...),
	}
	if !asJSON {
		for _, w := range r.Warnings {
			fmt.Fprintln(a.stderr, "warning:", w)
		}
	}
	return a.show(asJSON, r, "configuration %s is valid: hub %s, %s, %s\n", path, cfg.Hub.Host,
		count(r.Concentrators, "concentrator"), count(r.Nodes, "node"))
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

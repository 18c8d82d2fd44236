package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gatewayd/internal/config"
	"gatewayd/internal/devicerepo"
)

// profiling is what profile import was told.
type profiling struct {
	config, codecs            string
	vendors, devices, regions []string
	dryRun                    bool
}

func (a *app) profileCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "profile",
		Short: "Make profiles of nodes from published descriptions of devices",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_ = c.Help()
			return usagef("name what to do: import")
		},
	}
	c.AddCommand(a.profileImportCommand())
	return c
}

func (a *app) profileImportCommand() *cobra.Command {
	var o profiling
	c := &cobra.Command{
		Use:   "import DIR|FILE",
		Short: "Add profiles of devices to the nodes_file, with their codecs",
		Long: "Add a [[profile]] for each device to the nodes_file, and put its codec, with the examples, into a folder. DIR is a copy of " +
			"The Things Network's device repository (lorawan-devices), or of ChirpStack's device profiles (chirpstack-device-profiles), or its " +
			"folder of vendors. FILE is one device of those, or device profiles or templates as ChirpStack's API prints them, in JSON. What is " +
			"there already is never changed.",
		Example: "gatewayd profile import lorawan-devices --vendor dragino --device 'lht*'",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: name one folder or file; see %s --help", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
	}
	configFlag(c, &o.config)
	f := c.Flags()
	f.StringArrayVar(&o.vendors, "vendor", nil, "only vendors that match `PATTERN`; repeatable")
	f.StringArrayVar(&o.devices, "device", nil, "only devices that match `PATTERN`; repeatable")
	f.StringArrayVar(&o.regions, "region", nil, "`REGION` of the profiles, e.g. EU868; repeatable (default: that of the concentrators)")
	f.StringVar(&o.codecs, "codecs", "codecs", "`FOLDER` for the codecs, relative to that of the configuration")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done")
	c.RunE = func(_ *cobra.Command, args []string) error { return a.importProfiles(args[0], o) }
	return c
}

func (a *app) importProfiles(from string, o profiling) error {
	f, cfg, err := a.openNodes(o.config)
	if err != nil {
		return err
	}
	if len(o.regions) == 0 {
		o.regions = []string{cfg.LoRaWAN.Region}
	}
	devices, err := readDevices(from, devicerepo.Selection{Vendors: o.vendors, Devices: o.devices, Regions: o.regions})
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if len(devices) == 0 {
		return fmt.Errorf("%s: no device of it is selected, for the region %s", from, strings.Join(o.regions, ", "))
	}
	return a.addProfiles(f, devices, o)
}

// readDevices reads a folder, or one file of a folder, or JSON.
func readDevices(from string, s devicerepo.Selection) ([]devicerepo.Device, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	ext := filepath.Ext(from)
	folder := from
	switch {
	case info.IsDir():
	case ext == ".json":
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		return devicerepo.Templates(text, s)
	case ext == ".yaml": // VENDOR/DEVICE.yaml
		vendor := filepath.Dir(from)
		folder = filepath.Dir(vendor)
		s.Vendors, s.Devices = []string{filepath.Base(vendor)}, []string{strings.TrimSuffix(filepath.Base(from), ext)}
	case ext == ".toml": // VENDOR/devices/DEVICE.toml
		vendor := filepath.Dir(filepath.Dir(from))
		folder = filepath.Dir(vendor)
		s.Vendors, s.Devices = []string{filepath.Base(vendor)}, []string{strings.TrimSuffix(filepath.Base(from), ext)}
	default:
		return nil, errors.New("neither a folder nor a .yaml, .toml or .json file")
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	return devicerepo.Read(root.FS(), s)
}

// codecFolder is where codecs go, and what the configuration calls it.
func (o profiling) codecFolder(f config.NodesFiles) string {
	if filepath.IsAbs(o.codecs) {
		return o.codecs
	}
	return filepath.Join(filepath.Dir(f.Main), o.codecs)
}

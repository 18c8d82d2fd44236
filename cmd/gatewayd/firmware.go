package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"gatewayd/radio/picocell"
)

// defaultFirmwareDir is firmware_dir's default under the default state_dir.
const defaultFirmwareDir = "/var/lib/gatewayd/firmware"

func (a *app) firmwareCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "firmware",
		Short: "Install or check the firmware images of the concentrator",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return usagef("firmware: name a command: install or check")
		},
	}
	c.AddCommand(a.firmwareInstallCommand(), a.firmwareCheckCommand())
	return c
}

func (a *app) firmwareInstallCommand() *cobra.Command {
	var o picocell.InstallOptions
	c := &cobra.Command{
		Use:   "install",
		Short: "Install the four images, from a checkout or by download",
		Long: "Install the four firmware images that the host uploads into a PicoCell's SX1308 at each start: " +
			"from a local checkout of Semtech's picoGW_hal, or downloaded from Semtech's public repository. " +
			"Their SHA-256 must be the known one, or nothing is written.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if o.Checkout != "" && o.URL != "" {
				return usagef("--from or --url, not both")
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			if err := picocell.Install(ctx, o); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.stdout, "four firmware images installed in %s\n", o.Dir)
			return err
		},
	}
	c.Flags().StringVar(&o.Dir, "dir", defaultFirmwareDir, "where to put them: firmware_dir of the configuration")
	c.Flags().StringVar(&o.Checkout, "from", "", "a local checkout of picoGW_hal (default: download)")
	c.Flags().StringVar(&o.URL, "url", "", "folder to download from (default: Semtech's repository)")
	return c
}

func (a *app) firmwareCheckCommand() *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the installed images",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := picocell.LoadImages(dir, nil); err != nil {
				return err
			}
			return a.show(asJSON, map[string]string{"dir": dir}, "four firmware images in %s, all with the right checksum\n", dir)
		},
	}
	c.Flags().StringVar(&dir, "dir", defaultFirmwareDir, "firmware_dir of the configuration")
	jsonFlag(c, &asJSON)
	return c
}

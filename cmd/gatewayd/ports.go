package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gatewayd/internal/serialport"
)

func (a *app) portsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "ports",
		Short: "List the serial ports and what is plugged into them",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			ports, err := serialport.List("/")
			if err != nil {
				return err
			}
			return a.printPorts(ports, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) printPorts(ports []serialport.Port, asJSON bool) error {
	if asJSON {
		if ports == nil {
			ports = []serialport.Port{}
		}
		return json.NewEncoder(a.stdout).Encode(ports)
	}
	if len(ports) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no serial ports; is the concentrator plugged in, and does dmesg show it?")
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tUSB ID\tPRODUCT\tWRITE THIS INTO THE CONFIG\t")
	for _, p := range ports {
		note := ""
		if p.PicoCell() {
			note = "PicoCell concentrator"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\tport = %q\t%s\n", p.Device, dash(p.USBID), dash(p.Product), p.Name(), note)
	}
	return w.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

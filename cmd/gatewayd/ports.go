package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gatewayd/internal/serialport"
)

func (a *app) portsCommand() *cobra.Command {
	var asJSON, probe bool
	c := &cobra.Command{
		Use:   "ports",
		Short: "List the serial ports and what is plugged into them",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			ports, err := serialport.List("/")
			if err != nil {
				return err
			}
			if probe {
				askPorts(ports, serialport.Ping)
			}
			return a.printPorts(ports, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&probe, "probe", false, "ask STM32 boards whether they are CoreCell concentrators; stop what uses them first")
	return c
}

// askPorts finds out which STM32 boards are CoreCells.
func askPorts(ports []serialport.Port, ping func(device string) (version string, err error)) {
	for i := range ports {
		if ports[i].Board != serialport.STM32 {
			continue
		}
		if version, err := ping(ports[i].Device); err == nil {
			ports[i].Board, ports[i].Firmware = serialport.CoreCell, version
		}
	}
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
		setting := fmt.Sprintf("port = %q", p.Name())
		if p.Board == serialport.CoreCell {
			setting = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Device, dash(p.USBID), dash(p.Product), setting, boardNote(p))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.printRoutes(ports)
}

// boardNote says what p is.
func boardNote(p serialport.Port) string {
	switch p.Board {
	case serialport.PicoCell:
		return "PicoCell concentrator"
	case serialport.CoreCell:
		return "CoreCell concentrator, firmware " + p.Firmware + ": see below"
	case serialport.STM32:
		return "an STM32; a CoreCell concentrator? gatewayd ports --probe asks it"
	default:
		return ""
	}
}

// printRoutes says how a CoreCell is used, which has no driver here.
func (a *app) printRoutes(ports []serialport.Port) error {
	if !slices.ContainsFunc(ports, func(p serialport.Port) bool { return p.Board == serialport.CoreCell }) {
		return nil
	}
	_, err := fmt.Fprint(a.stdout, `
A CoreCell (SX1302 or SX1303 on USB: RAK2287, RAK5146, WM1302) is driven by one of these programs
on this machine, which gatewayd then listens to:
  ChirpStack Concentratord           type = "concentratord"
  LoRa Basics Station                type = "basicstation"
  Semtech's packet forwarder         type = "semtech-udp"
docs/concentrators.md has each of them step by step.
`)
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

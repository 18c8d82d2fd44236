// Package serialport finds the serial ports of this machine and says what is
// plugged into each, so that an operator can name the right one in the
// configuration.
package serialport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Port is one serial port.
type Port struct {
	Device  string   `json:"device"`            // e.g. /dev/ttyACM0
	Stable  []string `json:"stable,omitempty"`  // links that name the socket or the stick, by-path first
	USBID   string   `json:"usb_id,omitempty"`  // vendor:product, e.g. 0483:5740
	Product string   `json:"product,omitempty"` // what the device calls itself
	Serial  string   `json:"serial,omitempty"`
	Board   Board    `json:"board,omitempty"` // what it is, as far as that is known

	Firmware string `json:"firmware,omitempty"` // of a CoreCell's microcontroller
}

// Name is what to write into the configuration: the link that stays the same
// after a replug, else the device.
func (p Port) Name() string {
	if len(p.Stable) > 0 {
		return p.Stable[0]
	}
	return p.Device
}

// String is one line for a log.
func (p Port) String() string {
	s := p.Device
	for _, detail := range []string{p.USBID, p.Product, p.Serial} {
		if detail != "" {
			s += " " + detail
		}
	}
	if p.Name() != p.Device {
		s += " = " + p.Name()
	}
	return s
}

// List finds the ports below root, which is "/" on a real machine, sorted by
// device. A machine without serial ports has an empty list.
func List(root string) ([]Port, error) {
	entries, err := os.ReadDir(filepath.Join(root, "sys/class/tty"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("serial ports: %w", err)
	}
	links := stableLinks(root)
	var ports []Port
	for _, e := range entries {
		// Virtual consoles and ptys have no device behind them.
		device, err := filepath.EvalSymlinks(filepath.Join(root, "sys/class/tty", e.Name(), "device"))
		if err != nil || strings.HasPrefix(e.Name(), "ttyS") {
			continue
		}
		p := Port{Device: "/dev/" + e.Name(), Stable: links[e.Name()]}
		if usb := usbDevice(root, device); usb != "" {
			p.USBID = attr(usb, "idVendor") + ":" + attr(usb, "idProduct")
			p.Product, p.Serial = attr(usb, "product"), attr(usb, "serial")
			p.Board = board(p.USBID, p.Product)
		}
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b Port) int { return strings.Compare(a.Device, b.Device) })
	return ports, nil
}

// stableLinks maps a device's base name to the udev links that point to it.
func stableLinks(root string) map[string][]string {
	links := map[string][]string{}
	for _, dir := range []string{"dev/serial/by-path", "dev/gatewayd", "dev/serial/by-id"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			continue
		}
		for _, e := range entries {
			target, err := os.Readlink(filepath.Join(root, dir, e.Name()))
			if err != nil {
				continue
			}
			base := filepath.Base(target)
			links[base] = append(links[base], "/"+filepath.Join(dir, e.Name()))
		}
	}
	return links
}

// usbDevice is the nearest folder at or above dir that describes a USB
// device, "" if there is none.
func usbDevice(root, dir string) string {
	top, err := filepath.EvalSymlinks(filepath.Join(root, "sys"))
	if err != nil {
		return ""
	}
	for dir != top && strings.HasPrefix(dir, top) {
		if attr(dir, "idVendor") != "" {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// attr reads one sysfs attribute, "" if it is not there.
func attr(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

package serialport

import (
	"fmt"
	"io/fs"
	"strings"
)

// serialPrefix is in front of a USB serial number that stands for a port.
const serialPrefix = "usb:"

// Find is the device that a port of the configuration means: name itself, or
// for "usb:" and a USB serial number the one of ports that has it. An error
// that there is none is an fs.ErrNotExist.
func Find(ports []Port, name string) (device string, err error) {
	number, ok := strings.CutPrefix(name, serialPrefix)
	if !ok {
		return name, nil
	}
	var found []Port
	for _, p := range ports {
		if p.Serial == number && number != "" {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s: no device with this USB serial number: is the concentrator plugged in? (%w)", name, fs.ErrNotExist)
	case 1:
		return found[0].Device, nil
	default:
		return "", fmt.Errorf("%s: %d devices have this USB serial number: name the port by its link, %s or %s",
			name, len(found), found[0].Name(), found[1].Name())
	}
}

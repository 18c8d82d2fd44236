package serialport_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"gatewayd/internal/serialport"
)

func TestFind(t *testing.T) {
	t.Parallel()
	ports := []serialport.Port{
		{Device: "/dev/ttyACM0", Serial: "A1", Stable: []string{"/dev/serial/by-path/one"}},
		{Device: "/dev/ttyACM1", Serial: "A1", Stable: []string{"/dev/serial/by-path/two"}},
		{Device: "/dev/ttyUSB0", Serial: "B2"},
		{Device: "/dev/ttyAMA0"},
	}
	for name, tt := range map[string]struct{ want, err string }{
		"/dev/ttyACM0": {want: "/dev/ttyACM0"},
		"/dev/other":   {want: "/dev/other"},
		"usb:B2":       {want: "/dev/ttyUSB0"},
		"usb:C3":       {err: "no device with this USB serial number"},
		"usb:":         {err: "no device with this USB serial number"},
		"usb:A1":       {err: "2 devices have this USB serial number: name the port by its link, /dev/serial/by-path/one or /dev/serial/by-path/two"},
	} {
		got, err := serialport.Find(ports, name)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := serialport.Find(ports, "usb:C3"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is no fs.ErrNotExist", err)
	}
}

package serialport_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/serialport"
)

// machine lays out a file tree: a value starting with "->" is a symlink.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := cutPrefix(content, "->"); ok {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

func TestList(t *testing.T) {
	t.Parallel()
	root := machine(t, map[string]string{
		"sys/devices/usb1/1-1/idVendor":                     "0483\n",
		"sys/devices/usb1/1-1/idProduct":                    "5740\n",
		"sys/devices/usb1/1-1/product":                      "SEMTECH PicoGW Virtual ComPort\n",
		"sys/devices/usb1/1-1/serial":                       "3EA5F0C2B81C\n",
		"sys/devices/usb1/1-1/1-1:1.0/tty/ttyACM0/dev":      "166:0\n",
		"sys/devices/usb1/1-2/idVendor":                     "1a86\n",
		"sys/devices/usb1/1-2/idProduct":                    "7523\n",
		"sys/devices/usb1/1-2/product":                      "USB Serial\n",
		"sys/devices/usb1/1-2/1-2:1.0/ttyUSB0/port_number":  "0\n",
		"sys/class/tty/ttyACM0/device":                      "->../../../devices/usb1/1-1/1-1:1.0",
		"sys/class/tty/ttyUSB0/device":                      "->../../../devices/usb1/1-2/1-2:1.0/ttyUSB0",
		"sys/class/tty/tty0/uevent":                         "",
		"dev/serial/by-id/usb-STM_PicoGW_3EA5F0C2B81C-if00": "->../../ttyACM0",
		"dev/serial/by-path/platform-usb-0:1.1:1.0":         "->../../ttyACM0",
	})
	got, err := serialport.List(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []serialport.Port{
		{
			Device: "/dev/ttyACM0",
			Stable: []string{"/dev/serial/by-path/platform-usb-0:1.1:1.0", "/dev/serial/by-id/usb-STM_PicoGW_3EA5F0C2B81C-if00"},
			USBID:  "0483:5740", Product: "SEMTECH PicoGW Virtual ComPort", Serial: "3EA5F0C2B81C", Board: serialport.PicoCell,
		},
		{Device: "/dev/ttyUSB0", USBID: "1a86:7523", Product: "USB Serial"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if got[0].Name() != want[0].Stable[0] || got[1].Name() != "/dev/ttyUSB0" {
		t.Errorf("names %q and %q", got[0].Name(), got[1].Name())
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]serialport.Port{
		"/dev/ttyAMA0": {Device: "/dev/ttyAMA0"},
		"/dev/ttyACM0 0483:5740 PicoGW 3EA5 = /dev/serial/by-path/a": {
			Device: "/dev/ttyACM0", USBID: "0483:5740", Product: "PicoGW", Serial: "3EA5", Stable: []string{"/dev/serial/by-path/a"},
		},
	} {
		if got := p.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestListNothing(t *testing.T) {
	t.Parallel()
	got, err := serialport.List(t.TempDir())
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want no ports", got, err)
	}
}

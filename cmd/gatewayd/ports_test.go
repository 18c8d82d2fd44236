package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/serialport"
)

func someBoards() []serialport.Port {
	return []serialport.Port{
		{Device: "/dev/ttyACM0", USBID: "0483:5740", Product: "SEMTECH PicoGW Virtual ComPort", Board: serialport.PicoCell, Stable: []string{"/dev/serial/by-path/a"}},
		{Device: "/dev/ttyACM1", USBID: "0483:5740", Product: "STM32 Virtual ComPort", Board: serialport.STM32},
		{Device: "/dev/ttyACM2", USBID: "0483:5740", Product: "STM32 Virtual ComPort", Board: serialport.STM32},
		{Device: "/dev/ttyUSB0", USBID: "1a86:7523"},
	}
}

// Only what may be a CoreCell is asked, and one that is leads to the routes.
func TestPortsProbe(t *testing.T) {
	t.Parallel()
	ports := someBoards()
	var asked []string
	askPorts(ports, func(device string) (string, error) {
		asked = append(asked, device)
		if device == "/dev/ttyACM2" {
			return "V01.00.00", nil
		}
		return "", errors.New("no answer")
	})
	if diff := cmp.Diff([]string{"/dev/ttyACM1", "/dev/ttyACM2"}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	var out bytes.Buffer
	a := &app{stdout: &out}
	if err := a.printPorts(ports, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`port = "/dev/serial/by-path/a"`, "PicoCell concentrator", "an STM32; a CoreCell concentrator? gatewayd ports --probe",
		"CoreCell concentrator, firmware V01.00.00", `type = "concentratord"`, `type = "basicstation"`, `type = "semtech-udp"`,
		"docs/concentrators.md",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), `port = "/dev/ttyACM2"`) {
		t.Errorf("a CoreCell is offered as a port of the configuration:\n%s", &out)
	}
	out.Reset()
	if err := a.printPorts(ports, true); err != nil {
		t.Fatal(err)
	}
	var again []serialport.Port
	if err := json.Unmarshal(out.Bytes(), &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ports, again); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// Without a CoreCell nobody is told how to use one.
func TestPortsWithoutCoreCell(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (&app{stdout: &out}).printPorts(someBoards()[:2], false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "Concentratord") {
		t.Errorf("printed:\n%s", &out)
	}
}

package picocell

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/internal/serialport"
	"gatewayd/radio"
)

// Each cause is said once, and the next one when it comes: an operator who
// has installed the missing images must hear that the port is missing too.
func TestOutageSaysEachCauseOnce(t *testing.T) {
	t.Parallel()
	_, noImages := LoadImages(t.TempDir(), nil)
	images := &imagesError{noImages}
	noPort := fmt.Errorf("open /dev/ttyACM0: %w", fs.ErrNotExist)
	core, logs := observer.New(zap.InfoLevel)
	o := &outage{log: zap.New(core), ports: func() ([]serialport.Port, error) {
		return []serialport.Port{{Device: "/dev/ttyACM1", Product: "PicoGW"}}, nil
	}}
	now := time.Unix(0, 0)
	for _, err := range []error{images, images, noPort, noPort, &goneError{syscall.EIO}, errors.New("silent"), noPort} {
		now = now.Add(time.Second)
		o.failed(err, now)
	}
	o.over(radio.EUI64{1}, now.Add(time.Second))
	var got []string
	for _, e := range logs.All() {
		cause, _ := e.ContextMap()["error"].(string)
		if ports, ok := e.ContextMap()["ports"]; ok {
			cause = fmt.Sprint(ports)
		}
		got = append(got, e.Message+": "+cause)
	}
	want := []string{
		"concentrator is down; trying again: " + noImages.Error(),
		"concentrator is down; trying again: open /dev/ttyACM0: file does not exist",
		"the port is missing; these are there: [/dev/ttyACM1 PicoGW]",
		"concentrator is down; trying again: silent",
		"concentrator is down; trying again: open /dev/ttyACM0: file does not exist",
		"concentrator is back and receives: ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

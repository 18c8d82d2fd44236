package modem

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

	"gatewayd/radio"
)

// Each cause is said once, and the next one when it comes; restarts of a weak
// module at most once an hour.
func TestOutageSaysEachCauseOnce(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	o := &outage{log: zap.New(core)}
	noPort := fmt.Errorf("open /dev/ttyUSB0: %w", fs.ErrNotExist)
	now := time.Unix(0, 0)
	o.over(radio.EUI64{1}, now)
	for _, err := range []error{&goneError{syscall.EIO}, noPort, noPort, errors.New("silent"), errors.New("silent")} {
		now = now.Add(time.Second)
		o.failed(err, now)
	}
	o.over(radio.EUI64{1}, now.Add(time.Second))
	for range 5 {
		now = now.Add(30 * time.Minute)
		o.setUpAnew(errBrownOut, now)
		o.over(radio.EUI64{1}, now)
	}
	var got []string
	for _, e := range logs.All() {
		cause, _ := e.ContextMap()["error"].(string)
		got = append(got, e.Message+": "+cause)
	}
	want := []string{
		"concentrator receives: ",
		"concentrator is down; trying again: port is gone, is the module unplugged? input/output error",
		"concentrator is down; trying again: silent",
		"concentrator is back and receives: ",
		"module is set up anew: module has started anew by itself",
		"module is set up anew: module has started anew by itself",
		"module is set up anew: module has started anew by itself",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

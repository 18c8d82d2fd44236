package radio

import (
	"context"
	"fmt"
)

// Concentrator hears and sends frames. The name String returns is the one
// that Uplink.Concentrator and TxResult.Concentrator carry.
type Concentrator interface {
	fmt.Stringer

	// Run owns the device until ctx ends, and then returns nil within a
	// second or so. A device that is absent, unplugged or silent is not an
	// error: Run says so once, keeps trying, and says when it is back. An
	// error means that trying again cannot help.
	//
	// Frames go to up without waiting: when up is full the newest frame is
	// dropped and counted. Results of accepted downlinks go to tx, which the
	// caller keeps draining until Run has returned.
	Run(ctx context.Context, up chan<- Uplink, tx chan<- TxResult) error

	// Transmit puts d on the concentrator's schedule. It does not wait for
	// the device. A *TxError refuses d at once, and no TxResult follows; nil
	// means that exactly one TxResult will follow. Safe for concurrent use.
	Transmit(d Downlink) error
}

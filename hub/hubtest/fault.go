package hubtest

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// FaultKind is what goes wrong, as one stable word.
type FaultKind string

// Faults at CONNECT, before the client is looked at.
const (
	FaultRefuse       FaultKind = "refuse"        // CONNACK with Code, then close
	FaultHang         FaultKind = "hang"          // no CONNACK, and nothing else, until the client goes
	FaultCloseConnect FaultKind = "close_connect" // close without CONNACK
	FaultResetConnect FaultKind = "reset_connect" // TCP RST without CONNACK
)

// Faults at PUBLISH from the device. Store says whether the message is
// recorded before.
const (
	FaultDrop        FaultKind = "drop"         // close without PUBACK: throttling, an outage
	FaultReset       FaultKind = "reset"        // TCP RST without PUBACK
	FaultNoPuback    FaultKind = "no_puback"    // no PUBACK and no close: the daily quota is used up
	FaultDelayPuback FaultKind = "delay_puback" // PUBACK after Delay; always stored
	FaultCutPuback   FaultKind = "cut_puback"   // close in the middle of the PUBACK
)

// FaultSlow waits for Delay before each packet of a connected client.
const FaultSlow FaultKind = "slow"

// atConnect reports whether k strikes a CONNECT.
func (k FaultKind) atConnect() bool {
	switch k {
	case FaultRefuse, FaultHang, FaultCloseConnect, FaultResetConnect:
		return true
	default:
		return false
	}
}

// atPublish reports whether k strikes a PUBLISH.
func (k FaultKind) atPublish() bool {
	switch k {
	case FaultDrop, FaultReset, FaultNoPuback, FaultDelayPuback, FaultCutPuback:
		return true
	default:
		return false
	}
}

// atPacket reports whether k strikes any packet.
func (k FaultKind) atPacket() bool { return k == FaultSlow }

// Fault is one thing that goes wrong on order.
type Fault struct {
	Kind FaultKind
	// Count is how often it strikes; 0: until ClearFaults.
	Count int
	// Code is the CONNACK return code of FaultRefuse. Default 3.
	Code byte
	// Delay is that of FaultDelayPuback and FaultSlow.
	Delay time.Duration
	// Store records the message of a publish fault, as a hub that took it and
	// then could not say so.
	Store bool
}

// faultList holds the faults on order.
type faultList struct {
	mu     sync.Mutex
	orders []*order // oldest first
}

// order is a fault for a device; "" is all devices.
type order struct {
	device string
	fault  Fault
}

// Inject orders a fault for a device, or for all devices if device is "".
// Faults strike in the order they were injected; one with Count 0 hides later
// ones of the same moment.
func (h *Hub) Inject(device string, f Fault) error {
	if !f.Kind.atConnect() && !f.Kind.atPublish() && !f.Kind.atPacket() {
		return fmt.Errorf("%q is not a fault: want refuse, hang, close_connect, reset_connect, "+
			"drop, reset, no_puback, delay_puback, cut_puback or slow", f.Kind)
	}
	if f.Count < 0 || f.Delay < 0 {
		return fmt.Errorf("fault %s: want a count and a delay of 0 or more", f.Kind)
	}
	set(&f.Code, refusedUnavailable)
	h.faults.mu.Lock()
	defer h.faults.mu.Unlock()
	h.faults.orders = append(h.faults.orders, &order{device, f})
	return nil
}

// ClearFaults forgets the faults injected for device; "" forgets all faults.
func (h *Hub) ClearFaults(device string) {
	h.faults.mu.Lock()
	defer h.faults.mu.Unlock()
	h.faults.orders = slices.DeleteFunc(h.faults.orders, func(o *order) bool {
		return device == "" || o.device == device
	})
}

// take returns the first fault of a moment that is due for device, and counts
// it.
func (l *faultList) take(device string, moment func(FaultKind) bool) (Fault, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, o := range l.orders {
		if o.device != "" && o.device != device || !moment(o.fault.Kind) {
			continue
		}
		f := o.fault
		if o.fault.Count == 1 {
			l.orders = slices.Delete(l.orders, i, i+1)
		} else if o.fault.Count > 1 {
			o.fault.Count--
		}
		return f, true
	}
	return Fault{}, false
}

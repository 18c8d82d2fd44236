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

// Faults after CONNACK 0, as the devices of two gateways that share an
// identity see them.
const (
	FaultCloseConnected FaultKind = "close_connected" // close
	FaultResetConnected FaultKind = "reset_connected" // TCP RST
)

// Faults at SUBSCRIBE.
const (
	FaultRefuseSubscribe FaultKind = "refuse_subscribe" // SUBACK 0x80
	FaultCloseSubscribe  FaultKind = "close_subscribe"  // close without SUBACK
	FaultResetSubscribe  FaultKind = "reset_subscribe"  // TCP RST without SUBACK
)

// Faults at PUBLISH from the device. Store says whether the message is
// recorded before.
const (
	FaultDrop        FaultKind = "drop"         // close without PUBACK: an outage
	FaultReset       FaultKind = "reset"        // TCP RST without PUBACK
	FaultNoPuback    FaultKind = "no_puback"    // no PUBACK and no close: the daily quota is used up
	FaultDelayPuback FaultKind = "delay_puback" // PUBACK after Delay; always stored
	FaultCutPuback   FaultKind = "cut_puback"   // close in the middle of the PUBACK
)

// Faults of other operations.
const (
	FaultError        FaultKind = "error"         // a twin or provisioning operation is answered with Status
	FaultNoAnswer     FaultKind = "no_answer"     // a twin or provisioning operation is not done and not answered
	FaultNoPingresp   FaultKind = "no_pingresp"   // PINGREQ gets no answer
	FaultIgnorePuback FaultKind = "ignore_puback" // the device's PUBACK of a C2D message is lost
)

// FaultThrottle is what a tier's throttle does, at CONNECT (CONNACK 3), at
// PUBLISH (close) and at twin and provisioning operations (429).
const FaultThrottle FaultKind = "throttle"

// Faults at any packet of a connected client.
const (
	FaultSlow     FaultKind = "slow"      // wait for Delay before the packet
	FaultSlowLink FaultKind = "slow_link" // from here on the connection carries Rate bytes per second
)

// FaultKinds lists the kinds, in the order a connection may meet them.
func FaultKinds() []FaultKind {
	return []FaultKind{
		FaultRefuse, FaultHang, FaultCloseConnect, FaultResetConnect, FaultCloseConnected, FaultResetConnected,
		FaultRefuseSubscribe, FaultCloseSubscribe, FaultResetSubscribe,
		FaultDrop, FaultReset, FaultNoPuback, FaultDelayPuback, FaultCutPuback,
		FaultError, FaultNoAnswer, FaultNoPingresp, FaultIgnorePuback, FaultThrottle, FaultSlow, FaultSlowLink,
	}
}

func (k FaultKind) in(kinds ...FaultKind) bool { return slices.Contains(kinds, k) }

func (k FaultKind) atConnect() bool {
	return k.in(FaultRefuse, FaultHang, FaultCloseConnect, FaultResetConnect, FaultThrottle)
}

func (k FaultKind) afterConnack() bool { return k.in(FaultCloseConnected, FaultResetConnected) }

func (k FaultKind) atSubscribe() bool {
	return k.in(FaultRefuseSubscribe, FaultCloseSubscribe, FaultResetSubscribe)
}

func (k FaultKind) atPublish() bool {
	return k.in(FaultDrop, FaultReset, FaultNoPuback, FaultDelayPuback, FaultCutPuback)
}

func (k FaultKind) atTelemetry() bool { return k.atPublish() || k == FaultThrottle }

func (k FaultKind) atTwin() bool { return k.in(FaultError, FaultNoAnswer, FaultThrottle) }
func (k FaultKind) atProvision() bool {
	return k.atTwin() || k.in(FaultDrop, FaultReset)
}
func (k FaultKind) atPing() bool   { return k == FaultNoPingresp }
func (k FaultKind) atPuback() bool { return k == FaultIgnorePuback }
func (k FaultKind) atPacket() bool { return k.in(FaultSlow, FaultSlowLink) }

// Fault is one thing that goes wrong on order.
type Fault struct {
	Kind FaultKind
	// Count is how often it strikes; 0: until ClearFaults.
	Count int
	// Code is the CONNACK return code of FaultRefuse. Default 3.
	Code byte
	// Status is that of FaultError, 400 to 599. Default 500.
	Status int
	// Delay is that of FaultDelayPuback and FaultSlow.
	Delay time.Duration
	// Rate is that of FaultSlowLink, in bytes per second. Default 1000.
	Rate int
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
func (h *Hub) Inject(device string, f Fault) error { return h.faults.inject(device, f) }

// ClearFaults forgets the faults injected for device; "" forgets all faults.
func (h *Hub) ClearFaults(device string) { h.faults.clear(device) }

func (l *faultList) inject(device string, f Fault) error {
	if !f.Kind.in(FaultKinds()...) {
		return fmt.Errorf("%q is not a fault: want one of %v", f.Kind, FaultKinds())
	}
	if f.Count < 0 || f.Delay < 0 || f.Rate < 0 {
		return fmt.Errorf("fault %s: want a count, a delay and a rate of 0 or more", f.Kind)
	}
	set(&f.Code, refusedUnavailable)
	set(&f.Status, 500)
	set(&f.Rate, 1000)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders = append(l.orders, &order{device, f})
	return nil
}

func (l *faultList) clear(device string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders = slices.DeleteFunc(l.orders, func(o *order) bool {
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

package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// Attempt is something to be tried against the network.
type Attempt struct {
	Part string // of the finding
	What string // what it shows when it succeeds
	Fix  string // what to do when it fails, beyond what the error says
	// Soft makes a failure a warning: there is another way.
	Soft bool
	Do   func(ctx context.Context) error
}

// Bounds of what is tried: how many at a time, and how long one may take.
const (
	atATime        = 4
	attemptTimeout = 15 * time.Second
)

// Try makes the attempts, some at a time, and returns their findings in order.
// Those that ctx leaves no time for are warnings.
func Try(ctx context.Context, attempts []Attempt) []Finding {
	found := make([]Finding, len(attempts))
	var all sync.WaitGroup
	slots := make(chan struct{}, atATime)
	for i, a := range attempts {
		slots <- struct{}{} // free in time: no attempt outlasts ctx
		if ctx.Err() != nil {
			<-slots
			found[i] = warning(a.Part, "run gatewayd doctor again with a longer --timeout", "not tried, there was no time: %s", a.What)
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			found[i] = a.try(ctx)
		})
	}
	all.Wait()
	return found
}

func (a Attempt) try(ctx context.Context) Finding {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	err := a.Do(ctx)
	switch {
	case err == nil:
		return good(a.Part, "%s", a.What)
	case a.Soft:
		return warning(a.Part, a.Fix, "%v", err)
	}
	return problem(a.Part, a.Fix, "%v", err)
}

// Resolve is the attempt to find a host's address.
func Resolve(host string, lookup func(ctx context.Context, host string) ([]string, error)) Attempt {
	return Attempt{
		Part: "dns", What: host + " has an address",
		Fix: "check the name in [hub] host, and the name server: resolvectl query " + host,
		Do: func(ctx context.Context) error {
			addresses, err := lookup(ctx, host)
			dns, isDNS := errors.AsType[*net.DNSError](err)
			switch {
			case isDNS && dns.IsNotFound:
				return fmt.Errorf("there is no host %s", host)
			case err != nil:
				return fmt.Errorf("the address of %s cannot be found: %w", host, err)
			case len(addresses) == 0:
				return fmt.Errorf("%s has no address", host)
			}
			return nil
		},
	}
}

// Expiry judges when a credential of ready-made parts ends.
func Expiry(device string, expires, now time.Time) Finding {
	const soon = 30 * 24 * time.Hour
	left := expires.Sub(now)
	date := expires.UTC().Format(time.RFC3339)
	const fix = "give the device another token or certificate; with device_key gatewayd makes its own tokens"
	switch {
	case left <= 0:
		return problem("device", fix, "%s: token or certificate expired at %s", device, date)
	case left < soon:
		return warning("device", fix, "%s: token or certificate expires at %s, in %d days", device, date, int(left.Hours()/24))
	}
	return good("device", "%s: token or certificate is good until %s", device, date)
}

// Connection is how a running daemon's device is connected.
type Connection struct {
	Device, State, Reason string
}

// Connections judges what the running daemon says of its devices: one finding
// for all that are well, and one for each that is not.
func Connections(list []Connection) []Finding {
	var found []Finding
	well := 0
	for _, c := range list {
		switch c.State {
		case "connected", "idle":
			well++
		case "connecting", "provisioning", "waiting-for-clock":
			found = append(found, warning("device", "gatewayd node "+c.Device+" shows how it goes on", "%s is %s%s", c.Device, c.State, because(c.Reason)))
		default:
			found = append(found, problem("device", "docs/logs.md, Hub, has the remedy for each reason", "%s is %s%s", c.Device, c.State, because(c.Reason)))
		}
	}
	if well > 0 || len(list) == 0 {
		found = append([]Finding{good("device", "%d of %d devices are connected, or have nothing to send", well, len(list))}, found...)
	}
	return found
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(reason, ".")
}

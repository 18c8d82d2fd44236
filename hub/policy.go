package hub

import "time"

// Policy says when a device is connected.
type Policy string

// The policies.
const (
	PolicyPersistent Policy = "persistent" // always; the default
	PolicyLinger     Policy = "linger"     // until nothing has happened for a while, and again when there is something to send
	PolicyOnDemand   Policy = "on-demand"  // only while there is something to send
)

// Idle times after which a connection is given up.
const (
	defaultLinger = 5 * time.Minute
	// demandLinger lets the hub hand over the C2D messages that have waited.
	demandLinger = 5 * time.Second
)

// idleTime is how long d's connection may be idle; zero: for ever.
func (d Device) idleTime() time.Duration {
	switch d.Policy {
	case PolicyLinger:
		if d.Linger > 0 {
			return d.Linger
		}
		return defaultLinger
	case PolicyOnDemand:
		return demandLinger
	default:
		return 0
	}
}

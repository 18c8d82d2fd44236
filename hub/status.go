package hub

import (
	"sync"
	"time"
)

// State is where a device's connection stands, as one stable word.
type State string

// The states.
const (
	StateWaitingForClock       State = "waiting-for-clock"       // no token is signed before the clock can be believed
	StateWaitingForCredentials State = "waiting-for-credentials" // the credential is of no use; only a new one helps
	StateProvisioning          State = "provisioning"            // asking the Device Provisioning Service for the hub
	StateConnecting            State = "connecting"              // its turn included
	StateConnected             State = "connected"
	StateIdle                  State = "idle"        // disconnected by its policy, until there is something to send
	StateBackingOff            State = "backing-off" // waiting before the next attempt
	StateQuarantined           State = "quarantined" // waiting long: each attempt makes it worse
	StateStopped               State = "stopped"
)

// DeviceStatus is what is known of one device's connection.
type DeviceStatus struct {
	ID                 string
	Hub                string // host of the latest connection; empty before the first
	State              State
	Reason             string    // why it is not connected, for a human
	Since              time.Time // when State began
	TokenExpires       time.Time // of the token in use; zero if there is none
	CertificateExpires time.Time // of the certificate in use; zero if there is none
	LastPubAck         time.Time // zero before the first
	Attempts           int       // failed since it last worked
}

// board is a DeviceStatus that one goroutine writes and any may read.
type board struct {
	mu sync.Mutex
	s  DeviceStatus
}

// set changes the state. Reason goes with it.
func (b *board) set(now time.Time, state State, reason string) {
	b.update(func(s *DeviceStatus) {
		if s.State != state {
			s.State, s.Since = state, now
		}
		s.Reason = reason
	})
}

func (b *board) update(change func(*DeviceStatus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.s)
}

func (b *board) read() DeviceStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.s
}

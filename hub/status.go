package hub

import (
	"sync"
	"time"
)

// State is where a device's connection stands, as one stable word.
type State string

// The states.
const (
	StateStarting              State = "starting"                // its turn to connect has not come
	StateWaitingForClock       State = "waiting-for-clock"       // no token is signed before the clock can be believed
	StateWaitingForCredentials State = "waiting-for-credentials" // the credential gives no token; only a new one helps
	StateConnecting            State = "connecting"
	StateConnected             State = "connected"
	StateBackingOff            State = "backing-off" // waiting before the next attempt
	StateStopped               State = "stopped"
)

// DeviceStatus is what is known of one device's connection.
type DeviceStatus struct {
	ID           string
	State        State
	Reason       string    // why it is not connected, for a human
	Since        time.Time // when State began
	TokenExpires time.Time // of the token in use; zero before the first
	LastPubAck   time.Time // zero before the first
	Attempts     int       // failed since it last worked
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

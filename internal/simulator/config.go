package simulator

import (
	"errors"
	"fmt"
	"time"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// Config describes one node. A node with AppKey joins (OTAA); one without has
// its session from DevAddr, NwkSKey and AppSKey (ABP).
type Config struct {
	Name string // unique; stands in every record

	DevEUI, JoinEUI radio.EUI64
	AppKey          secret.AES128 // unique among nodes: a join accept names its node by nothing else

	DevAddr          DevAddr
	NwkSKey, AppSKey secret.AES128
	FCntUp           uint32 // ABP: counter of the first uplink
	FCntDown         uint32 // ABP: lowest counter the first downlink may have

	Region   Region
	DataRate uint8 // index, e.g. 5 for SF7BW125 in EU868, 3 in US915

	// Interval between uplinks, jittered by a tenth either way. 0: the node
	// speaks only when Join, Send or Inject is called.
	Interval time.Duration
	// Frames is how many uplinks World.Run sends for this node. 0: no limit.
	Frames int
	// Payload is the application payload for a frame counter. Nil: Climate.
	Payload   func(fCnt uint32) []byte
	FPort     uint8 // of what World.Run sends, 1 to 223. 0: 1
	Confirmed bool  // World.Run sends confirmed uplinks

	// Transmissions is how often a confirmed uplink is sent at most, with the
	// same FCnt, until it is acknowledged. 0: 8.
	Transmissions int
	// JoinBackoff is the pause after the first join request that stayed
	// without answer; it doubles up to 16 times itself. 0: 2 s.
	JoinBackoff time.Duration
	// JoinAttempts is how many requests one Join sends at most. 0: no limit.
	JoinAttempts int
	// DevNonce yields the nonce of each join request. Nil: a random start,
	// then counting up, so that none repeats.
	DevNonce func() uint16

	// Tolerance is how far from its nominal time a preamble may begin.
	// 0: DefaultTolerance.
	Tolerance time.Duration
	RSSI      float32 // dBm at the concentrator. 0: -72
	SNR       float32 // dB at the concentrator, with RSSI 0: 9.5
}

// withDefaults fills what is zero.
func (c Config) withDefaults() Config {
	if c.Payload == nil {
		c.Payload = Climate
	}
	if c.FPort == 0 {
		c.FPort = 1
	}
	if c.Transmissions == 0 {
		c.Transmissions = 8
	}
	if c.JoinBackoff == 0 {
		c.JoinBackoff = 2 * time.Second
	}
	if c.Tolerance == 0 {
		c.Tolerance = DefaultTolerance
	}
	if c.RSSI == 0 {
		c.RSSI, c.SNR = -72, 9.5
	}
	return c
}

// otaa reports whether the node joins.
func (c Config) otaa() bool { return !c.AppKey.IsZero() }

// validate says what is wrong with c.
func (c Config) validate() error {
	abp := !c.NwkSKey.IsZero() && !c.AppSKey.IsZero()
	switch {
	case c.Name == "":
		return errors.New("node without a name")
	case c.otaa() == abp:
		return fmt.Errorf("node %q: want either AppKey, or both NwkSKey and AppSKey", c.Name)
	case c.otaa() && c.DevEUI.IsZero():
		return fmt.Errorf("node %q: a node with AppKey needs a DevEUI", c.Name)
	case len(usable(c.Region.channels, c.DataRate)) == 0:
		return fmt.Errorf("node %q: region %q has no uplink channel for data rate %d", c.Name, c.Region, c.DataRate)
	case c.Interval < 0 || c.Tolerance < 0 || c.Transmissions < 0 || c.JoinAttempts < 0 || c.Frames < 0 || c.JoinBackoff < 0:
		return fmt.Errorf("node %q: negative interval, tolerance or count", c.Name)
	}
	return nil
}

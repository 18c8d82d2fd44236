package simulator

import (
	"errors"
	"fmt"
	"time"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio"
)

// Class of a node: when it listens.
type Class byte

// The classes.
const (
	ClassA Class = 0 // in the two windows after an uplink
	ClassC Class = 2 // always, with the settings of RX2
)

// Config describes one node. A node with AppKey joins (OTAA); one without has
// its session from DevAddr and session keys (ABP).
type Config struct {
	Name string // unique; stands in every record

	Version lorawan.Version // 0: 1.0.3
	Class   Class

	DevEUI, JoinEUI radio.EUI64
	// AppKey and, for 1.1, NwkKey. Unique among nodes: a join accept names its
	// node by nothing else.
	AppKey, NwkKey secret.AES128

	DevAddr          DevAddr
	NwkSKey, AppSKey secret.AES128 // ABP; NwkSKey before 1.1 only
	// FNwkSIntKey, SNwkSIntKey and NwkSEncKey take the place of NwkSKey under
	// 1.1.
	FNwkSIntKey, SNwkSIntKey, NwkSEncKey secret.AES128

	FCntUp    uint32 // ABP: counter of the first uplink
	FCntDown  uint32 // ABP: lowest counter the first downlink may have; NFCntDown under 1.1
	AFCntDown uint32 // the same for application data under 1.1

	Region   Region
	DataRate uint8 // index of the first uplink, e.g. 5 for SF7BW125 in EU868, 3 in US915

	// ADR sets the ADR bit of every uplink: the network chooses data rate,
	// power and NbTrans, and the node falls back when it hears nothing.
	// Without it, the node obeys the channel mask of a LinkADRReq only.
	ADR bool
	// ADRAckLimit and ADRAckDelay are when, in uplinks. 0: 64 and 32.
	ADRAckLimit, ADRAckDelay int
	// Battery and Margin are what DevStatusAns says.
	Battery uint8
	Margin  int8 // dB, -32 to 31
	// Prompt makes a class A node send an empty uplink soon when the
	// network has more to send, or waits for an ACK or a MAC answer. Class C
	// nodes always acknowledge soon.
	Prompt bool
	// Multicast groups that the node listens to; for class C.
	Multicast []Multicast

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
	// same FCnt, until it is acknowledged. 0: 8; from 1.0.4 on what NbTrans
	// says.
	Transmissions int
	// JoinBackoff is the pause after the first join request that stayed
	// without answer; it doubles up to 16 times itself. 0: 2 s.
	JoinBackoff time.Duration
	// JoinAttempts is how many requests one Join sends at most. 0: no limit.
	JoinAttempts int
	// DevNonce yields the nonce of each join request. Nil: from 1.0.4 on a
	// counter from 0; before, a random start, then counting up, so that none
	// repeats.
	DevNonce func() uint16

	// Tolerance is how far from its nominal time a preamble may begin.
	// 0: DefaultTolerance.
	Tolerance time.Duration
	RSSI      float32 // dBm at the first concentrator, at full power. 0: -72
	SNR       float32 // dB at the first concentrator, with RSSI 0: 9.5
}

// Multicast is a group of nodes that one downlink reaches.
type Multicast struct {
	DevAddr          DevAddr
	NwkSKey, AppSKey secret.AES128 // McNwkSKey and McAppSKey
	// McKey gives both, if they are not given.
	McKey     secret.AES128
	FCntDown  uint32 // lowest counter the first downlink may have
	Frequency uint32 // Hz. 0: that of RX2
	DataRate  uint8  // index, with Frequency 0: that of RX2
}

// withDefaults fills what is zero.
func (c Config) withDefaults() Config {
	if c.Version == 0 {
		c.Version = lorawan.V103
	}
	if c.Payload == nil {
		c.Payload = Climate
	}
	if c.FPort == 0 {
		c.FPort = 1
	}
	if c.Transmissions == 0 && c.Version < lorawan.V104 {
		c.Transmissions = 8
	}
	if c.ADRAckLimit == 0 {
		c.ADRAckLimit = 64
	}
	if c.ADRAckDelay == 0 {
		c.ADRAckDelay = 32
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
func (c Config) otaa() bool { return !c.AppKey.IsZero() || !c.NwkKey.IsZero() }

// v11 reports whether the node follows 1.1.
func (c Config) v11() bool { return c.Version == lorawan.V110 }

// rootKey is the key of join requests.
func (c Config) rootKey() secret.AES128 {
	if c.v11() {
		return c.NwkKey
	}
	return c.AppKey
}

// keys are the session keys of an ABP node.
func (c Config) keys() lorawan.Keys {
	if c.v11() {
		return lorawan.Keys{FNwkSInt: c.FNwkSIntKey, SNwkSInt: c.SNwkSIntKey, NwkSEnc: c.NwkSEncKey, AppS: c.AppSKey}
	}
	return lorawan.Keys10(c.NwkSKey, c.AppSKey)
}

// validate says what is wrong with c.
func (c Config) validate() error {
	switch {
	case c.Name == "":
		return errors.New("node without a name")
	case c.Version != 0 && !c.Version.Valid():
		return fmt.Errorf("node %q: version %d is not one of LoRaWAN", c.Name, c.Version)
	case c.Class != ClassA && c.Class != ClassC:
		return fmt.Errorf("node %q: class %d: want ClassA or ClassC", c.Name, c.Class)
	case len(c.Multicast) > 0 && c.Class != ClassC:
		return fmt.Errorf("node %q: multicast groups need ClassC", c.Name)
	case len(c.Region.Channels().Usable(c.DataRate)) == 0:
		return fmt.Errorf("node %q: region %q has no uplink channel for data rate %d", c.Name, c.Region, c.DataRate)
	case c.Interval < 0 || c.Tolerance < 0 || c.Transmissions < 0 || c.JoinAttempts < 0 || c.Frames < 0 || c.JoinBackoff < 0 ||
		c.ADRAckLimit < 0 || c.ADRAckDelay < 0:
		return fmt.Errorf("node %q: negative interval, tolerance or count", c.Name)
	}
	return c.validateKeys()
}

// validateKeys says what is wrong with the keys of c.
func (c Config) validateKeys() error {
	k := c.keys()
	abp := !k.FNwkSInt.IsZero() && !k.SNwkSInt.IsZero() && !k.NwkSEnc.IsZero() && !k.AppS.IsZero()
	switch {
	case c.otaa() == abp:
		return fmt.Errorf("node %q: want either the root keys or the session keys", c.Name)
	case c.otaa() && (c.AppKey.IsZero() || c.v11() == c.NwkKey.IsZero()):
		return fmt.Errorf("node %q: want AppKey, and NwkKey under 1.1 only", c.Name)
	case c.otaa() && c.DevEUI.IsZero():
		return fmt.Errorf("node %q: a node with AppKey needs a DevEUI", c.Name)
	}
	for _, m := range c.Multicast {
		if m.McKey.IsZero() && (m.NwkSKey.IsZero() || m.AppSKey.IsZero()) {
			return fmt.Errorf("node %q: multicast group %s has no keys", c.Name, m.DevAddr)
		}
	}
	return nil
}

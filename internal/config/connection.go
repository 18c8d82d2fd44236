package config

import (
	"regexp"
	"time"

	"gatewayd/hub"
)

// Connection is how a device is connected. Zero values stand for those of its
// hub.
type Connection struct {
	Policy     hub.Policy
	Linger     time.Duration // idle time of hub.PolicyLinger
	ModelID    string        // Plug and Play model id
	KeepAlive  time.Duration // MQTT keep-alive, whole seconds
	APIVersion string
}

// modelID is the form of a DTMI with a version (Microsoft, "Digital Twin Model
// Identifier").
var modelID = regexp.MustCompile(`^dtmi(:[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?)+;[1-9][0-9]{0,8}$`)

// maxModelID is the longest id of an interface, in characters.
const maxModelID = 128

func connection(s section, raw rawConnection) Connection {
	c := Connection{ModelID: raw.ModelID}
	c.Policy = hub.Policy(s.oneOf("policy", raw.Policy, string(hub.PolicyPersistent), string(hub.PolicyLinger), string(hub.PolicyOnDemand)))
	switch {
	case c.Policy != hub.PolicyLinger:
		s.refuse(`does nothing unless policy is "linger"; remove it`, "linger")
	case raw.Linger != nil:
		c.Linger = s.duration("linger", *raw.Linger, time.Second, day)
	}
	if raw.ModelID != "" && (len(raw.ModelID) > maxModelID || !modelID.MatchString(raw.ModelID)) {
		s.fail("model_id", "not a model id; want one such as dtmi:com:example:Thermometer;1")
	}
	if raw.KeepAlive != nil {
		c.KeepAlive = s.keepAlive(*raw.KeepAlive)
	}
	if raw.APIVersion != nil {
		c.APIVersion = s.apiVersion(*raw.APIVersion)
	}
	return c
}

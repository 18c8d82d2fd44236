package hubtest

import (
	"bytes"
	"encoding/json"
	"time"
)

// Kind is what happened, as one stable word.
type Kind string

// The kinds of events.
const (
	EventConnected    Kind = "connected"     // CONNACK 0 follows; Reason says which session
	EventRefused      Kind = "refused"       // closed before a CONNACK 0; Code is the CONNACK's, 0 for none
	EventDisconnected Kind = "disconnected"  // a connected device is no longer
	EventSubscribed   Kind = "subscribed"    // Topic is the filter, QoS what was granted
	EventUnsubscribed Kind = "unsubscribed"  // Topic is the filter
	EventD2C          Kind = "d2c"           // a message from the device, or its will
	EventC2D          Kind = "c2d"           // a message on its way to the device
	EventC2DComplete  Kind = "c2d_complete"  // the device acknowledged it
	EventC2DDropped   Kind = "c2d_dropped"   // it will not be sent (again)
	EventC2DIgnored   Kind = "c2d_ignored"   // a PUBACK that completes nothing
	EventTwinGet      Kind = "twin_get"      // the device read its twin
	EventTwinPatch    Kind = "twin_patch"    // the device sent reported properties
	EventTwinDesired  Kind = "twin_desired"  // a change of desired properties on its way to the device
	EventMethod       Kind = "method"        // a method call on its way to the device
	EventMethodAnswer Kind = "method_answer" // the device's answer; Code is its status
	EventService      Kind = "service"       // a request to the service API: Topic is method and path, Code the status
	EventQuota        Kind = "quota"         // a message beyond the daily quota: not stored, no PUBACK
	EventFault        Kind = "fault"         // an injected fault strikes; Reason is its kind
)

// The kinds of events at the provisioning service. Device is the
// registration id.
const (
	EventDPSConnected    Kind = "dps_connected"
	EventDPSRefused      Kind = "dps_refused"
	EventDPSDisconnected Kind = "dps_disconnected"
	EventDPSAnswer       Kind = "dps_answer"   // Code is its status
	EventDPSAssigned     Kind = "dps_assigned" // Detail is the hub
)

// Reason is why it happened, as one stable word.
type Reason string

// Reasons of refusals.
const (
	ReasonExpiredToken      Reason = "expired_token"
	ReasonBadSignature      Reason = "bad_signature"
	ReasonForeignToken      Reason = "foreign_token" // its sr does not cover the device
	ReasonMalformedToken    Reason = "malformed_token"
	ReasonMissingToken      Reason = "missing_token"
	ReasonUnknownPolicy     Reason = "unknown_policy" // the token names a hub policy (skn)
	ReasonUnknownDevice     Reason = "unknown_device"
	ReasonDisabledDevice    Reason = "disabled_device"
	ReasonClientIDMismatch  Reason = "client_id_mismatch"
	ReasonHostMismatch      Reason = "host_mismatch"
	ReasonMalformedUsername Reason = "malformed_username"
	ReasonBadProtocolLevel  Reason = "bad_protocol_level"
	ReasonConnectTimeout    Reason = "connect_timeout"
	ReasonTLSHandshake      Reason = "tls_handshake"
	ReasonBadAPIVersion     Reason = "bad_api_version"

	ReasonMissingCertificate  Reason = "missing_certificate"
	ReasonForeignCertificate  Reason = "foreign_certificate"  // for another device
	ReasonBadCertificate      Reason = "bad_certificate"      // an unknown thumbprint or authority, or not valid now
	ReasonWrongAuthentication Reason = "wrong_authentication" // a token where a certificate is registered
	ReasonUnknownEnrollment   Reason = "unknown_enrollment"
	ReasonForeignScope        Reason = "foreign_id_scope"
)

// Reasons of disconnections; some are reasons of refusals too.
const (
	ReasonEvicted          Reason = "evicted" // another client uses this device id
	ReasonKeepAlive        Reason = "keep_alive"
	ReasonTokenExpired     Reason = "token_expired"
	ReasonClientDisconnect Reason = "client_disconnect"
	ReasonConnectionLost   Reason = "connection_lost" // the client went without DISCONNECT
	ReasonUnknownTopic     Reason = "unknown_topic"
	ReasonForeignTopic     Reason = "foreign_topic" // another device's
	ReasonQoS2             Reason = "qos2"
	ReasonMalformedBag     Reason = "malformed_bag"
	ReasonForbiddenExpiry  Reason = "forbidden_expiry" // $.exp on telemetry
	ReasonMissingRID       Reason = "missing_rid"
	ReasonTooLarge         Reason = "too_large"
	ReasonBadSubscription  Reason = "bad_subscription"
	ReasonProtocolError    Reason = "protocol_error"
	ReasonNotRecorded      Reason = "not_recorded" // Options.Record failed
	ReasonFault            Reason = "fault"
	ReasonKicked           Reason = "kicked" // Hub.Disconnect
	ReasonShutdown         Reason = "shutdown"
	ReasonThrottled        Reason = "throttled"      // the tier's rate
	ReasonQuota            Reason = "quota_exceeded" // the tier's messages per day
	ReasonDeaf             Reason = "deaf"           // the client does not read what it is sent
)

// Reasons of the other events.
const (
	ReasonNewSession       Reason = "new_session"
	ReasonSessionResumed   Reason = "session_resumed"
	ReasonOutOfOrder       Reason = "out_of_order"
	ReasonUnknownPacket    Reason = "unknown_packet_id"
	ReasonC2DExpired       Reason = "expired"
	ReasonC2DDeliveryCount Reason = "delivery_count_exceeded"
	ReasonC2DPurged        Reason = "purged"
)

// Event is one thing that happened. Fields that its Kind does not need are
// zero. Readers must not change the maps and the body.
type Event struct {
	Kind   Kind
	Device string // "" when not known yet
	Module string // "" for a device itself
	Reason Reason
	Detail string // for a human
	Code   int    // CONNACK return code of a refusal, status of an answer

	Topic       string
	QoS         byte
	Dup, Retain bool
	Properties  map[string]string // decoded, by their key on the wire, e.g. "$.mid"
	System      map[string]string // what the hub stamps, e.g. "iothub-enqueuedtime"
	Body        []byte

	At time.Time
}

// Message is one device-to-cloud message, as a reader of the hub's built-in
// endpoint would see it.
type Message struct {
	Device string
	Module string // "" for a device itself
	Topic  string
	QoS    byte
	// Properties are application and system properties, decoded, by their key
	// on the wire: "$.mid", "$.ct", own names, and "mqtt-dup", "mqtt-retain"
	// and "iothub-MessageType" where the hub adds them.
	Properties map[string]string
	// System are the properties the hub stamps, e.g.
	// "iothub-connection-device-id".
	System map[string]string
	Body   []byte
	At     time.Time
	Dup    bool
	Retain bool
}

// message is the message of a d2c event.
func (e *Event) message() Message {
	return Message{
		Device: e.Device, Module: e.Module, Topic: e.Topic, QoS: e.QoS, Properties: e.Properties,
		System: e.System, Body: e.Body, At: e.At, Dup: e.Dup, Retain: e.Retain,
	}
}

// record is an event as one line of JSON. Users rely on the names.
type record struct {
	Event      Kind              `json:"event"`
	Device     string            `json:"device"`
	Module     string            `json:"module,omitempty"`
	Reason     Reason            `json:"reason,omitempty"`
	Detail     string            `json:"detail,omitempty"`
	Code       int               `json:"code,omitempty"`
	Topic      string            `json:"topic,omitempty"`
	QoS        *byte             `json:"qos,omitempty"`
	Dup        bool              `json:"dup,omitempty"`
	Retain     bool              `json:"retain,omitempty"`
	Properties map[string]string `json:"properties,omitzero"`
	System     map[string]string `json:"system,omitempty"`
	Body       []byte            `json:"body,omitzero"`
	At         time.Time         `json:"at"`
}

// MarshalJSON writes the record line of e, without the newline: body in
// base64, time in RFC 3339, UTC.
func (e Event) MarshalJSON() ([]byte, error) {
	r := record{
		Event: e.Kind, Device: e.Device, Module: e.Module, Reason: e.Reason, Detail: e.Detail, Code: e.Code,
		Topic: e.Topic, Dup: e.Dup, Retain: e.Retain,
		Properties: e.Properties, System: e.System, Body: e.Body, At: e.At.UTC(),
	}
	if e.Topic != "" {
		r.QoS = &e.QoS
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // topics are full of '&'
	if err := enc.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), nil
}

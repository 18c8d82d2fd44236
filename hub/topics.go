package hub

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Keys of the system properties in a property bag.
const (
	keyMessageID       = "$.mid"
	keyCorrelationID   = "$.cid"
	keyUserID          = "$.uid"
	keyTo              = "$.to"
	keyExpiry          = "$.exp"
	keyContentType     = "$.ct"
	keyContentEncoding = "$.ce"
	keyCreated         = "$.ctime"
	keyAck             = "iothub-ack"
)

// Limits of one device-to-cloud message. The hub's is 256 KB over body and
// properties, and it closes the connection instead of saying so; a little is
// left for what it counts differently.
const (
	maxMessageSize = 255_000
	maxMessageID   = 128
	maxTopic       = 65_535 // MQTT's, for any string
)

// What a device subscribes to.
const (
	twinResponseFilter = "$iothub/twin/res/#"
	desiredFilter      = "$iothub/twin/PATCH/properties/desired/#"
	methodsFilter      = "$iothub/methods/POST/#"
)

// maxFilters is how many of them one SUBSCRIBE takes.
const maxFilters = 4

// deviceboundFilter is what a device subscribes to for C2D messages.
func deviceboundFilter(deviceID string) string {
	return "devices/" + deviceID + "/messages/devicebound/#"
}

// twinGetTopic asks for the whole twin.
func twinGetTopic(rid string) string { return "$iothub/twin/GET/?$rid=" + rid }

// twinPatchTopic reports properties.
func twinPatchTopic(rid string) string { return "$iothub/twin/PATCH/properties/reported/?$rid=" + rid }

// methodResultTopic answers the method call with that rid.
func methodResultTopic(status int, rid string) string {
	return "$iothub/methods/res/" + strconv.Itoa(status) + "/?$rid=" + rid
}

// twinResponse is what the topic of an answer about the twin says.
type twinResponse struct {
	status  int // like those of HTTP
	rid     string
	version int64 // of the reported properties, after a patch
}

// parseTwinResponse reads "$iothub/twin/res/{status}/?$rid={rid}&$version={n}",
// the parameters in any order.
func parseTwinResponse(topic string) (r twinResponse, ok bool) {
	rest, ok := strings.CutPrefix(topic, "$iothub/twin/res/")
	status, query, cut := strings.Cut(rest, "/")
	if !ok || !cut {
		return r, false
	}
	var err error
	if r.status, err = strconv.Atoi(status); err != nil {
		return r, false
	}
	r.rid = parameter(query, "$rid")
	r.version, _ = strconv.ParseInt(parameter(query, "$version"), 10, 64)
	return r, r.rid != ""
}

// parseDesired reads "$iothub/twin/PATCH/properties/desired/?$version={n}".
func parseDesired(topic string) (version int64, ok bool) {
	query, ok := strings.CutPrefix(topic, "$iothub/twin/PATCH/properties/desired/")
	if !ok {
		return 0, false
	}
	version, err := strconv.ParseInt(parameter(query, "$version"), 10, 64)
	return version, err == nil
}

// parseMethod reads "$iothub/methods/POST/{name}/?$rid={rid}". The rid is
// opaque: it goes back as it came.
func parseMethod(topic string) (name, rid string, ok bool) {
	rest, ok := strings.CutPrefix(topic, "$iothub/methods/POST/")
	name, query, cut := strings.Cut(rest, "/")
	rid = parameter(query, "$rid")
	return name, rid, ok && cut && name != "" && rid != ""
}

// parameter finds a value in "?a=b&c=d".
func parameter(query, name string) string {
	for pair := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// parseDevicebound returns the properties in the topic of a C2D message to
// deviceID. The hub has been seen to write both "devicebound" and
// "deviceBound".
func parseDevicebound(deviceID, topic string) ([]Property, error) {
	rest, ok := strings.CutPrefix(topic, "devices/"+deviceID+"/messages/")
	name, bag, _ := strings.Cut(rest, "/")
	if !ok || !strings.EqualFold(name, "devicebound") {
		return nil, fmt.Errorf("%q is not a C2D topic of device %s", topic, deviceID)
	}
	return parseBag(bag)
}

// eventsTopic returns the topic that carries m's properties to the hub. An
// error means that the hub can never take m.
func eventsTopic(deviceID string, m Message) (string, error) {
	if err := checkMessage(m); err != nil {
		return "", err
	}
	topic := "devices/" + deviceID + "/messages/events/" + encodeBag(allProperties(m))
	if len(topic) > maxTopic {
		return "", fmt.Errorf("properties take %d bytes of topic: at most %d", len(topic), maxTopic)
	}
	return topic, nil
}

// allProperties puts the system properties before the application's.
func allProperties(m Message) []Property {
	all := make([]Property, 0, 5+len(m.Properties))
	for _, p := range []Property{
		{keyMessageID, m.ID},
		{keyCorrelationID, m.CorrelationID},
		{keyContentType, m.ContentType},
		{keyContentEncoding, m.ContentEncoding},
		{keyCreated, isoTime(m.Created)},
	} {
		if p.Value != "" {
			all = append(all, p)
		}
	}
	return append(all, m.Properties...)
}

// isoTime is t as the hub wants its times; empty if t is zero.
func isoTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func checkMessage(m Message) error {
	if len(m.ID) > maxMessageID {
		return fmt.Errorf("message id has %d characters: at most %d", len(m.ID), maxMessageID)
	}
	if len(m.CorrelationID) > maxMessageID {
		return fmt.Errorf("correlation id has %d characters: at most %d", len(m.CorrelationID), maxMessageID)
	}
	for _, p := range m.Properties {
		if err := CheckProperty(p); err != nil {
			return err
		}
	}
	if size := m.size(); size > maxMessageSize {
		return fmt.Errorf("message has %d bytes with its properties: at most %d", size, maxMessageSize)
	}
	return nil
}

// size is what the hub counts: the body and all properties.
func (m Message) size() int {
	size := len(m.Body) + len(m.ID) + len(m.CorrelationID) + len(m.ContentType) + len(m.ContentEncoding) + len(isoTime(m.Created))
	for _, p := range m.Properties {
		size += len(p.Key) + len(p.Value)
	}
	return size
}

// CheckProperty reports whether p can be an application property: its name
// is not empty and not one of the hub's own.
func CheckProperty(p Property) error {
	if p.Key == "" {
		return errors.New("property without a name")
	}
	if strings.HasPrefix(p.Key, "$.") || strings.HasPrefix(strings.ToLower(p.Key), "iothub-") {
		return fmt.Errorf("property %q: names that begin with $. or iothub- belong to the hub", p.Key)
	}
	return nil
}

// userName is the MQTT user name of a device. Product and model id are
// percent-encoded, the rest is not.
func userName(host, deviceID, apiVersion, product, modelID string) string {
	name := host + "/" + deviceID + "/?api-version=" + apiVersion
	if product != "" {
		name += "&DeviceClientType=" + escape(product)
	}
	if modelID != "" {
		name += "&model-id=" + escape(modelID)
	}
	return name
}

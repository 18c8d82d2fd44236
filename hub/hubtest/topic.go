package hubtest

import "strings"

// target is what a published topic addresses.
type target uint8

const (
	toUnknown target = iota
	toForeign        // another device's
	toEvents         // rest is the property bag
	toTwinGet        // rest is the query
	toTwinPatch
	toMethodResponse
	toCredentials
)

// The topics that begin with $iothub, up to their query. Source: Microsoft's
// "Communicate with an IoT hub using the MQTT protocol".
const (
	twinGetPrefix     = "$iothub/twin/GET/"
	twinPatchPrefix   = "$iothub/twin/PATCH/properties/reported/"
	methodResPrefix   = "$iothub/methods/res/"
	credentialsPrefix = "$iothub/credentials/POST/issueCertificate/"
)

// parseTopic says what topic, published by device, addresses, and returns its
// variable rest.
func parseTopic(device, topic string) (t target, rest string) {
	if after, ok := strings.CutPrefix(topic, "devices/"); ok {
		return parseDeviceTopic(device, after)
	}
	for _, fixed := range []struct {
		prefix string
		target target
	}{
		{twinGetPrefix, toTwinGet},
		{twinPatchPrefix, toTwinPatch},
		{credentialsPrefix, toCredentials},
	} {
		if query, ok := strings.CutPrefix(topic, fixed.prefix); ok && isQuery(query) {
			return fixed.target, strings.TrimPrefix(query, "?")
		}
	}
	if after, ok := strings.CutPrefix(topic, methodResPrefix); ok {
		status, query, ok := strings.Cut(after, "/")
		if ok && isNumber(status) && isQuery(query) {
			return toMethodResponse, strings.TrimPrefix(query, "?")
		}
	}
	return toUnknown, ""
}

// parseDeviceTopic reads {device}/messages/events[/[?]bag[/]].
func parseDeviceTopic(device, s string) (target, string) {
	id, after, _ := strings.Cut(s, "/")
	if id != device {
		return toForeign, ""
	}
	bag, ok := strings.CutPrefix(after, "messages/events")
	if !ok || bag == "" {
		return known(ok), ""
	}
	if bag, ok = strings.CutPrefix(bag, "/"); !ok {
		return toUnknown, ""
	}
	// A raw slash ends the bag, and only the end may follow it.
	bag = strings.TrimPrefix(strings.TrimSuffix(bag, "/"), "?")
	return known(!strings.Contains(bag, "/")), bag
}

func known(ok bool) target {
	if ok {
		return toEvents
	}
	return toUnknown
}

func isQuery(s string) bool {
	return s == "" || s[0] == '?' && !strings.Contains(s, "/")
}

func isNumber(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// requestID is the $rid of a query, as it came: answers carry it verbatim.
func requestID(query string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); unescape(name) == "$rid" {
			return value
		}
	}
	return ""
}

// The filters a device may subscribe to. Same source.
const (
	twinResponseFilter = "$iothub/twin/res/#"
	twinDesiredFilter  = "$iothub/twin/PATCH/properties/desired/#"
	methodFilter       = "$iothub/methods/POST/#"
	credentialsFilter  = "$iothub/credentials/res/#"
)

// maxSubscriptions is the hub's documented limit for one device.
const maxSubscriptions = 5

// c2dFilter is the filter of device's C2D messages.
func c2dFilter(device string) string { return "devices/" + device + "/messages/devicebound/#" }

// knownFilter reports whether device may subscribe to filter.
func knownFilter(device, filter string) bool {
	switch filter {
	case c2dFilter(device), twinResponseFilter, twinDesiredFilter, methodFilter, credentialsFilter:
		return true
	}
	return false
}

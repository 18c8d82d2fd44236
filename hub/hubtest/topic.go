package hubtest

import (
	"strconv"
	"strings"
)

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

// parseTopic says what topic, published by a device, addresses, and returns
// its variable rest. base is where the device's topics begin: its id, or for
// a module "device/modules/module".
func parseTopic(base, topic string) (t target, rest string) {
	if after, ok := strings.CutPrefix(topic, "devices/"); ok {
		return parseDeviceTopic(base, after)
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

// parseDeviceTopic reads {base}/messages/events[/[?]bag[/]].
func parseDeviceTopic(base, s string) (target, string) {
	after, ok := strings.CutPrefix(s+"/", base+"/")
	if !ok {
		return toForeign, ""
	}
	bag, ok := strings.CutPrefix(strings.TrimSuffix(after, "/"), "messages/events")
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

// methodStatus is the status in the topic of a method's answer.
func methodStatus(topic string) int {
	status, _, _ := strings.Cut(strings.TrimPrefix(topic, methodResPrefix), "/")
	n, _ := strconv.Atoi(status) // digits, or beyond what an int holds
	return n
}

// requestID is the $rid of a query, as it came: answers carry it verbatim.
func requestID(query string) string { return queryValue(query, "$rid") }

// queryValue is the value of a name in a topic's query, as it came.
func queryValue(query, want string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); unescape(name) == want {
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

// moduleFilter is the filter of what a module receives.
func moduleFilter(d *device) string { return "devices/" + d.base() + "/#" }

// knownFilter reports whether d may subscribe to filter.
func knownFilter(d *device, filter string) bool {
	switch filter {
	case twinResponseFilter, twinDesiredFilter, methodFilter, credentialsFilter:
		return true
	case c2dFilter(d.id):
		return d.module == ""
	case moduleFilter(d):
		return d.module != ""
	}
	return false
}

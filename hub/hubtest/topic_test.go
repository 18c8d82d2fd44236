package hubtest

import (
	"strings"
	"testing"
)

func TestParseTopic(t *testing.T) {
	for _, test := range []struct {
		topic string
		want  target
		rest  string
	}{
		{"devices/lora1/messages/events", toEvents, ""},
		{"devices/lora1/messages/events/", toEvents, ""},
		{"devices/lora1/messages/events/a=b", toEvents, "a=b"},
		{"devices/lora1/messages/events/?a=b", toEvents, "a=b"},
		{"devices/lora1/messages/events/a=b/", toEvents, "a=b"},
		{"devices/lora1/messages/events/a=b/c", toUnknown, "a=b/c"},
		{"devices/lora1/messages/eventsX", toUnknown, ""},
		{"devices/lora1/messages/Events/", toUnknown, ""},
		{"devices/lora1/messages", toUnknown, ""},
		{"devices/lora1", toUnknown, ""},
		{"devices/lora2/messages/events/", toForeign, ""},
		{"devices/LORA1/messages/events/", toForeign, ""},
		{"devices/lora1/messages/devicebound/", toUnknown, ""},
		{"/devices/lora1/messages/events/", toUnknown, ""},
		{"hello", toUnknown, ""},
		{"$iothub/twin/GET/?$rid=1", toTwinGet, "$rid=1"},
		{"$iothub/twin/GET/", toTwinGet, ""},
		{"$iothub/twin/GET", toUnknown, ""},
		{"$iothub/twin/GET/x", toUnknown, ""},
		{"$iothub/twin/PATCH/properties/reported/?$rid=2&$version=3", toTwinPatch, "$rid=2&$version=3"},
		{"$iothub/twin/PATCH/properties/desired/?$rid=2", toUnknown, ""},
		{"$iothub/methods/res/200/?$rid=a1", toMethodResponse, "$rid=a1"},
		{"$iothub/methods/res/ok/?$rid=a1", toUnknown, ""},
		{"$iothub/credentials/POST/issueCertificate/?$rid=1", toCredentials, "$rid=1"},
	} {
		got, rest := parseTopic("lora1", test.topic)
		if got != test.want || got != toUnknown && rest != test.rest {
			t.Errorf("%s: got %v %q, want %v %q", test.topic, got, rest, test.want, test.rest)
		}
	}
}

func TestRequestID(t *testing.T) {
	for query, want := range map[string]string{
		"$rid=1": "1", "$version=2&$rid=a-b": "a-b", "%24rid=7": "7", "": "", "rid=1": "", "$rid": "",
	} {
		if got := requestID(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func FuzzParseTopic(f *testing.F) {
	for _, seed := range []string{"devices/lora1/messages/events/a=b", "$iothub/methods/res/200/?$rid=1", "devices/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		got, rest := parseTopic("lora1", topic)
		if got == toEvents && !strings.HasPrefix(topic, "devices/lora1/messages/events") {
			t.Errorf("%q: taken for events with %q", topic, rest)
		}
		if (got == toEvents || got == toTwinGet) && strings.Contains(rest, "/") {
			t.Errorf("%q: a slash in %q", topic, rest)
		}
	})
}

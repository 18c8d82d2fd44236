package hub

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cutEvents splits an events topic into device id and property bag.
func cutEvents(topic string) (deviceID, bag string, ok bool) {
	rest, ok := strings.CutPrefix(topic, "devices/")
	deviceID, bag, found := strings.Cut(rest, "/messages/events/")
	return deviceID, bag, ok && found
}

// The vector was computed with Node's encodeURIComponent as Microsoft's
// SDK uses it.
func TestEventsTopic(t *testing.T) {
	tests := []struct {
		name    string
		message Message
		want    string
	}{
		{"nothing", Message{}, "devices/lora-a81758fffe03abcd/messages/events/"},
		{"vector", Message{
			ID:              "8d216a29-8a85-4598-ac9e-0a2d3f3f3c1f",
			ContentType:     "application/json;charset=utf-8",
			ContentEncoding: "utf-8",
			Properties: []Property{
				{"devEui", "A81758FFFE03ABCD"},
				{"site", "Hall 3/West & Co"},
				{"temp°", "+21=ok?#%"},
			},
		}, "devices/lora-a81758fffe03abcd/messages/events/%24.mid=8d216a29-8a85-4598-ac9e-0a2d3f3f3c1f&%24.ct=application%2Fjson%3Bcharset%3Dutf-8&%24.ce=utf-8&devEui=A81758FFFE03ABCD&site=Hall%203%2FWest%20%26%20Co&temp%C2%B0=%2B21%3Dok%3F%23%25"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := eventsTopic("lora-a81758fffe03abcd", tt.message)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("topic (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventsTopicRefuses(t *testing.T) {
	tests := []struct {
		name    string
		message Message
		want    string
	}{
		{"long id", Message{ID: strings.Repeat("x", 129)}, "message id has 129 characters"},
		{"no name", Message{Properties: []Property{{"", "v"}}}, "without a name"},
		{"system name", Message{Properties: []Property{{"$.exp", "v"}}}, "belong to the hub"},
		{"hub's name", Message{Properties: []Property{{"IoTHub-ack", "v"}}}, "belong to the hub"},
		{"too big", Message{Body: make([]byte, 255_000), ID: "x"}, "255001 bytes"},
		{"topic too long", Message{Properties: []Property{{"k", strings.Repeat("°", 20_000)}}}, "of topic"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := eventsTopic("lora1", tt.message)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestParseBag(t *testing.T) {
	tests := []struct {
		bag  string
		want []Property
		bad  bool
	}{
		{bag: ""},
		{bag: "?"},
		{bag: "/rest"},
		{bag: "a=1", want: []Property{{"a", "1"}}},
		{bag: "?a=1/", want: []Property{{"a", "1"}}},
		{bag: "prop1&prop2=&prop3=a%20string", want: []Property{{"prop1", ""}, {"prop2", ""}, {"prop3", "a string"}}},
		{bag: "a=1+2", want: []Property{{"a", "1+2"}}},
		{bag: "a=1/b=2", want: []Property{{"a", "1"}}},
		{bag: "a=100%", want: []Property{{"a", "100%"}}},
		{bag: "%24.mid=x&$.to=%2Fy", want: []Property{{"$.mid", "x"}, {"$.to", "/y"}}},
		{bag: "a=1=2", bad: true},
		{bag: "=1", bad: true},
		{bag: "&a=1", want: []Property{{"a", "1"}}, bad: true},
		{bag: "a=1&", want: []Property{{"a", "1"}}, bad: true},
		{bag: "a=1&&b=2", want: []Property{{"a", "1"}, {"b", "2"}}, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.bag, func(t *testing.T) {
			got, err := parseBag(tt.bag)
			if (err != nil) != tt.bad {
				t.Fatalf("error %v, want one: %v", err, tt.bad)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("bag (-want +got):\n%s", diff)
			}
		})
	}
}

// Topics as the hub has been seen to write them.
func TestParseDevicebound(t *testing.T) {
	tests := []struct {
		topic, mid string
		bad        bool
	}{
		{topic: "devices/lora1/messages/devicebound/%24.mid=2411a9b5&%24.to=%2Fdevices%2Flora1%2Fmessages%2Fdevicebound&%24.ce=utf-8&iothub-ack=none", mid: "2411a9b5"},
		{topic: "devices/lora1/messages/deviceBound/%24.exp=2020-07-25T14%3A14%3A25.1720000Z&%24.mid=Commands%3Ac2d", mid: "Commands:c2d"},
		{topic: "devices/lora1/messages/devicebound/iothub-ack=Full&%24.cid&%24.uid"},
		{topic: "devices/lora1/messages/devicebound"},
		{topic: "devices/LORA1/messages/devicebound/", bad: true},
		{topic: "devices/lora1/messages/events/", bad: true},
		{topic: "$iothub/twin/res/200/?$rid=1", bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.topic, func(t *testing.T) {
			bag, err := parseDevicebound("lora1", tt.topic)
			if (err != nil) != tt.bad {
				t.Fatalf("error %v, want one: %v", err, tt.bad)
			}
			if got := messageID(bag); got != tt.mid {
				t.Errorf("message id %q, want %q", got, tt.mid)
			}
		})
	}
}

func TestUserName(t *testing.T) {
	const want = "contoso.azure-devices.net/dev:1/?api-version=2021-04-12&DeviceClientType=gatewayd%2F0.1.0%20%28linux%3B%20arm64%29"
	if got := userName("contoso.azure-devices.net", "dev:1", "2021-04-12", "gatewayd/0.1.0 (linux; arm64)", ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := userName("h", "d", "v", "", "dtmi:com:example:LoraSensor;1"), "h/d/?api-version=v&model-id=dtmi%3Acom%3Aexample%3ALoraSensor%3B1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is encoded must parse to the same, and hold nothing that MQTT forbids
// in a topic.
func FuzzBag(f *testing.F) {
	f.Add("temp°", "+21=ok?#%", "k", "")
	f.Add("a b", "\x00/\xff", "&", "=")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		if k1 == "" || k2 == "" {
			return
		}
		want := []Property{{k1, v1}, {k2, v2}}
		bag := encodeBag(want)
		if strings.ContainsAny(bag, "+#/ \x00") {
			t.Fatalf("%q has characters that do not belong in a topic", bag)
		}
		got, err := parseBag(bag)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	})
}

// Whatever a server writes into a topic, parsing ends in an answer, and what
// is accepted can be encoded and parsed again.
func FuzzParseDevicebound(f *testing.F) {
	f.Add("devices/lora1/messages/devicebound/%24.mid=1&a")
	f.Add("devices/lora1/messages/deviceBound/?a=%zz/")
	f.Fuzz(func(t *testing.T, topic string) {
		bag, err := parseDevicebound("lora1", topic)
		if err != nil || len(bag) == 0 {
			return
		}
		again, err := parseBag(encodeBag(bag))
		if err != nil {
			t.Fatalf("%q: %v", bag, err)
		}
		if diff := cmp.Diff(bag, again); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

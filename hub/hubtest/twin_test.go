package hubtest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestReport(t *testing.T) {
	tw := newTwin(time.Now())
	for i, step := range []struct{ patch, want string }{
		{`{"fw":"1.0","net":{"a":1,"b":2}}`, `{"fw":"1.0","net":{"a":1,"b":2}}`},
		{`{"fw":null,"net":{"a":null,"c":3}}`, `{"net":{"b":2,"c":3}}`},
		{`{"net":4503599627370496}`, `{"net":4503599627370496}`},
		{`{}`, `{"net":4503599627370496}`},
	} {
		if err := tw.report([]byte(step.patch), time.Now()); err != nil {
			t.Fatalf("%s: %v", step.patch, err)
		}
		got, err := json.Marshal(tw.reported.values)
		if string(got) != step.want || err != nil || tw.reported.version != i+2 {
			t.Errorf("%s: got %s, version %d, %v; want %s, %d", step.patch, got, tw.reported.version, err, step.want, i+2)
		}
	}
	for _, patch := range []string{"", " ", "null", "[]", `"x"`, `{"a":1`, `{} {}`, `{"$version":3}`, `{"a":"` + strings.Repeat("x", maxReported) + `"}`} {
		if err := tw.report([]byte(patch), time.Now()); err == nil || tw.reported.version != 5 {
			t.Errorf("%.20q: accepted", patch)
		}
	}
}

func TestTwinOverMQTT(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", true)
	c.subscribe(0, twinResponseFilter)
	for _, step := range []struct{ topic, body, answer, want string }{
		{"$iothub/twin/GET/?$rid=a-1", " ", "$iothub/twin/res/200/?$rid=a-1", `{"desired":{"$version":1},"reported":{"$version":1}}`},
		{"$iothub/twin/PATCH/properties/reported/?$rid=2", `{"fw":"1"}`, "$iothub/twin/res/204/?$rid=2&$version=2", ""},
		{"$iothub/twin/PATCH/properties/reported/?$rid=3", `{"fw"`, "$iothub/twin/res/400/?$rid=3", `"errorCode":400004`},
		{"$iothub/twin/GET/?$rid=4", "", "$iothub/twin/res/200/?$rid=4", `"reported":{"$version":2,"fw":"1"}`},
	} {
		c.send(publishPacket(step.topic, 0, 0, step.body))
		p := receive[*packets.PublishPacket](c)
		if p.TopicName != step.answer || !strings.Contains(string(p.Payload), step.want) || p.Qos != 0 {
			t.Errorf("%s: got %s %s", step.topic, p.TopicName, p.Payload)
		}
	}
	c.send(publishPacket("$iothub/twin/PATCH/properties/reported/", 1, 1, `{"fw":"2"}`))
	receive[*packets.PubackPacket](c) // done, and no answer
	c.send(publishPacket("$iothub/methods/res/200/?$rid=1", 1, 2, "{}"))
	receive[*packets.PubackPacket](c)
	if got, err := h.Twin("lora1"); err != nil || !strings.Contains(string(got), `"fw":"2"`) {
		t.Errorf("got %s, %v", got, err)
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"a":{"b":null},"c":[1]}`))
	f.Add([]byte(`{"a":`))
	f.Fuzz(func(t *testing.T, patch []byte) {
		tw := newTwin(time.Now())
		if err := tw.report(patch, time.Now()); err != nil {
			return
		}
		if _, err := tw.document(); err != nil {
			t.Errorf("%q: %v", patch, err)
		}
	})
}

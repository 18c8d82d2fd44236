package hubtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestAdmin(t *testing.T) {
	h := serve(t, Options{})
	for _, test := range []struct {
		method, target, body string
		status               int
	}{
		{"POST", "/devices/lora1/messages/devicebound?$.mid=m1&$.ct=text%2Fplain&colour=deep%20red", "open", 204},
		{"POST", "/devices/lora9/messages/devicebound", "open", 404},
		{"POST", "/devices/lora1/messages/devicebound", strings.Repeat("x", maxC2DSize+1), 413},
		{"POST", "/faults", `{"device":"lora2","fault":"refuse","code":5,"delay":"2s","count":1,"store":true}`, 204},
		{"POST", "/faults", `{"fault":"explode"}`, 400},
		{"POST", "/faults", `{"fault":"drop","delay":"soon"}`, 400},
		{"POST", "/faults", `{"fault":"drop","colour":"red"}`, 400},
		{"DELETE", "/faults?device=lora1", "", 204},
		{"DELETE", "/devices/lora1/connection", "", 204},
		{"GET", "/twins/lora1", "", 200},
		{"GET", "/twins/lora9", "", 404},
		{"GET", "/messages", "", 200},
		{"GET", "/events", "", 200},
	} {
		w := httptest.NewRecorder()
		h.Admin().ServeHTTP(w, httptest.NewRequest(test.method, test.target, strings.NewReader(test.body)))
		if w.Code != test.status {
			t.Errorf("%s %s: status %d (%s), want %d", test.method, test.target, w.Code, w.Body, test.status)
		}
	}

	c := open(t, h, "lora1", false)
	c.send(subscribePacket(1, c2dFilter("lora1")))
	receive[*packets.SubackPacket](c)
	p := receive[*packets.PublishPacket](c)
	if want := "%24.mid=m1&%24.to=%2Fdevices%2Flora1%2Fmessages%2Fdevicebound&%24.ct=text%2Fplain&iothub-ack=none&colour=deep%20red"; !strings.HasSuffix(p.TopicName, "/"+want) {
		t.Errorf("got %s", p.TopicName)
	}
	if f, ok := h.faults.take("lora2", FaultKind.atConnect); !ok || f.Code != 5 || !f.Store || f.Delay.Seconds() != 2 {
		t.Errorf("got %+v", f)
	}
}

func TestAdminMessages(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", false)
	c.send(publishPacket(testTopic+"a=b", 1, 1, "x"))
	receive[*packets.PubackPacket](c)
	w := httptest.NewRecorder()
	h.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/messages", nil))
	var got []struct {
		Event, Device, Topic string
		Properties           map[string]string
		Body                 []byte
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Event != "d2c" || got[0].Properties["a"] != "b" || string(got[0].Body) != "x" {
		t.Errorf("got %s", w.Body)
	}
}

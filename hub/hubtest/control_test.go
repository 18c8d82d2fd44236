package hubtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestControl(t *testing.T) {
	h := serve(t, Options{})
	for _, test := range []struct {
		method, target, body string
		status               int
	}{
		{"POST", "/emulator/faults", `{"device":"lora2","fault":"refuse","code":5,"delay":"2s","count":1,"store":true}`, 204},
		{"POST", "/emulator/faults", `{"fault":"explode"}`, 400},
		{"POST", "/emulator/faults", `{"fault":"drop","delay":"soon"}`, 400},
		{"POST", "/emulator/faults", `{"fault":"drop","colour":"red"}`, 400},
		{"DELETE", "/emulator/faults?device=lora1", "", 204},
		{"DELETE", "/emulator/connections/lora1", "", 204},
		{"DELETE", "/emulator/connections/lora9", "", 404},
		{"POST", "/emulator/clock", `{"jump":"soon"}`, 400},
		{"POST", "/emulator/clock", `{"jump":"-1s"}`, 204},
		{"POST", "/emulator/certificates", "x", 400},
		{"POST", "/emulator/certificates", string(h.CAPEM()), 204},
		{"GET", "/emulator/messages", "", 200},
		{"GET", "/emulator/events", "", 200},
		{"GET", "/emulator/weather", "", 404},
	} {
		if got := ask(h.Control(), test.method, test.target, test.body); got.status != test.status {
			t.Errorf("%s %s %s: %+v, want %d", test.method, test.target, test.body, got, test.status)
		}
	}
	if f, ok := h.faults.take("lora2", FaultKind.atConnect); !ok || f.Code != 5 || !f.Store || f.Delay.Seconds() != 2 {
		t.Errorf("got %+v", f)
	}
}

func TestControlMessages(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", false)
	c.send(publishPacket(testTopic+"a=b", 1, 1, "x"))
	receive[*packets.PubackPacket](c)
	answer := ask(h.Control(), "GET", "/emulator/messages", "")
	var got []struct {
		Event, Device, Topic string
		Properties           map[string]string
		Body                 []byte
	}
	if err := json.Unmarshal([]byte(answer.body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Event != "d2c" || got[0].Properties["a"] != "b" || string(got[0].Body) != "x" {
		t.Errorf("got %s", answer.body)
	}
}

// A jump of the hub's clock ends connections whose token it makes too old.
func TestClockJump(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		h.JumpClock(30 * time.Minute)
		c.send(packets.NewControlPacket(packets.Pingreq))
		receive[*packets.PingrespPacket](c)
		start := time.Now()
		h.JumpClock(35 * time.Minute)
		if e := waitIn(t.Context(), t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonTokenExpired || time.Since(start) != 0 {
			t.Errorf("got %+v after %v", e, time.Since(start))
		}
		c.closed()
	})
}

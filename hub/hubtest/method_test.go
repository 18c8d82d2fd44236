package hubtest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// answerMethod answers the next method call with a status and a body.
func (c *client) answerMethod(want, status, body string) {
	c.t.Helper()
	p := nextPublish(c)
	name, rid, ok := strings.Cut(strings.TrimPrefix(p.TopicName, "$iothub/methods/POST/"), "/?$rid=")
	if !ok || name+" "+string(p.Payload) != want || p.Qos != 0 {
		c.t.Fatalf("got %s %s, QoS %d, want %s", p.TopicName, p.Payload, p.Qos, want)
	}
	c.send(publishPacket("$iothub/methods/res/"+status+"/?$rid="+rid, 0, 0, body))
}

func TestMethod(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", true)
	c.subscribe(0, methodFilter)
	done := make(chan answered)
	go func() {
		done <- ask(h.Service(), "POST", "/twins/lora1/methods", `{"methodName":"reboot","payload":{"delay":5},"responseTimeoutInSeconds":20}`)
	}()
	c.answerMethod(`reboot {"delay":5}`, "207", `{"ok":true}`)
	if got := <-done; got.status != 200 || got.body != `{"payload":{"ok":true},"status":207}` {
		t.Errorf("got %+v", got)
	}
	go func() { done <- ask(h.Service(), "POST", "/twins/lora1/methods", `{"methodName":"stop"}`) }()
	c.answerMethod("stop ", "200", "")
	if got := <-done; got.status != 200 || got.body != `{"payload":null,"status":200}` {
		t.Errorf("got %+v", got)
	}
}

func TestMethodErrors(t *testing.T) {
	h := serve(t, Options{})
	open(t, h, "lora1", true) // connected, not subscribed
	for _, test := range []struct {
		target, body string
		status       int
		code         string
	}{
		{"/twins/lora1/methods", `{"methodName":"reboot"}`, 404, "DeviceNotOnline"},
		{"/twins/lora2/methods", `{"methodName":"reboot"}`, 404, "DeviceNotOnline"},
		{"/twins/nobody/methods", `{"methodName":"reboot"}`, 404, "DeviceNotFound"},
		{"/twins/lora1/methods", `{"methodName":"re boot"}`, 400, "ArgumentInvalid"},
		{"/twins/lora1/methods", `{"methodName":"a/b"}`, 400, "ArgumentInvalid"},
		{"/twins/lora1/methods", `{"methodName":"reboot","responseTimeoutInSeconds":4}`, 400, "ArgumentInvalid"},
		{"/twins/lora1/methods", `{"methodName":"reboot","responseTimeoutInSeconds":0}`, 400, "ArgumentInvalid"},
		{"/twins/lora1/methods", `{"methodName":"reboot","connectTimeoutInSeconds":301}`, 400, "ArgumentInvalid"},
		{"/twins/lora1/methods", `{"methodName":"reboot","payload":"` + strings.Repeat("x", maxMethodPayload) + `"}`, 400, "ArgumentInvalid"},
	} {
		got := ask(h.Service(), "POST", test.target, test.body)
		if got.status != test.status || got.header.Get("iothub-errorcode") != test.code {
			t.Errorf("%s %.60s: got %d %s", test.target, test.body, got.status, got.header.Get("iothub-errorcode"))
		}
	}
	got := ask(h.Service(), "POST", "/twins/lora2/methods", `{"methodName":"reboot"}`)
	var message string
	if err := json.Unmarshal([]byte(member(t, got.body, "Message")), &message); err != nil || member(t, message, "errorCode") != "404103" {
		t.Errorf("got %s, %v", got.body, err)
	}
}

func TestMethodTimeouts(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		start := time.Now()
		_, err := h.Invoke(t.Context(), "lora1", Method{Name: "reboot", ConnectTimeout: 7 * time.Second})
		if !errors.Is(err, ErrNotOnline) || time.Since(start) != 7*time.Second {
			t.Errorf("offline: %v after %v", err, time.Since(start))
		}
		c.connectFor(600, time.Hour)
		result := make(chan error)
		start = time.Now()
		go func() {
			_, err := h.Invoke(t.Context(), "lora1", Method{Name: "reboot", ConnectTimeout: time.Minute, ResponseTimeout: 10 * time.Second})
			result <- err
		}()
		synctest.Wait()
		c.subscribe(0, methodFilter) // the call was waiting for that
		p := nextPublish(c)
		if err := <-result; !errors.Is(err, ErrNoAnswer) || time.Since(start) != 10*time.Second {
			t.Errorf("no answer: %v after %v", err, time.Since(start))
		}
		late := strings.Replace(strings.Replace(p.TopicName, "POST/reboot", "res/200", 1), "//", "/", 1)
		c.send(publishPacket(late, 1, 1, "{}"))
		receive[*packets.PubackPacket](c) // late answers are ignored
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := h.Invoke(ctx, "lora1", Method{Name: "again"})
			result <- err
		}()
		nextPublish(c)
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// A device whose session was kept is ready for methods as soon as it is back.
func TestMethodAfterReconnect(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", false)
	c.subscribe(0, methodFilter)
	c.disconnect()
	wait(t, h, EventDisconnected, "lora1", 1)
	result := make(chan error, 1)
	go func() {
		_, err := h.Invoke(context.Background(), "lora1", Method{Name: "reboot", ConnectTimeout: time.Minute})
		result <- err
	}()
	c = open(t, h, "lora1", false)
	c.answerMethod("reboot ", "200", "")
	if err := <-result; err != nil {
		t.Error(err)
	}
}

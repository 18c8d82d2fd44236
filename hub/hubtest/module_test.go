package hubtest

import (
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func modulePacket() *packets.ConnectPacket {
	p := connectPacket("lora1")
	p.ClientIdentifier = "lora1/m1"
	p.Username = testHost + "/lora1/m1/?api-version=2021-04-12"
	p.Password = []byte(token(testHost+"%2Fdevices%2Flora1%2Fmodules%2Fm1", time.Now().Add(time.Hour)))
	return p
}

func TestModule(t *testing.T) {
	h := serve(t, Options{})
	if err := h.AddModule("lora9", "m1", keyV1); err == nil {
		t.Error("a module of an unknown device")
	}
	if err := h.AddModule("lora1", "m1", keyV1); err != nil {
		t.Fatal(err)
	}
	device := open(t, h, "lora1", true)
	c := openWith(t, h, modulePacket()) // beside its device
	c.subscribe(1, "devices/lora1/modules/m1/#", twinResponseFilter, methodFilter)
	c.send(publishPacket("devices/lora1/modules/m1/messages/events/a=b", 1, 1, "x"))
	receive[*packets.PubackPacket](c)
	m := h.Messages()[0]
	if m.Device != "lora1" || m.Module != "m1" || m.Properties["a"] != "b" || m.System["iothub-connection-module-id"] != "m1" ||
		m.System["iothub-connection-auth-method"] != `{"scope":"module","type":"sas","issuer":"iothub"}` {
		t.Errorf("got %+v", m)
	}
	c.send(publishPacket("$iothub/twin/PATCH/properties/reported/?$rid=1", 0, 0, `{"a":1}`))
	if p := nextPublish(c); p.TopicName != "$iothub/twin/res/204/?$rid=1&$version=2" {
		t.Errorf("got %s", p.TopicName)
	}
	if got := ask(h.Service(), "GET", "/twins/lora1/modules/m1", ""); member(t, got.body, "properties.reported.a") != "1" {
		t.Errorf("got %+v", got)
	}
	if got := ask(h.Service(), "GET", "/twins/lora1", ""); member(t, got.body, "properties.reported.a") != "null" {
		t.Errorf("the device has its module's twin: %+v", got)
	}
	if err := h.SendC2D("lora1/m1", C2D{}); err == nil {
		t.Error("modules get no C2D messages")
	}
	device.send(publishPacket("devices/lora1/modules/m1/messages/events/", 1, 1, "x"))
	device.closed()
	if err := h.RemoveDevice("lora1"); err != nil {
		t.Fatal(err)
	}
	c.closed()
}

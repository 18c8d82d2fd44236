package hubtest

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestConnectAccepted(t *testing.T) {
	h := serve(t, Options{})
	later := time.Now().Add(time.Hour)
	for name, change := range map[string]func(*packets.ConnectPacket){
		"documented":           func(*packets.ConnectPacket) {},
		"no api-version":       func(p *packets.ConnectPacket) { p.Username = testHost + "/lora1" },
		"no question mark":     func(p *packets.ConnectPacket) { p.Username = testHost + "/lora1/api-version=2020-09-30" },
		"host in another case": func(p *packets.ConnectPacket) { p.Username = "Contoso.Azure-Devices.Net/lora1" },
		"host with a port": func(p *packets.ConnectPacket) {
			p.Username = testHost + ":8883/lora1/?api-version=2021-04-12"
			p.Password = []byte(token(testHost+":8883%2Fdevices%2Flora1", later))
		},
		"lower-case escapes":       func(p *packets.ConnectPacket) { p.Password = []byte(token(testHost+"%2fdevices%2flora1", later)) },
		"raw sr":                   func(p *packets.ConnectPacket) { p.Password = []byte(token(testHost+"/devices/lora1", later)) },
		"sr is the hub":            func(p *packets.ConnectPacket) { p.Password = []byte(token(testHost, later)) },
		"expired within the grace": func(p *packets.ConnectPacket) { p.Password = []byte(token(testHost, time.Now().Add(-4*time.Minute))) },
		"will": func(p *packets.ConnectPacket) {
			p.WillFlag, p.WillTopic, p.WillQos, p.WillMessage = true, testTopic, 1, []byte("gone")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := connectPacket("lora1")
			change(p)
			openWith(t, h, p).disconnect()
		})
	}
}

func TestConnectRefused(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name   string
		quirks Quirks
		change func(*packets.ConnectPacket)
		code   byte
		reason Reason
	}{
		{"expired", Quirks{}, func(p *packets.ConnectPacket) { p.Password = []byte(token(testHost, time.Now().Add(-6*time.Minute))) }, 5, ReasonExpiredToken},
		{"wrong key", Quirks{}, func(p *packets.ConnectPacket) { p.Password[len(p.Password)-30] ^= 1 }, 5, ReasonBadSignature},
		{"token of another device", Quirks{}, func(p *packets.ConnectPacket) { p.Password = []byte(token(testHost+"%2Fdevices%2Flora2", later)) }, 5, ReasonForeignToken},
		{"policy", Quirks{}, func(p *packets.ConnectPacket) { p.Password = append(p.Password, "&skn=device"...) }, 5, ReasonUnknownPolicy},
		{"no password", Quirks{}, func(p *packets.ConnectPacket) { p.PasswordFlag, p.Password = false, nil }, 5, ReasonMissingToken},
		{"no token", Quirks{}, func(p *packets.ConnectPacket) { p.Password = []byte("secret") }, 5, ReasonMalformedToken},
		{"unknown device", Quirks{}, func(p *packets.ConnectPacket) { p.Username, p.ClientIdentifier = testHost+"/lora9", "lora9" }, 5, ReasonUnknownDevice},
		{"device id in another case", Quirks{}, func(p *packets.ConnectPacket) { p.Username, p.ClientIdentifier = testHost+"/Lora1", "Lora1" }, 5, ReasonUnknownDevice},
		{"module", Quirks{}, func(p *packets.ConnectPacket) { p.Username, p.ClientIdentifier = testHost+"/lora1/m/", "lora1/m" }, 5, ReasonUnknownDevice},
		{"client id", Quirks{}, func(p *packets.ConnectPacket) { p.ClientIdentifier = "lora2" }, 5, ReasonClientIDMismatch},
		{"host", Quirks{}, func(p *packets.ConnectPacket) { p.Username = "fabrikam.azure-devices.net/lora1" }, 5, ReasonHostMismatch},
		{"user name", Quirks{}, func(p *packets.ConnectPacket) { p.Username = "lora1" }, 3, ReasonMalformedUsername},
		{"user name, other code", Quirks{MalformedUsernameCode: 5}, func(p *packets.ConnectPacket) { p.Username = "lora1" }, 5, ReasonMalformedUsername},
		{"no user name", Quirks{}, func(p *packets.ConnectPacket) {
			p.UsernameFlag, p.PasswordFlag, p.Username, p.Password = false, false, "", nil
		}, 3, ReasonMalformedUsername},
		{"api-version wanted", Quirks{RequireAPIVersion: true}, func(p *packets.ConnectPacket) { p.Username = testHost + "/lora1" }, 3, ReasonMalformedUsername},
		{"api-version that nobody documents", Quirks{}, func(p *packets.ConnectPacket) { p.Username = testHost + "/lora1/?api-version=2099-01-01" }, 5, ReasonBadAPIVersion},
		{"MQTT 3.1", Quirks{}, func(p *packets.ConnectPacket) { p.ProtocolName, p.ProtocolVersion = "MQIsdp", 3 }, 1, ReasonBadProtocolLevel},
		{"MQTT 5", Quirks{}, func(p *packets.ConnectPacket) { p.ProtocolVersion = 5 }, 1, ReasonBadProtocolLevel},
		{"MQTT 5, closed", Quirks{CloseOnBadLevel: true}, func(p *packets.ConnectPacket) { p.ProtocolVersion = 5 }, 0, ReasonBadProtocolLevel},
		{"will to another topic", Quirks{}, func(p *packets.ConnectPacket) { p.WillFlag, p.WillTopic = true, "gone" }, 3, ReasonUnknownTopic},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, Options{Quirks: test.quirks})
			p := connectPacket("lora1")
			test.change(p)
			c := dial(t, h)
			c.send(p)
			if test.code != 0 {
				if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != test.code || ack.SessionPresent {
					t.Errorf("CONNACK %d, session present %v: want %d, false", ack.ReturnCode, ack.SessionPresent, test.code)
				}
			}
			c.closed()
			events := h.History()
			if len(events) != 1 || events[0].Kind != EventRefused || events[0].Reason != test.reason || events[0].Code != int(test.code) {
				t.Errorf("got %+v, want one refusal for %s", events, test.reason)
			}
		})
	}
}

func TestFirstPacket(t *testing.T) {
	h := serve(t, Options{})
	c := dial(t, h)
	c.send(packets.NewControlPacket(packets.Pingreq))
	c.closed()
	if e := wait(t, h, EventRefused, "", 1); e.Reason != ReasonProtocolError {
		t.Errorf("got %+v", e)
	}
}

func TestDisabledAndRemoved(t *testing.T) {
	h := serve(t, Options{Quirks: Quirks{DisabledCode: 3}})
	c := open(t, h, "lora1", false)
	if err := h.DisableDevice("lora1"); err != nil {
		t.Fatal(err)
	}
	c.closed()
	if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonDisabledDevice {
		t.Errorf("got %+v", e)
	}
	c = dial(t, h)
	c.send(connectPacket("lora1"))
	if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 3 {
		t.Errorf("CONNACK %d", ack.ReturnCode)
	}
	if err := h.AddDevice("lora1", keyV1); err != nil {
		t.Fatal(err)
	}
	c = open(t, h, "lora1", false)
	if err := h.RemoveDevice("lora1"); err != nil {
		t.Fatal(err)
	}
	c.closed()
	if err := h.SendC2D("lora1", C2D{}); err == nil {
		t.Error("a removed device takes C2D messages")
	}
}

func TestEviction(t *testing.T) {
	h := serve(t, Options{})
	first := open(t, h, "lora1", false)
	second := open(t, h, "lora1", false)
	first.closed()
	if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonEvicted {
		t.Errorf("got %+v", e)
	}
	second.send(publishPacket(testTopic, 1, 7, "still here"))
	if ack := receive[*packets.PubackPacket](second); ack.MessageID != 7 {
		t.Errorf("PUBACK %d", ack.MessageID)
	}
	var kinds []Kind
	for _, e := range h.History() {
		kinds = append(kinds, e.Kind)
	}
	if kinds[1] != EventDisconnected || kinds[2] != EventConnected {
		t.Errorf("got %v: want the old connection gone before the new one is accepted", kinds)
	}
}

func TestSessionPresent(t *testing.T) {
	h := serve(t, Options{})
	for i, step := range []struct{ clean, want bool }{
		{false, false},
		{false, true},
		{true, false},
		{false, false},
		{false, true},
	} {
		p := connectPacket("lora1")
		p.CleanSession = step.clean
		c := dial(t, h)
		c.send(p)
		if ack := receive[*packets.ConnackPacket](c); ack.SessionPresent != step.want {
			t.Errorf("step %d: session present %v", i, ack.SessionPresent)
		}
		c.disconnect()
		wait(t, h, EventDisconnected, "lora1", i+1)
	}
}

func TestTLSVersion(t *testing.T) {
	for _, tls13 := range []bool{false, true} {
		h := serve(t, Options{Quirks: Quirks{TLS13: tls13}})
		c := dial(t, h)
		got := c.conn.(*tls.Conn).ConnectionState().Version
		if want := map[bool]uint16{false: tls.VersionTLS12, true: tls.VersionTLS13}[tls13]; got != want {
			t.Errorf("TLS13 %v: got %x", tls13, got)
		}
	}
}

func TestForeignCA(t *testing.T) {
	h, other := serve(t, Options{}), serve(t, Options{})
	if _, err := tls.Dial("tcp", h.Addr(), other.ClientTLS()); err == nil {
		t.Fatal("another hub's CA is as good")
	}
	if e := wait(t, h, EventRefused, "", 1); e.Reason != ReasonTLSHandshake {
		t.Errorf("got %+v", e)
	}
}

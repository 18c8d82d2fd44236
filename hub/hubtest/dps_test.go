package hubtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

const (
	testScope = "0ne00111111"
	// The group key that Microsoft's "Symmetric key attestation" shows, and
	// what it derives for vectorID.
	groupKeyV8 = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
	vectorID   = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"
	derivedV8  = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
	tokenV10   = "SharedAccessSignature sr=0ne00111111%2Fregistrations%2Fsn-007-888-abc-mac-a1-b2-c3-d4-e5-f6&sig=YMQlBWv9k5zDUPfonvJU5px7ENbAn0OqGMxi6bK%2FeJY%3D&skn=registration&se=1767225600"
)

// vectorTime is when tokenV10 is good.
func vectorTime() time.Time { return time.Unix(1767225600-60, 0) }

// provision starts a hub and a provisioning service with one group.
func provision(t *testing.T, o ProvisioningOptions, more ...*Hub) (*Provisioning, *Hub) {
	t.Helper()
	h := serve(t, Options{Now: vectorTime})
	o.IDScope = testScope
	p, err := NewProvisioning(o, append([]*Hub{h}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.EnrollGroup(Enrollment{ID: "default", Keys: []string{keyV1, groupKeyV8}}); err != nil {
		t.Fatal(err)
	}
	if err := p.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, h
}

func dpsPacket(id, password string) *packets.ConnectPacket {
	p := connectPacket(id)
	p.CleanSession = true
	p.Username = testScope + "/registrations/" + id + "/api-version=2019-03-31&ClientVersion=test%2F1"
	p.PasswordFlag, p.Password = password != "", []byte(password)
	return p
}

// enter connects to the provisioning service and subscribes to answers.
func enter(t *testing.T, p *Provisioning, h *Hub, connect *packets.ConnectPacket, cert *testCert) *client {
	t.Helper()
	c := dialWith(t, p.Addr(), h.ClientTLS(), cert)
	c.send(connect)
	if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 0 {
		t.Fatalf("CONNACK %d: %+v", ack.ReturnCode, h.History())
	}
	c.subscribe(1, dpsResponseFilter)
	return c
}

// request publishes and returns the answer's topic and body.
func (c *client) request(topic, body string) (string, string) {
	c.t.Helper()
	c.send(publishPacket(topic, 1, 1, body))
	receive[*packets.PubackPacket](c)
	p := nextPublish(c)
	return strings.TrimPrefix(p.TopicName, "$dps/registrations/res/"), string(p.Payload)
}

func (c *client) register(id string) (string, string) {
	c.t.Helper()
	return c.request(dpsRegisterTopic+"?$rid=1", `{"registrationId":"`+id+`","payload":{"modelId":"x"}}`)
}

// poll asks what became of an operation, whose answer body is given.
func (c *client) poll(t *testing.T, body string) (string, string) {
	t.Helper()
	return c.request(dpsStatusTopic+"?$rid=2&operationId="+strings.Trim(member(t, body, "operationId"), `"`), " ")
}

func TestDeriveKey(t *testing.T) {
	if got := base64.StdEncoding.EncodeToString(deriveKey(decodeKey(t, groupKeyV8), vectorID)); got != derivedV8 {
		t.Errorf("got %s, want %s", got, derivedV8)
	}
}

func TestProvisionGroup(t *testing.T) {
	for _, first := range []bool{false, true} {
		p, h := provision(t, ProvisioningOptions{Polls: 1, RetryAfterFirst: first})
		c := enter(t, p, h, dpsPacket(vectorID, tokenV10), nil)
		topic, body := c.register(vectorID)
		want := map[bool]string{false: "202/?$rid=1&retry-after=3", true: "202/?retry-after=3&$rid=1"}[first]
		if topic != want || member(t, body, "status") != `"assigning"` {
			t.Fatalf("got %s %s", topic, body)
		}
		if topic, again := c.poll(t, body); !strings.HasPrefix(topic, "202/") {
			t.Errorf("got %s %s", topic, again)
		}
		topic, body = c.poll(t, body)
		if topic != "200/?$rid=2" || member(t, body, "status") != `"assigned"` || member(t, body, "registrationState.assignedHub") != `"`+testHost+`"` ||
			member(t, body, "registrationState.deviceId") != `"`+vectorID+`"` || member(t, body, "registrationState.substatus") != `"initialAssignment"` {
			t.Errorf("got %s %s", topic, body)
		}
		d, err := h.device(vectorID)
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := d.credentials(); base64.StdEncoding.EncodeToString(a.keys[1]) != derivedV8 {
			t.Error("the hub has not the derived key")
		}
		c.disconnect()
	}
}

func TestProvisionRefused(t *testing.T) {
	p, h := provision(t, ProvisioningOptions{})
	change := func(f func(*packets.ConnectPacket)) *packets.ConnectPacket {
		c := dpsPacket(vectorID, tokenV10)
		f(c)
		return c
	}
	if err := p.Enroll(Enrollment{ID: "single", Keys: []string{keyV2}}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		packet *packets.ConnectPacket
		code   byte
		want   Reason
	}{
		"another scope":   {change(func(c *packets.ConnectPacket) { c.Username = strings.Replace(c.Username, "0ne0", "0ne1", 1) }), 5, ReasonForeignScope},
		"another device":  {dpsPacket("stranger", tokenV10), 5, ReasonForeignToken},
		"wrong signature": {dpsPacket(vectorID, strings.Replace(tokenV10, "YMQ", "YMR", 1)), 5, ReasonBadSignature},
		"no policy":       {dpsPacket(vectorID, strings.Replace(tokenV10, "&skn=registration", "", 1)), 5, ReasonBadSignature},
		"no credentials":  {dpsPacket(vectorID, ""), 5, ReasonMissingToken},
		"client id":       {change(func(c *packets.ConnectPacket) { c.ClientIdentifier = "x" }), 5, ReasonClientIDMismatch},
		"api-version": {change(func(c *packets.ConnectPacket) {
			c.Username = strings.Replace(c.Username, "2019-03-31", "1999-01-01", 1)
		}), 5, ReasonBadAPIVersion},
		"user name of a hub":                        {connectPacket("lora1"), 3, ReasonMalformedUsername},
		"a group's key for an individual enrolment": {dpsPacket("single", groupToken(t, "single")), 5, ReasonBadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialWith(t, p.Addr(), h.ClientTLS(), nil)
			c.send(test.packet)
			if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != test.code {
				t.Errorf("CONNACK %d, want %d", ack.ReturnCode, test.code)
			}
			c.closed()
			if _, err := h.WaitEvents(within(t), 1, func(e Event) bool { return e.Kind == EventDPSRefused && e.Reason == test.want }); err != nil {
				t.Errorf("%v: %+v", err, h.History())
			}
		})
	}
}

// groupToken is a token with the key that derives from groupKeyV8.
func groupToken(t *testing.T, id string) string {
	t.Helper()
	return registrationToken(id, deriveKey(decodeKey(t, groupKeyV8), id))
}

func registrationToken(id string, key []byte) string {
	sr := testScope + "%2Fregistrations%2F" + id
	return tokenWith(key, sr, vectorTime().Add(time.Hour)) + "&skn=registration"
}

func TestProvisionIndividuals(t *testing.T) {
	ca := newCert(t, "fleet CA", nil)
	own, member1, stranger := newCert(t, "cert-1", nil), newCert(t, "fleet-7", ca), newCert(t, "stranger", nil)
	second, err := New(Options{Hostname: "fabrikam.azure-devices.net"})
	if err != nil {
		t.Fatal(err)
	}
	p, h := provision(t, ProvisioningOptions{}, second)
	thumbprint, _ := thumbprintAuth([]string{fmt.Sprintf("%x", sum(own))})
	for _, err := range []error{
		p.Enroll(Enrollment{ID: "Single", Keys: []string{keyV2}, DeviceID: "renamed", Hub: "fabrikam.azure-devices.net"}),
		p.Enroll(Enrollment{ID: "off", Keys: []string{keyV2}, Disabled: true}),
		p.Enroll(Enrollment{ID: "cert-1", Thumbprints: thumbprint.thumbprints}),
		p.EnrollGroup(Enrollment{ID: "fleet", CA: ca.pem()}),
		p.Enroll(Enrollment{ID: "custom", Keys: []string{keyV2}, Allocate: func(_ string, payload json.RawMessage) (string, json.RawMessage, error) {
			return "fabrikam.azure-devices.net", payload, nil
		}}),
		p.Enroll(Enrollment{ID: "fails", Keys: []string{keyV2}, Allocate: func(string, json.RawMessage) (string, json.RawMessage, error) {
			return "", nil, errors.New("no hub is free")
		}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	key := decodeKey(t, keyV2)
	for _, test := range []struct {
		id         string
		cert       *testCert
		topic      string
		path, want string
	}{
		{"single", nil, "200/", "registrationState.deviceId", `"renamed"`},
		{"single", nil, "200/", "registrationState.assignedHub", `"fabrikam.azure-devices.net"`},
		{"off", nil, "200/", "status", `"disabled"`},
		{"custom", nil, "200/", "registrationState.payload", `{"modelId":"x"}`},
		{"fails", nil, "200/", "registrationState.errorCode", "400207"},
		{"fails", nil, "200/", "status", `"failed"`},
		{"cert-1", own, "200/", "registrationState.deviceId", `"cert-1"`},
		{"fleet-7", member1, "200/", "status", `"assigned"`},
		{"stranger", stranger, "401/", "errorCode", "401002"},
		{"cert-1", stranger, "401/", "message", `"Invalid certificate."`},
	} {
		password := ""
		if test.cert == nil {
			password = registrationToken(test.id, key)
		}
		c := enter(t, p, h, dpsPacket(test.id, password), test.cert)
		topic, body := c.register(test.id)
		if strings.HasPrefix(topic, "202/") {
			topic, body = c.poll(t, body)
		}
		if !strings.HasPrefix(topic, test.topic) || member(t, body, test.path) != test.want {
			t.Errorf("%s: got %s %s, want %s %s", test.id, topic, body, test.path, test.want)
		}
		c.disconnect()
	}
	for name, d := range map[*Hub]string{h: "fleet-7", second: "renamed"} {
		if _, err := name.device(d); err != nil {
			t.Error(err)
		}
	}
}

func sum(c *testCert) [32]byte { return sha256.Sum256(c.cert.Raw) }

func TestProvisionErrors(t *testing.T) {
	p, h := provision(t, ProvisioningOptions{Polls: 99})
	c := enter(t, p, h, dpsPacket(vectorID, tokenV10), nil)
	var got []string
	note := func(topic, body string) {
		got = append(got, strings.SplitN(topic, "/", 2)[0]+" "+member(t, body, "errorCode"))
	}
	note(c.request(dpsRegisterTopic+"?$rid=1", `{"registrationId":"somebody else"}`))
	note(c.request(dpsRegisterTopic+"?$rid=1", `{`))
	note(c.request(dpsStatusTopic+"?$rid=1&operationId=unknown", ""))
	for _, f := range []Fault{{Kind: FaultThrottle, Count: 1}, {Kind: FaultError, Status: 503, Count: 1}} {
		if err := p.Inject(vectorID, f); err != nil {
			t.Fatal(err)
		}
		note(c.register(vectorID))
	}
	_, operation := c.register(vectorID)
	for range pollBurst { // with the one above, more than allowed
		note(c.poll(t, operation))
	}
	p.Remove("default")
	note(c.register(vectorID))
	want := []string{"400 400004", "400 400004", "404 404002", "429 429001", "503 503001", "202 null", "202 null", "202 null", "202 null", "429 429001", "404 404204"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, topic := range []string{dpsRegisterTopic, "$dps/registrations/PUT/?$rid=1", testTopic} {
		c := enter(t, p, h, dpsPacketFor(t, p), nil)
		c.send(publishPacket(topic, 0, 0, ""))
		c.closed()
	}
	c = enter(t, p, h, dpsPacketFor(t, p), nil)
	c.send(subscribePacket(1, "$dps/#"))
	c.closed()
	if err := p.Inject("", Fault{Kind: FaultSlow}); err == nil {
		t.Error("a fault that the provisioning service does not have")
	}
}

// dpsPacketFor enrols a device again and returns its CONNECT.
func dpsPacketFor(t *testing.T, p *Provisioning) *packets.ConnectPacket {
	t.Helper()
	if err := p.EnrollGroup(Enrollment{ID: "default", Keys: []string{groupKeyV8}}); err != nil {
		t.Fatal(err)
	}
	return dpsPacket(vectorID, tokenV10)
}

func TestProvisionWebSocket(t *testing.T) {
	p, h := provision(t, ProvisioningOptions{})
	addr, err := p.ListenWebSocket("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := websocket.Dialer{TLSClientConfig: h.ClientTLS(), Subprotocols: []string{"mqtt"}, HandshakeTimeout: patience}
	ws, _, err := d.Dial("wss://"+addr+webSocketPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c := &client{t, &webSocketStream{Conn: ws.NetConn(), ws: ws}}
	c.send(dpsPacket(vectorID, tokenV10))
	receive[*packets.ConnackPacket](c)
	c.subscribe(1, dpsResponseFilter)
	if topic, body := c.register(vectorID); !strings.HasPrefix(topic, "202/") {
		t.Errorf("got %s %s", topic, body)
	}
	c.disconnect()
}

func TestEnrollRefuses(t *testing.T) {
	p, _ := provision(t, ProvisioningOptions{})
	for name, err := range map[string]error{
		"no id":                 p.Enroll(Enrollment{Keys: []string{keyV1}}),
		"bad id":                p.Enroll(Enrollment{ID: "a/b", Keys: []string{keyV1}}),
		"bad key":               p.Enroll(Enrollment{ID: "a", Keys: []string{"secret!"}}),
		"nothing to check":      p.Enroll(Enrollment{ID: "a"}),
		"bad CA":                p.EnrollGroup(Enrollment{ID: "a", CA: []byte("x")}),
		"unknown hub":           p.Enroll(Enrollment{ID: "a", Keys: []string{keyV1}, Hub: "x"}),
		"thumbprints of groups": p.EnrollGroup(Enrollment{ID: "a", Thumbprints: []string{strings.Repeat("0", 40)}}),
	} {
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewProvisioning(ProvisioningOptions{}); err == nil {
		t.Error("a service without scope and hub")
	}
}

func TestProvisionControl(t *testing.T) {
	p, h := provision(t, ProvisioningOptions{})
	for _, step := range []struct {
		method, target, body string
		status               int
	}{
		{"PUT", "/emulator/dps/enrollments/new", `{"keys":["` + keyV2 + `"],"deviceId":"dev"}`, 204},
		{"PUT", "/emulator/dps/enrollments/new", `{"keys":["?"]}`, 400},
		{"PUT", "/emulator/dps/enrollments/new", `{"colour":"red"}`, 400},
		{"PUT", "/emulator/dps/groups/more", `{"keys":["` + keyV2 + `"]}`, 204},
		{"DELETE", "/emulator/dps/groups/more", "", 204},
		{"POST", "/emulator/dps/faults", `{"fault":"refuse","device":"new","count":1}`, 204},
		{"POST", "/emulator/dps/faults", `{"fault":"slow"}`, 400},
	} {
		if got := ask(p.Control(), step.method, step.target, step.body); got.status != step.status {
			t.Errorf("%s %s %s: %+v", step.method, step.target, step.body, got)
		}
	}
	c := dialWith(t, p.Addr(), h.ClientTLS(), nil)
	c.send(dpsPacket("new", registrationToken("new", decodeKey(t, keyV2))))
	if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 3 {
		t.Errorf("CONNACK %d", ack.ReturnCode)
	}
	if got := ask(p.Control(), "DELETE", "/emulator/dps/faults", ""); got.status != 204 {
		t.Errorf("%+v", got)
	}
	enter(t, p, h, dpsPacket("new", registrationToken("new", decodeKey(t, keyV2))), nil).disconnect()
}

func FuzzParseDPSUsername(f *testing.F) {
	f.Add("0ne00111111/registrations/dev/api-version=2019-03-31&ClientVersion=x")
	f.Add("a/registrations/b/?api-version=%")
	f.Fuzz(func(t *testing.T, s string) {
		scope, id, version, err := parseDPSUsername(s)
		if err == nil && (scope == "" || id == "" || version == "" || strings.Contains(id, "/")) {
			t.Errorf("%q: accepted as %q %q %q", s, scope, id, version)
		}
	})
}

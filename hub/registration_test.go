package hub

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/secret"
)

// Keys of Microsoft's "Symmetric key attestation" page, and the tokens that
// belong to them, computed with Microsoft's algorithm.
const groupKeyV8 = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="

func TestGroupKey(t *testing.T) {
	group, err := NewGroupKey(secret.NewText(groupKeyV8))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6": "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=",
		"lora-a81758fffe03abcd":                "Pmh705dBuXWVhIrslZViI4Ta87UVs7BIrZVs6+hcGJw=",
		"LORA-A81758FFFE03ABCD":                "Pmh705dBuXWVhIrslZViI4Ta87UVs7BIrZVs6+hcGJw=",
	} {
		derived, err := NewDeviceKey(secret.NewText(want))
		if err != nil {
			t.Fatal(err)
		}
		if group.DeviceKey(id) != derived {
			t.Errorf("key of %s is not %s", id, want)
		}
	}
	if _, err := NewGroupKey(secret.NewText("c2hvcnQ=")); err == nil || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("a short group key: %v", err)
	}
}

const testScope = "0ne00111111"

func testProvisioner(t *testing.T, h *testHub, cache AssignmentCache) *Provisioner {
	t.Helper()
	p, err := NewProvisioner(ProvisionerOptions{
		IDScope: testScope, Host: testHost, Roots: h.roots, Clock: trustedClock(), Dial: h.dial, Log: h.logger, Cache: cache,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRegistrationLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		group, err := NewGroupKey(secret.NewText(groupKeyV8))
		if err != nil {
			t.Fatal(err)
		}
		h := newTestHub(t, func(*peer) {})
		p := testProvisioner(t, h, nil)
		<-time.After(time.Until(time.Unix(1767225600, 0).Add(-provisioningTTL)))
		who, err := p.login("lora-a81758fffe03abcd", group.DeviceKey("lora-a81758fffe03abcd"))
		if err != nil {
			t.Fatal(err)
		}
		const want = "SharedAccessSignature sr=0ne00111111%2Fregistrations%2Flora-a81758fffe03abcd&sig=VwwvS8G%2FF2B3HRoxJx5IF0DbVJR%2B9cQMJRTmwryD7es%3D&se=1767225600&skn=registration"
		if got := who.password.Reveal(); got != want {
			t.Errorf("token %s, want %s", got, want)
		}
		if want := "0ne00111111/registrations/lora-a81758fffe03abcd/api-version=2019-03-31"; who.userName != want {
			t.Errorf("user name %s, want %s", who.userName, want)
		}
	})
}

// answering reads a request and answers it.
func (p *peer) answering(status int, parameters, body string) (topic string) {
	topic = p.heard()
	_, rid, _ := strings.Cut(topic, "$rid=")
	rid, _, _ = strings.Cut(rid, "&")
	rid, _, _ = strings.Cut(rid, " ")
	p.send(fmt.Sprintf("$dps/registrations/res/%d/?%s", status, strings.ReplaceAll(parameters, "RID", "$rid="+rid)), body, 0, 0, false)
	return topic
}

// registering reads CONNECT and SUBSCRIBE of a registration.
func (p *peer) registering() bool {
	if !p.answer(0) {
		return false
	}
	subscribe, ok := p.read().(*packets.SubscribePacket)
	if !ok || len(subscribe.Topics) != 1 || subscribe.Topics[0] != registrationFilter {
		return false
	}
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID, ack.ReturnCodes = subscribe.MessageID, []byte{1}
	p.write(ack)
	return true
}

const assigned = `{"operationId":"op","status":"assigned","registrationState":{"assignedHub":"contoso.azure-devices.net","deviceId":"lora1"}}`

func TestRegister(t *testing.T) {
	place := Assignment{"contoso.azure-devices.net", "lora1"}
	tests := []struct {
		name   string
		script func(p *peer, said func(string))
		want   Assignment
		fails  string
		wait   time.Duration // retry-after of the error
		heard  []string
		took   time.Duration // without the wait for its turn
	}{
		{name: "at once", script: func(p *peer, _ func(string)) { p.answering(200, "RID", assigned) }, want: place},
		{name: "assigning", script: func(p *peer, said func(string)) {
			said(p.answering(202, "RID&retry-after=3", `{"operationId":"op.1","status":"assigning"}`))
			said(p.answering(202, "retry-after=4&RID", `{"operationId":"op.1","status":"assigning"}`))
			said(p.answering(202, "RID", `{"operationId":"op.1","status":"unassigned"}`))
			said(p.answering(200, "RID", assigned))
		}, want: place, took: 9 * time.Second, heard: []string{
			`$dps/registrations/PUT/iotdps-register/?$rid=1 {"registrationId":"lora1","payload":{"modelId":"dtmi:x;1"}}`,
			`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=op.1`,
			`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=3&operationId=op.1`,
			`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=4&operationId=op.1`,
		}},
		{name: "failed", script: func(p *peer, _ func(string)) {
			p.answering(200, "RID", `{"status":"failed","registrationState":{"errorCode":400207,"errorMessage":"no hub"}}`)
		}, fails: `code 400207: "failed no hub"`},
		{name: "disabled", script: func(p *peer, _ func(string)) {
			p.answering(200, "RID", `{"operationId":"","status":"disabled"}`)
		}, fails: "disabled"},
		{name: "unauthorised", script: func(p *peer, _ func(string)) {
			p.answering(401, "RID", `{"errorCode":401002,"message":"Invalid certificate."}`)
		}, fails: "401002"},
		{name: "throttled", script: func(p *peer, _ func(string)) {
			p.answering(429, "RID&retry-after=17", `{"errorCode":429001}`)
		}, fails: "429001", wait: 17 * time.Second},
		{name: "throttled for long", script: func(p *peer, _ func(string)) {
			p.answering(429, "RID&retry-after=600", `{"errorCode":429001}`)
		}, fails: "429001", wait: 10 * time.Minute},
		{name: "throttled while assigning", script: func(p *peer, said func(string)) {
			p.answering(202, "RID&retry-after=3", `{"operationId":"op.1","status":"assigning"}`)
			p.answering(429, "RID&retry-after=5", `{"errorCode":429001}`)
			p.answering(503, "RID", "")
			said(p.answering(200, "RID", assigned))
		}, want: place, took: 10 * time.Second, heard: []string{`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=4&operationId=op.1`}},
		{name: "assigning for ever", script: func(p *peer, _ func(string)) {
			for p.answering(202, "RID&retry-after=600", `{"operationId":"op.1","status":"assigning"}`) != "the end" {
			}
		}, fails: errUndecided.Error(), took: maxRegistration},
		{name: "preview hub", script: func(p *peer, _ func(string)) {
			p.answering(200, "RID", strings.Replace(assigned, `"deviceId"`, `"connectionProfile":"mqttV5","deviceId"`, 1))
		}, fails: "mqttV5"},
		{name: "classic, spelled out", script: func(p *peer, _ func(string)) {
			p.answering(200, "RID", strings.Replace(assigned, `"deviceId"`, `"connectionProfile":"classic","deviceId"`, 1))
		}, want: place},
		{name: "nonsense", script: func(p *peer, _ func(string)) {
			p.answering(200, "RID", `{"status":"assigned","registrationState":{"assignedHub":"../x","deviceId":"a/b"}}`)
		}, fails: "assignment"},
		{name: "silence", script: func(p *peer, _ func(string)) { p.linger() }, fails: "deadline", took: 30 * time.Second},
		{name: "closed", script: func(*peer, func(string)) {}, fails: "provisioning: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got journal
				h := newTestHub(t, func(p *peer) {
					if p.registering() {
						tt.script(p, got.add)
					}
				})
				p := testProvisioner(t, h, nil)
				begin := time.Now()
				a, fresh, err := p.assign(t.Context(), "Lora1", testDevice(t, "lora1", nil).Credential, "dtmi:x;1", false)
				checkError(t, err, tt.fails, "")
				if took := time.Since(begin); took < tt.took || took > tt.took+time.Second {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if a != tt.want || fresh != (tt.fails == "") {
					t.Errorf("assignment %+v, fresh %v, want %+v", a, fresh, tt.want)
				}
				if refused, ok := errors.AsType[provisioningError](err); tt.wait > 0 && (!ok || refused.retryAfter != tt.wait) {
					t.Errorf("error %+v, want to wait %v", refused, tt.wait)
				}
				if diff := cmp.Diff(tt.heard, got.all()); diff != "" {
					t.Errorf("heard (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// shelf is an AssignmentCache in memory.
type shelf map[string]Assignment

func (s shelf) Load(id string) (Assignment, error) { return s[id], nil }
func (s shelf) Save(id string, a Assignment) error { s[id] = a; return nil }
func (s shelf) reads(t *testing.T, id, device string) {
	t.Helper()
	if s[id].DeviceID != device {
		t.Errorf("kept %v, want %s for %s", s, device, id)
	}
}

// A device is provisioned once, remembered, and provisioned again when its hub
// refuses it.
func TestProvisionAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if !p.hello() {
				return
			}
			switch user := p.connect.Username; {
			case strings.HasPrefix(user, testScope+"/registrations/lora1/"):
				got.add("registration")
				if p.registering() {
					p.answering(200, "RID", strings.Replace(assigned, `"lora1"`, `"new-name"`, 1))
				}
			case strings.HasPrefix(user, testHost+"/old-name/"):
				got.add("old")
				p.answer(5)
			default:
				got.add(p.connect.ClientIdentifier)
				if p.accept() {
					p.serve(got.add)
				}
			}
		})
		cache := shelf{"lora1": {testHost, "old-name"}}
		d := testDevice(t, "", newFeed("m1"))
		d.Provisioning = Provisioning{testProvisioner(t, h, cache), "lora1"}
		s, stop := h.start(h.options(), d)
		advance(10 * time.Minute)
		stop()
		synctest.Wait()
		if diff := cmp.Diff([]string{"old", "old", "registration", "new-name", "m1", "DISCONNECT"}, got.all()); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		if status := s.Status()[0]; status.ID != "lora1" || status.Hub != testHost {
			t.Errorf("status %+v", status)
		}
		cache.reads(t, "lora1", "new-name")
	})
}

// While neither the hub nor the service can be reached, both are tried again,
// slowly, and the hub's return is enough.
func TestProvisionUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.hello() && strings.HasPrefix(p.connect.Username, testHost) && p.accept() {
				p.serve(func(string) {})
			}
		})
		h.fail(&net.DNSError{IsNotFound: true})
		d := testDevice(t, "", newFeed())
		d.Provisioning = Provisioning{testProvisioner(t, h, shelf{"lora1": {testHost, "lora1"}}), "lora1"}
		s, stop := h.start(h.options(), d)
		defer stop()
		advance(3 * time.Hour)
		if n := len(h.dialTimes()); n > 200 {
			t.Errorf("%d attempts in three hours", n)
		}
		h.fail(nil)
		advance(2 * maxBackoff)
		if state := s.Status()[0].State; state != StateConnected {
			t.Errorf("state %s", state)
		}
	})
}

// A gateway with many new nodes does not run all registrations at once.
func TestRegistrationsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if !p.hello() || !strings.HasPrefix(p.connect.Username, testScope) {
				return
			}
			if p.registering() {
				p.linger()
			}
		})
		p := testProvisioner(t, h, nil)
		var devices []Device
		for i := range 50 {
			d := testDevice(t, "", newFeed())
			d.Provisioning = Provisioning{p, fmt.Sprint("lora", i)}
			devices = append(devices, d)
		}
		_, stop := h.start(h.options(), devices...)
		defer stop()
		advance(29 * time.Second)
		if n := len(h.dialTimes()); n != registrationsAtOnce {
			t.Errorf("%d registrations at once, want %d", n, registrationsAtOnce)
		}
	})
}

func TestNewProvisionerRefuses(t *testing.T) {
	for want, o := range map[string]ProvisionerOptions{
		"id scope": {Clock: trustedClock()}, "not shown": {IDScope: "HostName=x/y", Clock: trustedClock()},
		"clock": {IDScope: "0ne"}, "provisioning host": {IDScope: "0ne", Clock: trustedClock(), Host: "a b"},
	} {
		_, err := NewProvisioner(o)
		checkError(t, err, want, "HostName")
	}
	for id, want := range map[string]string{"": "empty", "a/b": "letters", "a.": "at its end", "a-": "", "lora1": ""} {
		checkError(t, CheckRegistrationID(id), want, "")
	}
}

// Whatever the service writes, parsing ends, and only what can be used is
// taken for an assignment.
func FuzzParseRegistration(f *testing.F) {
	f.Add("$dps/registrations/res/202/?$rid=1&retry-after=3", []byte(`{"operationId":"5.3","status":"assigning"}`))
	f.Add("$dps/registrations/res/200/?retry-after=-1&$rid=x", []byte(assigned))
	f.Add("$dps/registrations/res/999999999999999999999/", []byte(`[`))
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		a, _, ok := parseRegistration(topic, body)
		if !ok {
			return
		}
		if a.retryAfter < 0 || a.retryAfter > maxRetryAfter {
			t.Errorf("wait of %v", a.retryAfter)
		}
		if place, err := a.assignment(); err == nil && place.check() != nil {
			t.Errorf("assignment %+v", place)
		}
	})
}

// Whatever the hub writes into the topics of twins and methods, parsing ends.
func FuzzParseTopics(f *testing.F) {
	f.Add("$iothub/twin/res/204/?$rid=2&$version=7")
	f.Add("$iothub/twin/PATCH/properties/desired/?$version=4")
	f.Add("$iothub/methods/POST/reboot/?$rid=a0")
	f.Fuzz(func(t *testing.T, topic string) {
		if r, ok := parseTwinResponse(topic); ok && r.rid == "" {
			t.Error("an answer to nothing")
		}
		_, _ = parseDesired(topic)
		if name, rid, ok := parseMethod(topic); ok && (name == "" || rid == "") {
			t.Error("a call that cannot be answered")
		}
	})
}

func TestParseTopics(t *testing.T) {
	for _, tt := range []struct {
		topic string
		want  twinResponse
		ok    bool
	}{
		{"$iothub/twin/res/200/?$rid=1", twinResponse{200, "1", 0}, true},
		{"$iothub/twin/res/204/?$version=7&$rid=2", twinResponse{204, "2", 7}, true},
		{"$iothub/twin/res/204/?$version=7", twinResponse{}, false},
		{"$iothub/twin/res/200", twinResponse{}, false},
		{"$iothub/twin/res/x/?$rid=1", twinResponse{}, false},
	} {
		if got, ok := parseTwinResponse(tt.topic); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %+v, %v", tt.topic, got, ok)
		}
	}
	if name, rid, ok := parseMethod("$iothub/methods/POST/a*b/?$rid=0f"); name != "a*b" || rid != "0f" || !ok {
		t.Errorf("%s, %s, %v", name, rid, ok)
	}
	if v, ok := parseDesired("$iothub/twin/PATCH/properties/desired/?$version=12"); v != 12 || !ok {
		t.Errorf("version %d, %v", v, ok)
	}
	if got := methodResultTopic(200, "3"); got != "$iothub/methods/res/200/?$rid=3" {
		t.Error(got)
	}
}

// What a device says while it asks for its hub is not what it waited for.
func TestProvisioningReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.registering() {
				p.linger()
			}
		})
		d := testDevice(t, "", newFeed())
		d.Provisioning = Provisioning{testProvisioner(t, h, nil), "lora1"}
		s, stop := h.start(h.options(), d)
		advance(5 * time.Second)
		if got := s.Status()[0]; got.State != StateProvisioning || got.Reason != "" {
			t.Errorf("status %+v", got)
		}
		stop()
	})
}

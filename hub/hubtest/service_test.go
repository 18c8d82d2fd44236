package hubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/secret"
)

// answered is an answer of the service API.
type answered struct {
	status int
	body   string
	header http.Header
}

// ask sends a request to handler.
func ask(handler http.Handler, method, target, body string, headers ...string) answered {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answered{w.Code, strings.TrimSpace(w.Body.String()), w.Header()}
}

// member reads one value out of JSON, by a path with dots.
func member(t *testing.T, text, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestRegistry(t *testing.T) {
	h := serve(t, Options{})
	keys := `"authentication":{"type":"sas","symmetricKey":{"primaryKey":"` + keyV1 + `","secondaryKey":"` + keyV2 + `"}}`
	print1, print2 := strings.Repeat("aB", 20), strings.Repeat("0c", 32)
	for _, step := range []struct {
		method, target, body, match string
		status                      int
		path, want                  string
	}{
		{"PUT", "/devices/new?api-version=2021-04-12", `{"deviceId":"new",` + keys + `}`, "", 200, "authentication.symmetricKey.primaryKey", `"` + keyV1 + `"`},
		{"PUT", "/devices/new", `{"deviceId":"new"}`, "", 409, "Message", `"ErrorCode:DeviceAlreadyExists;the device is registered already: want an If-Match to change it"`},
		{"PUT", "/devices/new", `{"deviceId":"new","status":"disabled","statusReason":"lost"}`, `"*"`, 200, "status", `"disabled"`},
		{"GET", "/devices/new", "", "", 200, "statusReason", `"lost"`},
		{"GET", "/devices/new", "", "", 200, "authentication.symmetricKey.secondaryKey", `"` + keyV2 + `"`},
		{"PUT", "/devices/new", `{"deviceId":"new","status":"enabled"}`, `"stale"`, 412, "", ""},
		{"PUT", "/devices/new", `{"deviceId":"old"}`, "*", 400, "", ""},
		{"PUT", "/devices/nobody", `{}`, "*", 404, "Message", `"ErrorCode:DeviceNotFound;device \"nobody\": unknown device"`},
		{"PUT", "/devices/bad%20id", `{}`, "", 400, "", ""},
		{"PUT", "/devices/x", `{`, "", 400, "", ""},
		{"PUT", "/devices/cert", `{"authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"` + print1 + `","secondaryThumbprint":"` + print2 + `"}}}`, "", 200, "authentication.x509Thumbprint.secondaryThumbprint", `"` + strings.ToUpper(print2) + `"`},
		{"PUT", "/devices/cert2", `{"authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"xyz"}}}`, "", 400, "", ""},
		{"PUT", "/devices/ca", `{"authentication":{"type":"certificateAuthority"}}`, "", 200, "authentication.type", `"certificateAuthority"`},
		{"PUT", "/devices/none", `{"authentication":{"type":"none"}}`, "", 400, "", ""},
		{"PUT", "/devices/half", `{"authentication":{"symmetricKey":{"primaryKey":"` + keyV1 + `"}}}`, "", 400, "", ""},
		{"PUT", "/devices/new/modules/m1", `{"deviceId":"new","moduleId":"m1"}`, "", 200, "moduleId", `"m1"`},
		{"PUT", "/devices/nobody/modules/m1", `{}`, "", 404, "", ""},
		{"GET", "/devices/new/modules", "", "", 200, "", ""},
		{"GET", "/devices/new/modules/m1", "", "", 200, "connectionState", `"Disconnected"`},
		{"GET", "/devices/new/modules/m2", "", "", 404, "", ""},
		{"GET", "/devices?top=2", "", "", 200, "", ""},
		{"GET", "/devices/", "", "", 200, "", ""},
		{"GET", "/devices?top=0", "", "", 400, "", ""},
		{"GET", "/statistics/devices", "", "", 200, "totalDeviceCount", "5"},
		{"GET", "/statistics/service", "", "", 200, "connectedDeviceCount", "0"},
		{"GET", "/statistics/weather", "", "", 404, "", ""},
		{"DELETE", "/devices/new", "", `"stale"`, 412, "", ""},
		{"DELETE", "/devices/new", "", `"*"`, 204, "", ""},
		{"GET", "/devices/new/modules/m1", "", "", 404, "", ""},
		{"GET", "/configurations", "", "", 404, "Message", `"ErrorCode:ResourceNotFound;no such resource in this emulator"`},
	} {
		headers := []string{"If-Match", step.match}
		if step.match == "" {
			headers = nil
		}
		got := ask(h.Service(), step.method, step.target, step.body, headers...)
		if got.status != step.status {
			t.Errorf("%s %s: status %d (%s), want %d", step.method, step.target, got.status, got.body, step.status)
			continue
		}
		if step.path != "" && member(t, got.body, step.path) != step.want {
			t.Errorf("%s %s: %s is %s, want %s", step.method, step.target, step.path, member(t, got.body, step.path), step.want)
		}
	}
}

func TestServiceToken(t *testing.T) {
	const se = 1767225600
	now := time.Unix(se-1, 0)
	h := serve(t, Options{PolicyKey: secret.NewText(keyV3), Now: func() time.Time { return now }})
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"the vector's":            {tokenV3, 200},
		"none":                    {"", 401},
		"of a device":             {tokenV1, 401},
		"for a policy not there":  {strings.Replace(tokenV3, "iothubowner", "service", 1), 401},
		"with another expiry":     {strings.Replace(tokenV3, "se=1767225600", "se=1767225601", 1), 401},
		"not a token":             {"Bearer x", 401},
		"signed for another hub":  {strings.Replace(tokenV3, "contoso", "fabrikam", 1), 401},
		"signed for another path": {strings.Replace(tokenV3, "net&", "net%2Ftwins&", 1), 401},
	} {
		got := ask(h.Service(), "GET", "/devices/lora1", "", "Authorization", test.token)
		if got.status != test.status {
			t.Errorf("%s: status %d", name, got.status)
		}
		if test.status == 401 && got.header.Get("iothub-errorcode") != "IotHubUnauthorizedAccess" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
	now = now.Add(10 * time.Minute)
	if got := ask(h.Service(), "GET", "/devices/lora1", "", "Authorization", tokenV3); got.status != 401 {
		t.Errorf("expired: status %d", got.status)
	}
	if got := ask(h.Control(), "GET", "/emulator/status", ""); got.status != 200 {
		t.Errorf("the test interface asks for a token: %d", got.status)
	}
}

func TestServiceIsRecorded(t *testing.T) {
	h := serve(t, Options{})
	ask(h.Service(), "GET", "/twins/lora1?api-version=2021-04-12", "")
	ask(h.Service(), "DELETE", "/devices/lora9", "")
	ask(h.Service(), "DELETE", "/devices/lora2", "")
	var got []string
	for _, e := range h.History() {
		got = append(got, fmt.Sprintf("%s %s %s %d %s", e.Kind, e.Device, e.Topic, e.Code, e.Detail))
	}
	want := []string{
		"service lora1 GET /twins/lora1 200 ", "service lora9 DELETE /devices/lora9 404 DeviceNotFound", "service lora2 DELETE /devices/lora2 204 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestServiceTwin(t *testing.T) {
	h := serve(t, Options{})
	first := ask(h.Service(), "GET", "/twins/lora1", "")
	etag := first.header.Get("ETag")
	for _, step := range []struct {
		method, body, match string
		status              int
		path, want          string
	}{
		{"PATCH", `{"tags":{"site":"Hall 3","floor":1},"properties":{"desired":{"interval":300,"net":{"a":1}}}}`, etag, 200, "tags.site", `"Hall 3"`},
		{"PATCH", `{"tags":{"floor":2}}`, etag, 412, "", ""},
		{"PATCH", `{"tags":{"floor":null},"properties":{"desired":{"net":{"a":null,"b":2}}}}`, `"*"`, 200, "tags", `{"site":"Hall 3"}`},
		{"GET", "", "", 200, "properties.desired.net", `{"b":2}`},
		{"GET", "", "", 200, "properties.desired.$version", "3"},
		{"GET", "", "", 200, "properties.desired.$metadata.interval.$lastUpdatedVersion", "2"},
		{"GET", "", "", 200, "properties.desired.$metadata.net.b.$lastUpdatedVersion", "3"},
		{"GET", "", "", 200, "properties.desired.$metadata.net.a", "null"},
		{"GET", "", "", 200, "properties.reported.$metadata.$lastUpdatedVersion", "null"},
		{"PUT", `{"properties":{"desired":{"mode":"eco","$version":9,"$metadata":{}}}}`, "", 200, "tags", `{}`},
		{"GET", "", "", 200, "properties.desired.interval", "null"},
		{"GET", "", "", 200, "properties.desired.mode", `"eco"`},
		{"GET", "", "", 200, "version", "4"},
		{"PATCH", `{"properties":{"desired":{"a.b":1}}}`, "", 400, "", ""},
		{"PATCH", `{"tags":{"big":"` + strings.Repeat("x", maxTwinValue) + `","bigger":"` + strings.Repeat("x", maxTwinValue) + `"}}`, "", 413, "", ""},
		{"PATCH", `[]`, "", 400, "", ""},
		{"GET", "", "", 200, "version", "4"},
	} {
		headers := []string{"If-Match", step.match}
		if step.match == "" {
			headers = nil
		}
		got := ask(h.Service(), step.method, "/twins/lora1", step.body, headers...)
		if got.status != step.status {
			t.Errorf("%s %.60s: status %d (%s), want %d", step.method, step.body, got.status, got.body, step.status)
		} else if step.path != "" && member(t, got.body, step.path) != step.want {
			t.Errorf("%s %.60s: %s is %s, want %s", step.method, step.body, step.path, member(t, got.body, step.path), step.want)
		}
	}
}

func TestDesiredNotification(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", true)
	c.subscribe(0, twinDesiredFilter)
	for _, step := range []struct{ method, body, topic, want string }{
		{"PATCH", `{"properties":{"desired":{"a":1,"b":{"c":2}}}}`, "?$version=2", `{"$version":2,"a":1,"b":{"c":2}}`},
		{"PATCH", `{"properties":{"desired":{"b":null}}}`, "?$version=3", `{"$version":3,"b":null}`},
		{"PUT", `{"properties":{"desired":{"d":true}}}`, "?$version=4", `{"$version":4,"a":null,"d":true}`},
	} {
		if got := ask(h.Service(), step.method, "/twins/lora1", step.body); got.status != 200 {
			t.Fatalf("%s: %+v", step.body, got)
		}
		p := nextPublish(c)
		if p.TopicName != "$iothub/twin/PATCH/properties/desired/"+step.topic || string(p.Payload) != step.want || p.Qos != 0 {
			t.Errorf("%s: got %s %s", step.body, p.TopicName, p.Payload)
		}
	}
	if got := ask(h.Service(), "PATCH", "/twins/lora1", `{"tags":{"a":1}}`); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	if version, err := h.SetDesired("lora1", []byte(`{"e":1}`)); version != 5 || err != nil {
		t.Errorf("version %d, %v", version, err)
	}
	if p := nextPublish(c); string(p.Payload) != `{"$version":5,"e":1}` { // and nothing about tags
		t.Errorf("got %s", p.Payload)
	}
	c.disconnect()
	if _, err := h.SetDesired("lora1", []byte(`{"e":2}`)); err != nil {
		t.Fatal(err)
	}
	c = open(t, h, "lora1", true)
	c.subscribe(0, twinDesiredFilter, twinResponseFilter)
	c.send(publishPacket("$iothub/twin/GET/?$rid=1", 0, 0, ""))
	if p := nextPublish(c); !strings.Contains(string(p.Payload), `"$version":6`) { // what was missed is not repeated
		t.Errorf("got %s %s", p.TopicName, p.Payload)
	}
}

func TestQueryPages(t *testing.T) {
	h := serve(t, Options{})
	if err := h.AddModule("lora1", "m1", keyV1); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		query  string
		status int
		want   []string
	}{
		{"SELECT * FROM devices", 200, []string{"lora1", "lora2"}},
		{"select * from Devices where deviceId = 'lora2'", 200, []string{"lora2"}},
		{"SELECT * FROM devices.modules", 200, []string{"lora1"}},
		{"SELECT COUNT() FROM devices", 400, nil},
	} {
		var got []string
		token := ""
		for page := 0; page == 0 || token != ""; page++ {
			body, _ := json.Marshal(map[string]string{"query": test.query})
			a := ask(h.Service(), "POST", "/devices/query", string(body), "x-ms-max-item-count", "1", "x-ms-continuation", token)
			if a.status != test.status {
				t.Fatalf("%s: %+v", test.query, a)
			}
			var twins []struct{ DeviceID string }
			_ = json.Unmarshal([]byte(a.body), &twins)
			for _, tw := range twins {
				got = append(got, tw.DeviceID)
			}
			token = a.header.Get("x-ms-continuation")
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.query, diff)
		}
	}
}

func TestPostC2D(t *testing.T) {
	h := serve(t, Options{})
	for _, test := range []struct {
		target, body string
		headers      []string
		status       int
	}{
		{
			"/devices/lora1/messages/devicebound?api-version=2021-04-12&iothub-app-fPort=10", "open",
			[]string{
				"iothub-messageid", "m1", "iothub-correlationid", "c1", "iothub-userid", "u1", "iothub-contenttype", "text/plain",
				"iothub-contentencoding", "utf-8", "iothub-ack", "none", "iothub-expiry", "2099-01-02T03:04:05Z", "iothub-app-colour", "deep red",
			},
			204,
		},
		{"/devices/lora9/messages/devicebound", "open", nil, 404},
		{"/devices/lora1/messages/devicebound", strings.Repeat("x", maxC2DSize+1), nil, 413},
		{"/devices/lora1/messages/devicebound", strings.Repeat("x", maxRequestBody+1), nil, 413},
		{"/devices/lora1/messages/devicebound", "", []string{"iothub-ack", "maybe"}, 400},
		{"/devices/lora1/messages/devicebound", "", []string{"iothub-expiry", "soon"}, 400},
	} {
		if got := ask(h.Service(), "POST", test.target, test.body, test.headers...); got.status != test.status {
			t.Errorf("%s %.20s: %+v, want %d", test.target, test.body, got, test.status)
		}
	}
	c := open(t, h, "lora1", false)
	c.send(subscribePacket(1, c2dFilter("lora1")))
	nextSuback(c)
	want := "devices/lora1/messages/devicebound/%24.mid=m1&%24.to=%2Fdevices%2Flora1%2Fmessages%2Fdevicebound&%24.cid=c1&%24.uid=u1" +
		"&%24.ct=text%2Fplain&%24.ce=utf-8&%24.exp=2099-01-02T03%3A04%3A05.0000000Z&iothub-ack=none&colour=deep%20red&fPort=10"
	if diff := cmp.Diff(want, nextPublish(c).TopicName); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFeedback(t *testing.T) {
	now := time.Now()
	h := serve(t, Options{Now: func() time.Time { return now }})
	post := func(id, ack string) {
		if got := ask(h.Service(), "POST", "/devices/lora1/messages/devicebound", "x", "iothub-messageid", id, "iothub-ack", ack); got.status != 204 {
			t.Fatalf("%+v", got)
		}
	}
	post("taken", "full")
	post("unasked", "none")
	post("positive", "positive")
	c := open(t, h, "lora1", false)
	c.subscribe(1, c2dFilter("lora1"))
	for range 3 {
		c.puback(nextPublish(c).MessageID)
	}
	wait(t, h, EventC2DComplete, "lora1", 3)
	c.disconnect()
	post("purged", "full")
	if got := ask(h.Service(), "DELETE", "/devices/lora1/commands", ""); member(t, got.body, "totalMessagesPurged") != "1" {
		t.Errorf("%+v", got)
	}
	post("expired", "negative")
	post("expired too", "positive")
	now = now.Add(2 * time.Hour)

	const path = "/messages/serviceBound/feedback"
	got := ask(h.Service(), "GET", path, "")
	var records []Feedback
	if err := json.Unmarshal([]byte(got.body), &records); err != nil {
		t.Fatal(err)
	}
	var statuses []string
	for _, r := range records {
		statuses = append(statuses, r.MessageID+" "+r.Status)
	}
	want := []string{"taken Success", "positive Success", "purged Purged", "expired Expired"}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again := ask(h.Service(), "GET", path, ""); again.status != 204 {
		t.Errorf("locked feedback came twice: %+v", again)
	}
	lock := strings.Trim(got.header.Get("ETag"), `"`)
	for _, step := range []struct {
		method, path string
		status       int
	}{
		{"POST", path + "/" + lock + "/abandon", 204},
		{"DELETE", path + "/" + lock, 412},
		{"GET", path, 200},
	} {
		if got := ask(h.Service(), step.method, step.path, ""); got.status != step.status {
			t.Errorf("%s %s: %+v", step.method, step.path, got)
		}
	}
	now = now.Add(2 * time.Minute) // the lock ends
	got = ask(h.Service(), "GET", path, "")
	if done := ask(h.Service(), "DELETE", path+"/"+strings.Trim(got.header.Get("ETag"), `"`), ""); done.status != 204 {
		t.Errorf("%+v", done)
	}
	now = now.Add(2 * time.Minute)
	if got := ask(h.Service(), "GET", path, ""); got.status != 204 {
		t.Errorf("completed feedback came again: %+v", got)
	}
}

// Whatever a service sends, the twin stays within its limits and can be read.
func FuzzServiceTwin(f *testing.F) {
	f.Add("PATCH", `{"tags":{"a":1},"properties":{"desired":{"b":{"c":null}}}}`)
	f.Add("PUT", `{"properties":{"desired":[1]},"tags":null}`)
	f.Add("PATCH", `{"properties":7}`)
	h, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	if err := h.AddDevice("lora1", keyV1); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, body string) {
		if method != "PUT" {
			method = "PATCH"
		}
		if got := ask(h.Service(), method, "/twins/lora1", body); got.status != 200 && got.status != 400 && got.status != 413 {
			t.Errorf("%s %q: %+v", method, body, got)
		}
		got := ask(h.Service(), "GET", "/twins/lora1", "")
		if got.status != 200 {
			t.Fatalf("%s %q made the twin unreadable: %+v", method, body, got)
		}
		d, err := h.device("lora1")
		if err != nil {
			t.Fatal(err)
		}
		if err := checkProperties(d.twin.desired.values, maxDesired); err != nil {
			t.Errorf("%s %q: %v", method, body, err)
		}
	})
}

// Methods and C2D messages take whatever comes.
func FuzzServiceBodies(f *testing.F) {
	f.Add("/twins/lora1/methods", `{"methodName":"a","payload":{}}`, "a", "b")
	f.Add("/devices/lora1/messages/devicebound", "x", "iothub-app-a", "ß")
	f.Add("/devices/query", `{"query":"SELECT * FROM devices"}`, "x-ms-continuation", "%")
	h, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	if err := h.AddDevice("lora1", keyV1); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target, body, name, value string) {
		r, err := http.NewRequest(http.MethodPost, target, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
		w := httptest.NewRecorder()
		h.Service().ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %q: %d %s", target, body, w.Code, w.Body)
		}
	})
}

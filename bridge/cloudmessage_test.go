package bridge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/hub"
)

func props(pairs ...string) (p []hub.Property) {
	for i := 0; i < len(pairs); i += 2 {
		p = append(p, hub.Property{Key: pairs[i], Value: pairs[i+1]})
	}
	return p
}

func jsonMessage(body string, pairs ...string) hub.CloudMessage {
	return hub.CloudMessage{ContentType: "application/json", Body: []byte(body), Properties: props(pairs...)}
}

func rawMessage(body string, pairs ...string) hub.CloudMessage {
	return hub.CloudMessage{Body: []byte(body), Properties: props(pairs...)}
}

// with is m with more of it.
func with(m hub.CloudMessage, change func(*hub.CloudMessage)) hub.CloudMessage {
	change(&m)
	return m
}

func TestDownlinkOfCloudMessage(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	once := func(d Downlink) Downlink { d.Once = true; return d }
	for name, tt := range map[string]struct {
		m    hub.CloudMessage
		want Downlink
	}{
		"hex":            {jsonMessage(`{"fPort":10,"payloadHex":"0102ff"}`), Downlink{FPort: 10, Payload: []byte{1, 2, 255}}},
		"base64":         {jsonMessage(`{"fPort":1,"payload":"AQL/"}`), Downlink{FPort: 1, Payload: []byte{1, 2, 255}}},
		"text":           {jsonMessage(`{"fPort":1,"payloadText":"grün"}`), Downlink{FPort: 1, Payload: []byte("grün")}},
		"empty":          {jsonMessage(`{"fPort":223}`), Downlink{FPort: 223}},
		"no data":        {jsonMessage(`{"fPort":1,"payloadHex":"01","data":null}`), Downlink{FPort: 1, Payload: []byte{1}}},
		"content type":   {with(jsonMessage(`{"fPort":1}`), func(m *hub.CloudMessage) { m.ContentType = "application/json; charset=utf-8" }), Downlink{FPort: 1}},
		"suffix":         {with(jsonMessage(`{"fPort":1}`), func(m *hub.CloudMessage) { m.ContentType = "application/vnd.acme+json" }), Downlink{FPort: 1}},
		"no type":        {rawMessage(` {"fPort":1}`), Downlink{FPort: 1}},
		"unreadable":     {with(jsonMessage(`{"fPort":1}`), func(m *hub.CloudMessage) { m.ContentType = ";;" }), Downlink{FPort: 1}},
		"everything":     {jsonMessage(`{"id":"x","fPort":1,"confirmed":true,"priority":7,"ttl":"90s","attempts":5,"replace":true}`), Downlink{ID: "x", FPort: 1, Confirmed: true, Priority: 7, TTL: 90 * time.Second, Attempts: 5, Replace: true}},
		"ttl in seconds": {jsonMessage(`{"fPort":1,"ttl":1.5}`), Downlink{FPort: 1, TTL: 1500 * time.Millisecond}},
		"expires":        {jsonMessage(`{"fPort":1,"expires":"2026-11-22T13:00:00+01:00"}`), Downlink{FPort: 1, Expires: noon}},
		"port in property": {
			jsonMessage(`{"payloadHex":"01"}`, "fPort", "12"),
			Downlink{FPort: 12, Payload: []byte{1}},
		},
		"port in property, with zeros": {jsonMessage(`{"payloadHex":"01"}`, "fport", "012"), Downlink{FPort: 12, Payload: []byte{1}}},
		"properties override": {
			jsonMessage(`{"fPort":1,"confirmed":true,"priority":7,"ttl":9,"attempts":5,"replace":true}`,
				"fPort", "2", "confirmed", "false", "priority", "8", "ttl", "2h", "attempts", "6", "replace", "0"),
			Downlink{FPort: 2, Priority: 8, TTL: 2 * time.Hour, Attempts: 6},
		},
		"raw": {
			rawMessage("\x01\x02", "FPORT", "3", "Confirmed", "true", "ttl", "90", "color", "red"),
			Downlink{FPort: 3, Payload: []byte{1, 2}, Confirmed: true, TTL: 90 * time.Second},
		},
		"raw that looks like JSON": {
			with(rawMessage(`{"fPort":1}`, "fPort", "3"), func(m *hub.CloudMessage) { m.ContentType = "application/octet-stream" }),
			Downlink{FPort: 3, Payload: []byte(`{"fPort":1}`)},
		},
		"raw list": {rawMessage(`[1]`, "fPort", "3"), Downlink{FPort: 3, Payload: []byte(`[1]`)}},
		"ids and expiry of the message": {
			with(jsonMessage(`{"id":"theirs","fPort":1}`), func(m *hub.CloudMessage) { m.ID, m.CorrelationID, m.Expiry = "m", "c", noon }),
			Downlink{ID: "m", CorrelationID: "c", FPort: 1, Expires: noon},
		},
		"ttl beats the message's expiry": {
			with(jsonMessage(`{"fPort":1,"ttl":"5s"}`), func(m *hub.CloudMessage) { m.Expiry = noon }),
			Downlink{FPort: 1, TTL: 5 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Node{}.downlinkOf(context.Background(), tt.m)
			if err != nil {
				t.Fatal(err)
			}
			got.Expires = got.Expires.UTC()
			if diff := cmp.Diff(once(tt.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotADownlink(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 129)
	for name, tt := range map[string]struct {
		m    hub.CloudMessage
		want string // in the error
	}{
		"not JSON":          {jsonMessage(`{`), "not a downlink in JSON"},
		"list":              {jsonMessage(`[]`), "not a downlink in JSON"},
		"null":              {jsonMessage(`null`, "fPort", "1"), "fPort is missing"},
		"no port":           {jsonMessage(`{"payloadHex":"01"}`), "fPort is missing"},
		"port of a kind":    {jsonMessage(`{"fPort":"1"}`), "fPort"},
		"port too large":    {jsonMessage(`{"fPort":300}`), "fPort"},
		"two payloads":      {jsonMessage(`{"fPort":1,"payload":"","payloadHex":""}`), "more than one of"},
		"payload and data":  {jsonMessage(`{"fPort":1,"payload":"","data":{}}`), "more than one of"},
		"bad base64":        {jsonMessage(`{"fPort":1,"payload":"?"}`), "payload: illegal base64"},
		"bad hex":           {jsonMessage(`{"fPort":1,"payloadHex":"0"}`), "payloadHex: "},
		"data, no codec":    {jsonMessage(`{"data":{"on":true}}`), "the node has no codec"},
		"ttl of a kind":     {jsonMessage(`{"fPort":1,"ttl":true}`), "not a downlink in JSON"},
		"ttl in the past":   {jsonMessage(`{"fPort":1,"ttl":-1}`), "ttl: want a time to come"},
		"ttl without unit":  {jsonMessage(`{"fPort":1,"ttl":"90"}`), "missing unit"},
		"ttl of ages":       {jsonMessage(`{"fPort":1,"ttl":1e30}`), "less than a century"},
		"bad expires":       {jsonMessage(`{"fPort":1,"expires":"tomorrow"}`), "not a downlink in JSON"},
		"too many attempts": {jsonMessage(`{"fPort":1,"attempts":16}`), "attempts: want 0 to 15"},
		"negative attempts": {jsonMessage(`{"fPort":1,"attempts":-1}`), "attempts: want 0 to 15"},
		"long id":           {jsonMessage(`{"fPort":1,"id":"` + long + `"}`), "id: 129 characters, at most 128"},
		"property port":     {rawMessage("x", "fPort", "256"), "property fPort"},
		"property priority": {rawMessage("x", "fPort", "1", "priority", "high"), "property priority"},
		"property bool":     {rawMessage("x", "fPort", "1", "confirmed", "perhaps"), "property confirmed"},
		"property replace":  {rawMessage("x", "fPort", "1", "replace", ""), "property replace"},
		"property ttl":      {rawMessage("x", "fPort", "1", "ttl", "soon"), "property ttl"},
		"property ttl past": {rawMessage("x", "fPort", "1", "ttl", "-5s"), "property ttl: want a time to come"},
		"property ttl NaN":  {rawMessage("x", "fPort", "1", "ttl", "NaN"), "property ttl"},
		"property attempts": {rawMessage("x", "fPort", "1", "attempts", "99"), "property attempts: want 0 to 15"},
		"property and body": {jsonMessage(`{`, "fPort", "1"), "not a downlink in JSON"},
		"property no port":  {jsonMessage(`{"payloadHex":"01"}`, "fPort", "none"), "fPort is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Node{}.downlinkOf(context.Background(), tt.m)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// Whatever a message holds, what is taken from it can be kept in a queue and
// told in events.
func FuzzDownlinkOf(f *testing.F) {
	for _, body := range []string{
		`{"fPort":10,"payloadHex":"0102","confirmed":true,"ttl":"2h","priority":1,"attempts":5,"replace":false}`,
		`{"fPort":1,"payload":"AQI=","expires":"2026-11-22T13:00:00Z"}`, `{"data":{"on":true}}`, `{"fPort":1,"ttl":1e300}`, "\x01\x02",
	} {
		f.Add(body, "application/json", "fPort", "3")
		f.Add(body, "", "ttl", "90")
	}
	f.Fuzz(func(t *testing.T, body, contentType, key, value string) {
		d, err := Node{}.downlinkOf(t.Context(), hub.CloudMessage{
			ContentType: contentType, Body: []byte(body), Properties: props(key, value),
		})
		if err != nil {
			return
		}
		if d.TTL < 0 || d.Attempts < 0 || d.Attempts > maxAttempts || len(d.ID) > maxID {
			t.Errorf("took %+v", d)
		}
	})
}

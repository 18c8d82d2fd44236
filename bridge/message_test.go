package bridge

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/hub"
	"gatewayd/radio"
)

// noon is a Clock that stands, at noon, and can be believed.
type noon struct{}

func (noon) Now() time.Time                                   { return time.Unix(1_795_348_800, 0) }
func (noon) Trusted() (bool, string)                          { return true, "" }
func (noon) BootTime() (string, time.Duration)                { return "boot", time.Hour }
func (noon) WallTime(string, time.Duration) (time.Time, bool) { return time.Time{}, false }

// kinds of records, each with what it holds and the body and the properties it
// becomes beside those that all have.
func kinds() map[kind]struct {
	record record
	body   string
	state  string // property
	low    bool
} {
	port, battery, margin := uint8(3), uint8(200), int8(-5)
	heard := record{
		Frequency: 868_100_000, DataRate: "SF7BW125", Coding: "4/5",
		Receivers: []receipt{{Concentrator: "c0", RSSI: -60, SNR: 9, Channel: 2}},
	}
	const air = `"frequency":868100000,"dataRate":"SF7BW125","codingRate":"4/5","rssi":-60,"snr":9,"channel":2,` +
		`"gatewayEui":"0000000000000000","concentrator":"c0"`
	up := heard
	up.FPort, up.FCnt, up.Payload, up.Confirmed, up.Encrypted = &port, 7, []byte{1, 2}, true, true
	join, foreign := heard, heard
	foreign.Payload = []byte{3}
	told := record{
		FPort: &port, FCnt: 9,
		rare: rare{DownlinkID: "d", CorrelationID: "c", State: "expired", Reason: "too late", Attempt: 2},
	}
	type row = struct {
		record record
		body   string
		state  string
		low    bool
	}
	const downlink = `"downlinkId":"d","correlationId":"c","state":"expired","reason":"too late","downlinkFPort":3,"fCntDown":9,"attempt":2`
	return map[kind]row{
		kindUp: {up, `"fPort":3,"fCnt":7,"confirmed":true,"payloadHex":"0102","payload":"AQI=","payloadEncrypted":true,` + air, "", false},
		kindProprietary: {
			foreign, `"fPort":null,"fCnt":0,"confirmed":false,"payloadHex":"03","payload":"Aw==",` + air, "", false,
		},
		kindJoin:   {join, air, "", true},
		kindTxAck:  {told, downlink, "expired", true},
		kindAck:    {told, downlink, "expired", true},
		kindStatus: {record{rare: rare{Battery: &battery, Margin: &margin}}, `"battery":200,"margin":-5`, "", true},
		kindLog: {
			record{rare: rare{State: "refused", Reason: "power", Command: "LinkADRReq"}},
			`"what":"refused","command":"LinkADRReq","detail":"power"`, "", true,
		},
		kindDrop: {record{rare: rare{Count: 12, Reason: "full"}}, `"dropped":12,"reason":"full"`, "", true},
	}
}

// The keys of every kind of message are a promise to consumers.
func TestRender(t *testing.T) {
	t.Parallel()
	for k, tt := range kinds() {
		r := tt.record
		eui := radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}
		r.Kind, r.ID, r.DevEUI, r.DevAddr = k, "id", &eui, [4]byte{0x26, 1, 0xab, 4}
		r.stamp(noon{}, noon{}.Now())
		m, _, err := render(5, r.marshal(), Node{DeviceID: "lora1"}, noon{})
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		want := `{"schema":"gatewayd/v2","event":"` + string(k) + `","deviceId":"lora1","devEui":"0102030405060708","devAddr":"2601AB04",` +
			`"receivedAt":"2026-11-22T12:00:00.000000Z","receivedAtSource":"clock",` + tt.body + `}`
		if diff := cmp.Diff(object(t, want), object(t, string(m.Body))); diff != "" {
			t.Errorf("%s: body (-want +got):\n%s", k, diff)
		}
		if m.Seq != 5 || m.ID != "id" || m.Low != tt.low || m.ContentType != "application/json" || m.ContentEncoding != "utf-8" {
			t.Errorf("%s: %+v", k, m)
		}
		if got := property(m, "state"); got != tt.state {
			t.Errorf("%s: property state %q, want %q", k, got, tt.state)
		}
	}
}

func object(t *testing.T, s string) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

func property(m hub.Message, key string) string {
	for _, p := range m.Properties {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// encoding/json leaves out, and says nothing of, a key that two of the parts
// of a body have.
func TestBodyKeysAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for field := range reflect.TypeFor[body]().Fields() {
		if !field.Anonymous {
			continue
		}
		for inner := range field.Type.Elem().Fields() {
			key, _, _ := strings.Cut(inner.Tag.Get("json"), ",")
			if other, ok := seen[key]; ok {
				t.Errorf("%s and %s both have the key %q", other, field.Name, key)
			}
			seen[key] = field.Name
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d keys were looked at", len(seen))
	}
}

// Records of the first releases are sent as they would have been.
func TestRenderV1(t *testing.T) {
	t.Parallel()
	for eui, id := range map[string]string{
		`null`: "DevAddr-2601ab04-00000007-42", `"0102030405060708"`: "0102030405060708-00000007-42",
	} {
		raw := fmt.Sprintf(`{"v":1,"eui":%s,"addr":"2601ab04","sess":7,"fcnt":42,"port":3,"pl":"AQI=","conf":true,"at":1795348800000000000,
			"ok":true,"conc":"c0","gw":"0011223344556677","freq":868100000,"dr":"SF7BW125","cr":"4/5","rssi":-60,"snr":9,"ch":2}`, eui)
		m, _, err := render(1, []byte(raw), Node{DeviceID: "lora1"}, noon{})
		if err != nil || m.ID != id {
			t.Fatalf("id %q, want %q, %v", m.ID, id, err)
		}
		want := `{"schema":"gatewayd/v2","event":"up","deviceId":"lora1","devEui":` + eui + `,"devAddr":"2601AB04","receivedAt":"2026-11-22T12:00:00.000000Z",
			"receivedAtSource":"clock","fPort":3,"fCnt":42,"confirmed":true,"payloadHex":"0102","payload":"AQI=","frequency":868100000,
			"dataRate":"SF7BW125","codingRate":"4/5","rssi":-60,"snr":9,"channel":2,"gatewayEui":"0011223344556677","concentrator":"c0"}`
		if diff := cmp.Diff(object(t, want), object(t, string(m.Body))); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `{`, `[]`, `{"v":3}`, `{}`, `{"v":2,"at":"noon"}`, `{"v":1,"port":"x"}`, `{"v":2,"k":"stats","stats":`, "\x03\x0a", "\x04"} {
		if m, _, err := render(9, []byte(raw), Node{}, noon{}); err == nil || !strings.Contains(err.Error(), "outbox record 9") {
			t.Errorf("%s became %s, %v", raw, m.Body, err)
		}
	}
}

// Whatever is in the outbox, a message is made of it or an error, and the
// body is JSON.
func FuzzRender(f *testing.F) {
	for k, row := range kinds() {
		r := row.record
		r.Kind = k
		f.Add(r.marshal())
	}
	f.Add([]byte(`{"v":1,"addr":"01020304","fcnt":42,"port":3,"pl":"AQI="}`))
	f.Add([]byte(`{"v":2,"k":"stats","stats":{"a":1}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, _, err := render(1, raw, Node{DeviceID: "lora1"}, noon{})
		if err == nil && !json.Valid(m.Body) {
			t.Errorf("%s became %s", raw, m.Body)
		}
	})
}

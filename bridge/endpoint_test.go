package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/hub"
)

// call calls a direct method of a device.
func (b *bench) call(device, name, payload string) (r hub.MethodResult) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		r = b.bridge.Handler(bridge.Node{DeviceID: device}).Method(ctx, hub.MethodCall{Name: name, Payload: []byte(payload)})
	})
	return r
}

func TestMethods(t *testing.T) {
	t.Parallel()
	n, m, o := abp("abp", 1, 1), otaa("otaa10", 2), otaa("otaa11", 3)
	n.Downlink.MaxWaiting = 1
	o.Version, o.NwkKey = mac.V1_1_0, key(9)
	for name, tt := range map[string]struct {
		device, method, payload string
		status                  int
		reason                  string // of the error
	}{
		"downlink":                   {"abp", "downlink", `{"fPort":1}`, 200, ""},
		"downlink, no JSON":          {"abp", "downlink", ``, 400, "malformed"},
		"downlink, port":             {"abp", "downlink", `{"fPort":224}`, 400, "f_port"},
		"downlink, size":             {"abp", "downlink", fmt.Sprintf(`{"fPort":1,"payloadHex":"%0500d"}`, 0), 400, "size"},
		"downlink, expired":          {"abp", "downlink", `{"fPort":1,"expires":"2020-01-01T00:00:00Z"}`, 400, "expired"},
		"downlink, unknown":          {"nobody", "downlink", `{"fPort":1}`, 404, "unknown_device"},
		"queue":                      {"abp", "queue", ``, 200, ""},
		"queue, unknown":             {"nobody", "queue", ``, 404, "unknown_device"},
		"flush-queue":                {"abp", "flush-queue", ``, 200, ""},
		"flush-queue, unknown":       {"nobody", "flush-queue", ``, 404, "unknown_device"},
		"session":                    {"otaa10", "session", ``, 200, ""},
		"session, unknown":           {"nobody", "session", ``, 404, "unknown_device"},
		"reset-nonces":               {"otaa10", "reset-nonces", ``, 200, ""},
		"reset-nonces, unknown":      {"nobody", "reset-nonces", ``, 404, "unknown_device"},
		"force-rejoin":               {"otaa11", "force-rejoin", ``, 200, ""},
		"force-rejoin, personalised": {"abp", "force-rejoin", ``, 400, "version"},
		"force-rejoin, 1.0":          {"otaa10", "force-rejoin", ``, 400, "version"},
		"force-rejoin, unknown":      {"nobody", "force-rejoin", ``, 404, "unknown_device"},
		"reconnect, no operator":     {"abp", "reconnect", ``, 200, ""},
		"ping":                       {"abp", "ping", `{"ignored":1}`, 200, ""},
		"unknown":                    {"abp", "reboot", ``, 404, "unknown_method"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newBench(t, n, m, o).call(tt.device, tt.method, tt.payload)
			if r.Status != tt.status {
				t.Errorf("status %d, want %d: %s", r.Status, tt.status, r.Payload)
			}
			got := decode[struct {
				Error struct{ Reason, Detail string }
			}](t, r.Payload)
			if got.Error.Reason != tt.reason || (got.Error.Detail == "") != (tt.reason == "") {
				t.Errorf("answer %s, want reason %q and a detail", r.Payload, tt.reason)
			}
		})
	}
}

func TestMethodAnswers(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Downlink.MaxWaiting = 2
	b := newBench(t, n)
	is := func(want string, r hub.MethodResult) {
		t.Helper()
		if diff := cmp.Diff(decode[any](t, []byte(want)), decode[any](t, r.Payload)); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
	is(`{"id":"a"}`, b.call("lora1", "downlink", `{"id":"a","fPort":10,"payloadHex":"0102","confirmed":true}`))
	is(`{"id":"b"}`, b.call("lora1", "downlink", `{"id":"b","fPort":11,"priority":3,"ttl":60}`))
	is(`{"error":{"reason":"queue_full","detail":"2 downlinks wait already"}}`, b.call("lora1", "downlink", `{"fPort":1}`))
	if r := b.call("lora1", "downlink", `{"fPort":1}`); r.Status != 409 {
		t.Errorf("status %d with a full queue, want 409", r.Status)
	}
	is(`{"queue":[
		{"id":"b","fPort":11,"size":0,"confirmed":false,"priority":3,"expires":"2026-11-22T12:01:00Z","tried":0,"state":"waiting"},
		{"id":"a","fPort":10,"size":2,"confirmed":true,"priority":0,"expires":"2026-11-23T12:00:00Z","tried":0,"state":"waiting"}
	]}`, b.call("lora1", "queue", ``))
	is(`{"dropped":2}`, b.call("lora1", "flush-queue", ``))
	is(`{"queue":[]}`, b.call("lora1", "queue", ``))
	is(`{"pong":"2026-11-22T12:00:00.000000Z"}`, b.call("lora1", "ping", ``))
	is(`{"reconnecting":false}`, b.call("lora1", "reconnect", ``))
	if got := decode[struct{ ID string }](t, b.call("lora1", "downlink", `{"fPort":1}`).Payload); len(got.ID) != 24 {
		t.Errorf("id %q of a downlink that came without one", got.ID)
	}
}

// A session is told with everything but keys.
func TestSessionInfo(t *testing.T) {
	t.Parallel()
	n, o := abp("lora1", 0x01020304, 1), otaa("lora2", 7)
	b := newBench(t, n, o)
	b.hear(frameOf(n, 41, "x").bytes(t), joinRequest(t, o, 1))
	got := decode[map[string]any](t, b.call("lora1", "session", ``).Payload)
	want := map[string]any{
		"node": "lora1", "version": "1.0.3", "class": "A", "active": true, "devAddr": "01020304", "heard": true, "fCntUp": 41.0,
		"fCntDown": got["fCntDown"], "joining": false, "dataRate": "SF7BW125", "rssi": -57.5, "snr": 9.25,
		"lastSeen": "2026-11-22T12:00:10Z", "txPower": 0.0, "nbTrans": 1.0, "queued": 0.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	b.while(func(ctx context.Context) {
		all, err := b.bridge.Sessions(ctx)
		if err != nil || len(all) != 2 || !all["lora2"].Joining || all["lora2"].JoinNonce != 1 || all["lora2"].Active {
			t.Errorf("sessions %+v, %v", all, err)
		}
	})
}

// switchboard is an Operator that knows one device.
type switchboard struct{ device string }

func (s switchboard) Reconnect(device string) bool { return device == s.device }

func TestReconnect(t *testing.T) {
	t.Parallel()
	b := newMemoryBenchWith(t, func(o *bridge.Options) { o.Operator = switchboard{"lora1"} })
	for device, want := range map[string]string{"lora1": `{"reconnecting":true}`, "lora2": `{"reconnecting":false}`} {
		if r := b.call(device, "reconnect", ""); string(r.Payload) != want || r.Status != 200 {
			t.Errorf("%s: status %d, %s, want %s", device, r.Status, r.Payload, want)
		}
	}
}

// offer hands C2D messages to a device.
func (b *bench) offer(device string, messages ...hub.CloudMessage) (errs []error) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		for _, m := range messages {
			errs = append(errs, b.bridge.Handler(bridge.Node{DeviceID: device}).CloudMessage(ctx, m))
		}
	})
	return errs
}

func TestCloudMessage(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	errs := b.offer("lora1",
		hub.CloudMessage{ID: "good", CorrelationID: "c1", Body: []byte(`{"fPort":10,"payloadHex":"0102"}`)},
		hub.CloudMessage{ID: "good", Body: []byte(`{"fPort":10,"payloadHex":"0102"}`), Duplicate: true},
		hub.CloudMessage{ID: "raw", Body: []byte{1}, Properties: []hub.Property{{Key: "fPort", Value: "11"}}},
		hub.CloudMessage{ID: "port", Body: []byte(`{"fPort":0}`)},
		hub.CloudMessage{ID: "rubbish", CorrelationID: "c2", Body: []byte(`{"fPort":`), ContentType: "application/json"},
	)
	if err := errors.Join(errs...); err != nil {
		t.Errorf("offered again for ever: %v", err)
	}
	for id, want := range map[string][]string{
		"good": {"queued "}, "raw": {"queued "}, "port": {"rejected f_port"},
		"rubbish": {"rejected malformed: not a downlink in JSON: unexpected end of JSON input"},
	} {
		if diff := cmp.Diff(want, b.ends(n, id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if q := b.queue(n); len(q) != 2 || q[0].CorrelationID != "c1" {
		t.Errorf("queue %+v", q)
	}
	for _, m := range b.messages(n) {
		e := decode[struct{ DownlinkID, CorrelationID string }](t, m.Body)
		want := e.DownlinkID
		if e.CorrelationID != "" {
			want = e.CorrelationID
		}
		if m.CorrelationID != want {
			t.Errorf("event of %s has correlation id %q, want %q", e.DownlinkID, m.CorrelationID, want)
		}
	}
}

// Messages to a device that has no node are taken off the hub's queue: no
// offer of them will ever be better.
func TestCloudMessageToNoNode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.proprietary = "other"
	b.apply()
	for _, device := range []string{"other", "nobody"} {
		errs := b.offer(device,
			hub.CloudMessage{ID: "m", Body: []byte(`{"fPort":1}`)},
			hub.CloudMessage{ID: "n", Body: json.RawMessage(`{"fPort":`), ContentType: "application/json"},
		)
		if err := errors.Join(errs...); err != nil {
			t.Errorf("%s: offered again for ever: %v", device, err)
		}
	}
}

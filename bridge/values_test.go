package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/codec"
	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// script is a codec from its source.
func script(t *testing.T, source string) *codec.Codec {
	t.Helper()
	c, err := codec.Compile("test.js", source, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answering is a codec that gives the same answers whatever it is asked.
type answering struct {
	result   codec.Result
	downlink codec.Downlink
	err      error
}

func (a answering) DecodeUplink(context.Context, codec.Uplink) codec.Result { return a.result }

func (a answering) EncodeDownlink(context.Context, codec.Command) (codec.Downlink, error) {
	return a.downlink, a.err
}

// valued is what the body says of the values.
type valued struct {
	Data       any      `json:"data"`
	Warnings   []string `json:"warnings"`
	Errors     []string `json:"errors"`
	PayloadHex string   `json:"payloadHex"`
}

// Whatever the codec does, the message goes out with its payload.
func TestUplinkValues(t *testing.T) {
	t.Parallel()
	large, err := json.Marshal(strings.Repeat("x", 200_000))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		codec bridge.Codec
		want  valued
	}{
		"data": {
			script(t, `function decodeUplink(i) { return {data: {sum: i.bytes[0] + i.bytes[1], port: i.fPort, at: i.recvTime.toISOString(), unit: i.variables.unit}} }`),
			valued{Data: map[string]any{"sum": 3.0, "port": 1.0, "at": "2026-11-22T12:00:10.000Z", "unit": "°C"}},
		},
		"warnings": {
			script(t, `function decodeUplink(i) { return {data: {}, warnings: ["battery low"]} }`),
			valued{Data: map[string]any{}, Warnings: []string{"battery low"}},
		},
		"errors": {
			script(t, `function decodeUplink(i) { return {errors: ["unknown port", "short"]} }`),
			valued{Errors: []string{"unknown port", "short"}},
		},
		"exception": {
			script(t, `function decodeUplink(i) { throw new Error("no such sensor") }`),
			valued{Errors: []string{"Error: no such sensor (test.js:1)"}},
		},
		"no decoder": {
			script(t, `function encodeDownlink(i) { return {bytes: []} }`),
			valued{Errors: []string{"the codec has no such decode function: decodeUplink"}},
		},
		"nothing":   {answering{}, valued{}},
		"no JSON":   {answering{result: codec.Result{Data: json.RawMessage("{")}}, valued{Errors: []string{"the codec's data is not JSON"}}},
		"too large": {answering{result: codec.Result{Data: large}}, valued{Errors: []string{"the codec's data has 200002 bytes: at most 131072 fit in a message"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := abp("lora1", 1, 1)
			n.Codec, n.Variables = tt.codec, map[string]string{"unit": "°C"}
			b := newBench(t, n)
			b.hear(frameOf(n, 1, "\x01\x02").bytes(t))
			messages := b.messages(n)
			if len(messages) != 1 || b.bridge.Stats().Unreadable != 0 {
				t.Fatalf("%d messages, %d unreadable", len(messages), b.bridge.Stats().Unreadable)
			}
			tt.want.PayloadHex = "0102"
			if diff := cmp.Diff(tt.want, decode[valued](t, messages[0].Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

// Where there is nothing to decode the codec is not asked, and the body says
// nothing of values.
func TestNoValues(t *testing.T) {
	t.Parallel()
	always := answering{result: codec.Result{Data: json.RawMessage(`1`)}}
	n, o := abp("lora1", 1, 1), abp("lora2", 2, 3)
	n.Codec, o.Codec, o.AppSKey = always, always, secret.AES128{}
	b := newBench(t, n, o)
	empty := frameOf(n, 1, "")
	empty.port = -1
	b.hear(empty.bytes(t), frameOf(o, 1, "x").bytes(t))
	b.enqueue(n, bridge.Downlink{ID: "d", FPort: 3}) // its event
	for _, m := range append(b.messages(n), b.messages(o)...) {
		for _, key := range []string{"data", "warnings", "errors"} {
			if got, ok := decode[map[string]any](t, m.Body)[key]; ok {
				t.Errorf("%s: %v in %s", key, got, m.Body)
			}
		}
	}
}

// A codec that is changed decodes what waits already.
func TestValuesAfterAReload(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(frameOf(n, 1, "x").bytes(t))
	n.Codec = answering{result: codec.Result{Data: json.RawMessage(`{"new":true}`)}}
	b.apply(n)
	if diff := cmp.Diff(map[string]any{"new": true}, decode[valued](t, b.messages(n)[0].Body).Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

// Values are encoded before they wait, on the port that the codec names.
func TestDownlinkValues(t *testing.T) {
	t.Parallel()
	relay := script(t, `function encodeDownlink(i) {
		if (typeof i.data.on !== "boolean") return {errors: ["on: want true or false", "nothing else"]};
		return {fPort: 42, bytes: [i.data.on ? 1 : 0, i.fPort || 0, i.variables.id.length]};
	}`)
	for name, tt := range map[string]struct {
		codec  bridge.Codec
		m      hub.CloudMessage
		want   received // the port and the payload
		reason string   // or why it is rejected
	}{
		"port of the codec": {codec: relay, m: hub.CloudMessage{Body: []byte(`{"data":{"on":true}}`)}, want: received{port: 42, payload: "\x01\x00\x02"}},
		"port asked for":    {codec: relay, m: hub.CloudMessage{Body: []byte(`{"fPort":9,"data":{"on":false}}`)}, want: received{port: 42, payload: "\x00\x09\x02"}},
		"port insisted on": {
			codec: relay, m: hub.CloudMessage{Body: []byte(`{"data":{"on":false}}`), Properties: []hub.Property{{Key: "fPort", Value: "9"}}},
			want: received{port: 9, payload: "\x00\x09\x02"},
		},
		"port kept": {
			codec: answering{downlink: codec.Downlink{Bytes: []byte("z")}}, m: hub.CloudMessage{Body: []byte(`{"fPort":5,"data":1}`)},
			want: received{port: 5, payload: "z"},
		},
		"no port": {
			codec: answering{downlink: codec.Downlink{Bytes: []byte("z")}}, m: hub.CloudMessage{Body: []byte(`{"data":1}`)}, reason: "f_port",
		},
		"refused": {codec: relay, m: hub.CloudMessage{Body: []byte(`{"data":{"on":1}}`)}, reason: "malformed: data: on: want true or false; nothing else"},
		"broken": {
			codec: answering{err: errors.New("out of memory")}, m: hub.CloudMessage{Body: []byte(`{"data":1}`)},
			reason: "malformed: data: out of memory",
		},
		"no codec": {
			m:      hub.CloudMessage{Body: []byte(`{"data":{"on":true}}`)},
			reason: "malformed: data: the node has no codec that could encode it; send payload, payloadHex or payloadText",
		},
		"no encoder": {
			codec: script(t, `function decodeUplink() { return {data: {}} }`), m: hub.CloudMessage{Body: []byte(`{"data":{"on":true}}`)},
			reason: "malformed: data: the codec has no encodeDownlink, Encode or Encoder function",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := abp("lora1", 1, 1)
			n.Codec, n.Variables = tt.codec, map[string]string{"id": "ab"}
			b := newBench(t, n)
			tt.m.ID = "d"
			if err := errors.Join(b.offer("lora1", tt.m)...); err != nil {
				t.Fatal(err)
			}
			if tt.reason != "" {
				if diff := cmp.Diff([]string{"rejected " + tt.reason}, b.ends(n, "d")); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				return
			}
			b.hear(frameOf(n, 1, "up").bytes(t))
			if diff := cmp.Diff(tt.want, b.take(n), cmpReceived); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// The codec can be chosen by a desired property among those there are.
func TestDesiredCodec(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	lpp, err := codec.Load(codec.CayenneLPP, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, n)
	network := b.network([]bridge.Node{n})
	network.Codecs = map[string]bridge.Codec{codec.CayenneLPP: lpp, codec.None: nil}
	desire := func(ctx context.Context, version int64, name string) {
		b.bridge.Handler(n).Twin(ctx, hub.Desired{Version: version, Full: true, JSON: fmt.Appendf(nil, `{"gatewayd":{"codec":%q}}`, name)})
	}
	data := func(fCnt uint32) string {
		t.Helper()
		b.hear(frameOf(n, fCnt, "\x01\x67\x01\x10").bytes(t)) // 27.2 degrees
		all := b.messages(n)
		return string(decode[struct{ Data json.RawMessage }](t, all[len(all)-1].Body).Data)
	}
	b.while(func(ctx context.Context) {
		if err := b.bridge.Apply(ctx, network); err != nil {
			t.Fatal(err)
		}
		desire(ctx, 1, codec.CayenneLPP)
	})
	if got := data(1); !strings.Contains(got, "27.2") {
		t.Errorf("data %s", got)
	}
	b.while(func(ctx context.Context) { desire(ctx, 2, "telepathy") })
	if got := data(2); got != "" {
		t.Errorf("data %s with a codec that is not there", got)
	}
	patch, _ := b.bridge.Reports(n).Patch()
	if !strings.Contains(string(patch), `"codec":"want `) {
		t.Errorf("reported %s", patch)
	}
	b.while(func(ctx context.Context) { desire(ctx, 3, codec.None) })
	if got := data(3); got != "" {
		t.Errorf("data %s without a codec", got)
	}
}

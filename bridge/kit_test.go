package bridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"gatewayd/bridge"
	"gatewayd/bridge/codec"
	"gatewayd/hub"
)

// kitNode is an ABP node that is spoken to as the starter kit does.
func kitNode() bridge.Node {
	n := abp("lora1", 1, 1)
	n.Kit = true
	return n
}

// kitBench serves n in the kit's language.
func kitBench(t *testing.T, n bridge.Node) *bench {
	t.Helper()
	b := newBench(t, n)
	network := b.network([]bridge.Node{n})
	network.Kit = true
	network.Decoder = func(url string) (bridge.Codec, error) {
		if !strings.HasPrefix(url, "http://decoder/") {
			return nil, errors.New("not one of decoder_hosts")
		}
		return codec.Load(url, codec.Options{})
	}
	b.while(func(ctx context.Context) {
		if err := b.bridge.Apply(ctx, network); err != nil {
			t.Fatal(err)
		}
	})
	return b
}

func TestKitCloudMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body    string
		waiting string // payload of what waits, in hexadecimal; "": nothing
		reason  string // of an event
	}{
		"text":         {`{"fport":5,"payload":"on","messageId":"m1"}`, "6f6e", ""},
		"raw":          {`{"FPort":5,"RAWPAYLOAD":"AQI="}`, "0102", ""},
		"gatewayd's":   {`{"fPort":5,"payloadHex":"0a0b"}`, "0a0b", ""},
		"MAC commands": {`{"macCommands":[{"cid":"DevStatusCmd"}]}`, "", ""},
		"no base64":    {`{"fport":5,"rawPayload":"?"}`, "", "malformed"},
		"port 224":     {`{"fport":224,"payload":"x"}`, "", "f_port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := kitNode()
			b := kitBench(t, n)
			b.while(func(ctx context.Context) {
				if err := b.bridge.Handler(n).CloudMessage(ctx, hub.CloudMessage{ID: "c2d", Body: []byte(tt.body)}); err != nil {
					t.Fatal(err)
				}
			})
			queue := string(b.call("lora1", "queue", "").Payload)
			if (tt.waiting != "") != strings.Contains(queue, `"id":"c2d"`) {
				t.Errorf("queue %s", queue)
			}
			messages, err := b.bridge.Feed(n).Pending(0, 10)
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			for _, m := range messages {
				told += string(m.Body)
			}
			if tt.reason != "" && !strings.Contains(told, tt.reason) {
				t.Errorf("events %s, want a reason %s", told, tt.reason)
			}
		})
	}
}

func TestKitMethods(t *testing.T) {
	t.Parallel()
	n := kitNode()
	n.DevEUI[7] = 9
	for name, tt := range map[string]struct {
		device, method, payload string
		status                  int
	}{
		"message":              {"lora1", "CloudToDeviceMessage", `{"fport":5,"payload":"on"}`, 200},
		"message, other case":  {"lora1", "cloudtodevicemessage", `{"fport":5,"payload":"on"}`, 200},
		"message, bad":         {"lora1", "CloudToDeviceMessage", `{"payload":"on"}`, 400},
		"clear cache":          {"lora1", "ClearCache", ``, 200},
		"close, no connection": {"lora1", "CloseConnection", ``, 404},
		"of the gateway":       {"", "CloudToDeviceMessage", `{"devEUI":"0000000000000009","fport":5,"rawPayload":"AQ=="}`, 200},
		"of nobody":            {"", "CloudToDeviceMessage", `{"devEUI":"00000000000000AA","fport":5}`, 404},
		"without devEUI":       {"", "CloudToDeviceMessage", `{"fport":5}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kitBench(t, n)
			b.while(func(ctx context.Context) {
				r, ok := b.bridge.KitMethod(ctx, tt.device, hub.MethodCall{Name: tt.method, Payload: []byte(tt.payload)})
				if !ok || r.Status != tt.status {
					t.Errorf("status %d, %v, want %d: %s", r.Status, ok, tt.status, r.Payload)
				}
			})
		})
	}
	plain := newBench(t, abp("lora1", 1, 1))
	if r := plain.call("lora1", "CloudToDeviceMessage", `{"fport":5}`); r.Status != 404 {
		t.Errorf("without compat: status %d", r.Status)
	}
}

// Properties of the root are settings, gatewayd's own go before them, they
// last over a restart, and what has no counterpart is explained.
func TestKitTwin(t *testing.T) {
	t.Parallel()
	n := kitNode()
	b := kitBench(t, n)
	patches := b.desire(n,
		whole(1, `{"ClassType":"C","FCntDownStart":3,"AppKey":"00112233445566778899AABBCCDDEEFF","SensorDecoder":"DecoderHexSensor"}`))
	if b.class(n) != "C" {
		t.Error("ClassType was not applied")
	}
	if !strings.Contains(patches[0], `"FCntDownStart":"frame counters`) || strings.Contains(patches[0], "00112233") {
		t.Errorf("reported %s", patches[0])
	}
	b.desire(n, patch(2, `{"gatewayd":{"class":"A"}}`))
	if b.class(n) != "A" {
		t.Error("gatewayd's own setting does not go before the kit's")
	}
	patches = b.desire(n, patch(3, `{"SensorDecoder":"http://elsewhere/api/X","Downlink":false}`))
	if !strings.Contains(patches[0], "decoder_hosts") {
		t.Errorf("a decoder elsewhere: reported %s", patches[0])
	}
	if r := b.call("lora1", "downlink", `{"fPort":1}`); !strings.Contains(string(r.Payload), "disabled") {
		t.Errorf("Downlink false: %s", r.Payload)
	}
	b.desire(n, whole(4, `{}`))
	if r := b.call("lora1", "downlink", `{"fPort":1}`); r.Status != 200 {
		t.Errorf("Downlink is gone: %s", r.Payload)
	}
}

// The kit's reported properties follow an uplink; session keys only where
// somebody has asked for them; small steps of a counter are not told.
func TestKitReports(t *testing.T) {
	t.Parallel()
	for _, keys := range []bool{false, true} {
		n := kitNode()
		n.ReportKeys = keys
		b := kitBench(t, n)
		report := func() string {
			p, revision := b.bridge.Reports(n).Patch()
			b.bridge.Reports(n).Done(revision, 1, nil)
			return string(p)
		}
		b.hear(frameOf(n, 7, "x").bytes(t))
		first := report()
		for _, want := range []string{`"FCntUp":7`, `"DevAddr":"` + strings.ToUpper(n.DevAddr.String()) + `"`, `"Region":"EU868"`, `"gatewayd":{"state":`} {
			if !strings.Contains(first, want) {
				t.Errorf("reported %s, want %s in it", first, want)
			}
		}
		if strings.Contains(first, `"NwkSKey":`) != keys || strings.Contains(first, `"AppSKey":`) != keys {
			t.Errorf("keys wanted: %v, reported %s", keys, first)
		}
		b.hear(frameOf(n, 8, "x").bytes(t))
		if again := report(); again != "" {
			t.Errorf("one more uplink: reported %s", again)
		}
		b.hear(frameOf(n, 17, "x").bytes(t))
		if again := report(); !strings.Contains(again, `"FCntUp":17`) {
			t.Errorf("ten more uplinks: reported %s", again)
		}
	}
}

// DevStatusCmd goes out with the answer to the next uplink, once.
func TestKitAsksStatus(t *testing.T) {
	t.Parallel()
	n := kitNode()
	n.MAC.StatusInterval = 0 // nobody else asks
	b := kitBench(t, n)
	b.hear(frameOf(n, 1, "x").bytes(t))
	b.while(func(ctx context.Context) {
		_ = b.bridge.Handler(n).CloudMessage(ctx, hub.CloudMessage{ID: "c2d", Body: []byte(`{"macCommands":[{"cid":"DevStatusCmd"}]}`)})
	})
	before := len(b.tx.sent)
	b.hear(frameOf(n, 2, "x").bytes(t))
	if len(b.tx.sent) == before {
		t.Fatal("nothing was sent")
	}
	const devStatusReq = 0x06
	raw := b.tx.sent[len(b.tx.sent)-1].Payload
	if options := raw[8 : 8+raw[5]&0x0F]; !bytes.Contains(options, []byte{devStatusReq}) { // behind MHDR, DevAddr, FCtrl and FCnt
		t.Errorf("sent %x, want a DevStatusReq in its options", raw)
	}
}

// A decoder of the kit may order a downlink: once for each message, however
// often that is rendered, and to another node if it says so.
func TestKitDecoderOrders(t *testing.T) {
	t.Parallel()
	n, other := kitNode(), abp("lora2", 2, 3)
	other.Kit = true
	n.DevEUI[7], other.DevEUI[7] = 8, 9
	n.Codec = script(t, `function decodeUplink(input) {
		var order = { fport: 5, payload: 'n' + input.bytes[0] };
		if (input.bytes[0] === 2) order.devEUI = '0000000000000009';
		if (input.bytes[0] === 3) order = { fport: 0, payload: 'x' };
		return { data: { b: 1, cloudToDeviceMessage: order, a: 2 } };
	}`)
	b := kitBench(t, n)
	b.apply(n, other)
	b.hear(frameOf(n, 1, "\x01").bytes(t), frameOf(n, 2, "\x02").bytes(t), frameOf(n, 3, "\x03").bytes(t))
	wait, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	b.while(func(context.Context) {
		queued := func(device string) []bridge.QueuedDownlink {
			for {
				if queue, err := b.bridge.Queue(wait, device); err != nil || len(queue) > 0 {
					return queue
				}
			}
		}
		for range 3 {
			for _, m := range b.messages(n) {
				if d := decode[struct {
					Event string
					Data  json.RawMessage
				}](t, m.Body); d.Event == "up" && string(d.Data) != `{"b":1,"a":2}` {
					t.Errorf("data of %s", m.Body)
				}
			}
			for _, device := range []string{"lora1", "lora2"} {
				if queue := queued(device); len(queue) != 1 || queue[0].FPort != 5 || queue[0].Size != 2 || !strings.HasPrefix(queue[0].ID, "decoder-") {
					t.Errorf("%s: %+v", device, queue)
				}
			}
		}
		for b.logs.FilterMessage("the downlink that a decoder ordered is not queued").Len() == 0 {
			if wait.Err() != nil {
				t.Fatal("what cannot be queued is not said")
			}
			runtime.Gosched()
		}
	})
}

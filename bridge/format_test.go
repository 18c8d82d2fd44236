package bridge

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	flags "flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"gatewayd/bridge/codec"
	"gatewayd/bridge/shape"
	"gatewayd/radio"
)

var update = flags.Bool("update", false, "write the golden files")

// stubCodec decodes everything to the same.
type stubCodec codec.Result

func (s stubCodec) DecodeUplink(context.Context, codec.Uplink) codec.Result { return codec.Result(s) }

func (stubCodec) EncodeDownlink(context.Context, codec.Command) (codec.Downlink, error) {
	return codec.Downlink{}, errors.New("not in this test")
}

// sample is one event of a node, as it waits.
type sample struct {
	name   string
	record record
	codec  Codec
}

func samples() []sample {
	eui := radio.EUI64{0x70, 0xb3, 0xd5, 0x7e, 0xd0, 0, 0, 1}
	port, dr, battery, margin := uint8(3), uint8(5), uint8(127), int8(-5)
	base := record{ID: "70b3d57ed0000001-0000002a-70000", DevEUI: &eui, DevAddr: [4]byte{0x26, 1, 0xab, 4}, Trusted: true, At: 1795348800123456789}
	air := base
	air.Frequency, air.DataRate, air.Coding, air.DR = 868_100_000, "SF7BW125", "4/5", &dr
	air.Receivers = []receipt{
		{Concentrator: "roof", Gateway: radio.EUI64{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}, RSSI: -60, SNR: 9.5, Channel: 2},
		{Concentrator: "barn", Gateway: radio.EUI64{0, 0xaa, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}, RSSI: -101.5, SNR: -3.25, Channel: 2},
	}
	up := air
	up.Kind, up.FPort, up.FCnt, up.Payload, up.Confirmed, up.ADR = kindUp, &port, 70_000, []byte{1, 0x67, 1, 0x10}, true, true
	ackedUp, empty, fsk := up, up, up
	ackedUp.Acknowledges, ackedUp.MACAnswers = "msg-1", map[string]string{"DevStatusCmd": `"Type: DevStatusCmd Answer, Battery Level: 127, Margin: -5"`}
	empty.FPort, empty.Payload = nil, nil
	fsk.DataRate, fsk.DR = "50000", nil
	join, foreign := air, air
	join.Kind, join.DR = kindJoin, nil
	foreign.Kind, foreign.Payload = kindProprietary, []byte{0xE0, 1}
	event := func(k kind, r rare) record {
		e := base
		e.Kind, e.rare = k, r
		return e
	}
	downlink := func(k kind, state downlinkState, reason string) record {
		e := event(k, rare{DownlinkID: "msg-1", CorrelationID: "order-7", State: string(state), Reason: reason, Attempt: 2})
		e.FPort, e.FCnt = &port, 9
		return e
	}
	values := stubCodec{Data: json.RawMessage(`{"temperature_1":27.2,"gps_2":{"latitude":1.5,"longitude":-2},"list":[1,{"a":true}]}`), Warnings: []string{"old firmware"}}
	return []sample{
		{"up", up, nil},
		{"up-values", up, values},
		{"up-errors", up, stubCodec{Errors: []string{"payload too short"}}},
		{"up-acknowledges", ackedUp, nil},
		{"up-empty", empty, values},
		{"up-fsk", fsk, nil},
		{"join", join, nil},
		{"queued", downlink(kindTxAck, stateQueued, ""), nil},
		{"transmitted", downlink(kindTxAck, stateTransmitted, ""), nil},
		{"expired", downlink(kindTxAck, stateExpired, "too late"), nil},
		{"rejected", downlink(kindTxAck, stateRejected, "size: 300 bytes do not fit"), nil},
		{"acked", downlink(kindAck, stateAcked, ""), nil},
		{"nacked", downlink(kindAck, stateNacked, "not acknowledged"), nil},
		{"status", event(kindStatus, rare{Battery: &battery, Margin: &margin}), nil},
		{"log", event(kindLog, rare{State: "refused", Command: "LinkADRReq", Reason: "power"}), nil},
		{"drop", event(kindDrop, rare{Count: 12, Reason: "full"}), nil},
		{"proprietary", foreign, nil},
	}
}

func sampleTemplate(t *testing.T) *shape.Template {
	t.Helper()
	tmpl, err := shape.Parse([]byte(`{
		"up": {"id": "${deviceId}", "t": "${data.temperature_1}", "rx": "${receivers.1.gatewayEui}", "none": "${data.nothing}",
		       "text": "${fCnt} at ${rssi} dBm$${x}", "list": ["${data.list.0}", 7]},
		"join": {"joined": true}}`))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// TestFormats compares every event in every format with its golden file; an
// event without one has no message in that format. go test -update writes them.
func TestFormats(t *testing.T) {
	t.Parallel()
	tmpl := sampleTemplate(t)
	for _, format := range shape.Formats() {
		node := Node{
			Name: "greenhouse", DeviceID: "lora1", Class: ClassA,
			Profile: "climate", Shape: Shape{Format: format, GatewayID: "pi"},
		}
		if format == shape.FromTemplate {
			node.Template = tmpl
		}
		for _, s := range samples() {
			golden := filepath.Join("testdata", "formats", filepath.Base(string(format)), s.name+".json")
			node.Codec = s.codec
			m, _, err := render(5, s.record.marshal(), node, noon{})
			if errors.Is(err, errNoShape) {
				if _, err := os.Stat(golden); err == nil {
					t.Errorf("%s: no message, and there is %s", format, golden)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s %s: %v", format, s.name, err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, m.Body, "", "  "); err != nil {
				t.Fatalf("%s %s: %v", format, s.name, err)
			}
			got.WriteByte('\n')
			for _, p := range m.Properties {
				got.WriteString(p.Key + " = " + p.Value + "\n")
			}
			compare(t, golden, got.Bytes())
			if m.ContentType != "application/json" || m.ContentEncoding != "utf-8" || m.ID != s.record.ID {
				t.Errorf("%s %s: %+v", format, s.name, m)
			}
		}
	}
}

// TestSchema holds the golden messages of gatewayd/v2 against the published
// schema, and the schema against messages that are wrong.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../docs/schema/gatewayd-v2.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, s := range samples() {
		m, _, err := render(5, s.record.marshal(), Node{DeviceID: "lora1", Codec: s.codec}, noon{})
		if err != nil {
			t.Fatal(err)
		}
		message := object(t, string(m.Body))
		if err := schema.Validate(message); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		required := []string{"schema", "event", "deviceId", "receivedAt", "devAddr"}
		if k := s.record.Kind; k == kindUp {
			required = append(required, "fCnt", "payload", "gatewayEui")
		} else if k == kindTxAck || k == kindAck {
			required = append(required, "state", "downlinkId")
		}
		for _, key := range required {
			wrong := maps.Clone(message)
			delete(wrong, key)
			if schema.Validate(wrong) == nil {
				t.Errorf("%s without %s is valid", s.name, key)
			}
			seen++
		}
		message["devEui"] = "70b3d57ed0000001"
		if schema.Validate(message) == nil {
			t.Errorf("%s with a DevEUI in lower case is valid", s.name)
		}
	}
	if seen < 50 {
		t.Errorf("only %d wrong messages were tried", seen)
	}
}

func compare(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o755), os.WriteFile(golden, got, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// A message is compressed where that makes it smaller, and says so.
func TestGzip(t *testing.T) {
	t.Parallel()
	node := Node{DeviceID: "lora1", Shape: Shape{Gzip: true}}
	m, _, err := render(5, samples()[0].record.marshal(), node, noon{})
	if err != nil {
		t.Fatal(err)
	}
	packed := node.pack(m)
	r, err := gzip.NewReader(bytes.NewReader(packed.Body))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(r); err != nil || !bytes.Equal(plain, m.Body) || packed.ContentEncoding != "gzip" || packed.ContentType != "application/json" {
		t.Errorf("%s, %v: %q, want %q", packed.ContentEncoding, err, plain, m.Body)
	}
	m.Body = []byte(`{}`)
	if got := node.pack(m); string(got.Body) != `{}` || got.ContentEncoding != "utf-8" {
		t.Errorf("two bytes became %d, %s", len(got.Body), got.ContentEncoding)
	}
}

// A template that makes too much of a message loses nothing.
func TestTemplateTooLarge(t *testing.T) {
	t.Parallel()
	tmpl, err := shape.Parse([]byte(`{"up": {"a": ["${payloadHex}", "${payloadHex}", "${payloadHex}"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := samples()[0].record
	r.Payload = make([]byte, maxTemplated/4)
	m, _, err := render(5, r.marshal(), Node{Shape: Shape{Format: shape.FromTemplate, Template: tmpl}}, noon{})
	if err != nil {
		t.Fatal(err)
	}
	got := object(t, string(m.Body))
	if got["payloadHex"] == nil || got["errors"] == nil {
		t.Errorf("want the payload and the error in %.200s", m.Body)
	}
}

// An event that the format has no message for leaves the outbox, and is not
// counted as lost.
func TestNoShapeIsDone(t *testing.T) {
	t.Parallel()
	b := newFormatBench(t)
	b.add(t, "log")
	b.add(t, "up")
	messages, err := b.feed.Pending(0, 10)
	if err != nil || len(messages) != 1 || property(messages[0], "event") != "up" {
		t.Fatalf("got %d messages, %v", len(messages), err)
	}
	if b.feed.bad.Load() != 0 || len(b.store.done) != 1 {
		t.Errorf("%d counted as lost, %d done; want none and one", b.feed.bad.Load(), len(b.store.done))
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte(`{"up":{"a":"${data.list.0} $${ ${x","b":[1,{"c":"${payload}"}]}}`), []byte(`{"data":{"list":[1]}}`))
	f.Fuzz(func(t *testing.T, text, message []byte) {
		tmpl, err := shape.Parse(text)
		var v any
		if err != nil || json.Unmarshal(message, &v) != nil {
			return
		}
		for _, event := range []string{"up", "join"} {
			if filled, ok := tmpl.Fill(event, v); ok {
				if _, err := json.Marshal(filled); err != nil {
					t.Errorf("%q with %q: %v", text, message, err)
				}
			}
		}
	})
}

package bridge_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/radio"
)

func bodies(t *testing.T, messages []hub.Message) (payloads []string) {
	t.Helper()
	for _, m := range messages {
		var b struct {
			Event   string `json:"event"`
			Payload []byte `json:"payload"`
		}
		if err := json.Unmarshal(m.Body, &b); err != nil {
			t.Fatal(err)
		}
		if b.Event == "up" {
			payloads = append(payloads, string(b.Payload))
		}
	}
	return payloads
}

func TestUplinkBecomesMessage(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 0x26011BDA, 1)
	n.DevEUI = radio.EUI64{0xA8, 0x17, 0x58, 0xFF, 0xFE, 3, 0xAB, 0xCD}
	b := newBench(t, n)
	f := frameOf(n, 70000, "") // ABP node that other software has served before: only the low half is on the air
	f.fCnt, f.port, f.payload = 42, 7, "\x01\x02\xff"
	b.hear(f.bytes(t))

	messages := b.messages(n)
	if len(messages) != 1 {
		t.Fatalf("%d messages, dropped %v, want 1", len(messages), b.dropped())
	}
	m := messages[0]
	var got map[string]any
	if err := json.Unmarshal(m.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"schema": "gatewayd/v2", "event": "up", "deviceId": "lora1", "devEui": "A81758FFFE03ABCD", "devAddr": "26011BDA", "fPort": 7.0, "fCnt": 42.0,
		"confirmed": false, "payloadHex": "0102ff", "payload": "AQL/",
		"receivedAt": "2026-11-22T12:00:10.000000Z", "receivedAtSource": "clock",
		"frequency": 868300000.0, "dataRate": "SF7BW125", "codingRate": "4/5", "rssi": -57.5, "snr": 9.25,
		"channel": 1.0, "gatewayEui": "0011223344556677", "concentrator": "c0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if m.ContentType != "application/json" || m.ContentEncoding != "utf-8" {
		t.Errorf("content type %q, encoding %q", m.ContentType, m.ContentEncoding)
	}
	wantProps := []hub.Property{{Key: "event", Value: "up"}, {Key: "devEui", Value: "A81758FFFE03ABCD"}, {Key: "devAddr", Value: "26011BDA"}, {Key: "fPort", Value: "7"}}
	if diff := cmp.Diff(wantProps, m.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if len(b.tx.sent) != 0 {
		t.Error("an unconfirmed uplink was answered")
	}
}

// The message id is what consumers drop duplicates by: the same for the same
// uplink after a restart, different for any other.
func TestMessageID(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(frameOf(n, 1, "a").bytes(t), frameOf(n, 2, "b").bytes(t))
	before := b.messages(n)
	b.restart()
	after := b.messages(n)
	if diff := cmp.Diff(before, after); diff != "" || len(after) != 2 {
		t.Errorf("%d messages after the restart (-before +after):\n%s", len(after), diff)
	}
	if before[0].ID == before[1].ID {
		t.Errorf("two uplinks with message id %s", before[0].ID)
	}
}

func TestDropReasons(t *testing.T) {
	t.Parallel()
	n, o := abp("lora1", 0x01020304, 1), otaa("lora2", 9)
	good := frameOf(n, 5, "x")
	badMIC := good.bytes(t)
	badMIC[len(badMIC)-1] ^= 1
	flipped := good.bytes(t)
	flipped[9] ^= 1 // one bit of the FRMPayload
	reserved := good.bytes(t)
	reserved[0] |= 0x04 // a bit of the MHDR that the MIC covers and the parser ignores
	major := good.bytes(t)
	major[0] |= 0x01
	stranger := good
	stranger.addr = lorawan.DevAddr{9, 9, 9, 9}
	otherEUI, otherJoinEUI, otherKey := otaa("x", 8), o, o
	otherJoinEUI.JoinEUI[7]++
	otherKey.AppKey = key(77)

	rejoin := append([]byte{0xC0, 0, 0, 0, 0}, o.DevEUI[:]...) // type 0 of a node of LoRaWAN 1.0
	slices.Reverse(rejoin[5:])
	rejoin = append(rejoin, make([]byte, 6)...)

	for name, tt := range map[string]struct {
		frame []byte
		want  bridge.Reason
	}{
		"empty":                {[]byte{}, bridge.Malformed},
		"too short":            {[]byte{0x40, 1, 2, 3}, bridge.Malformed},
		"header cut":           {good.bytes(t)[:9], bridge.Malformed},
		"too long":             {make([]byte, 256), bridge.Malformed},
		"wrong major":          {major, bridge.Malformed},
		"reserved bit":         {reserved, bridge.Malformed},
		"bad MIC":              {badMIC, bridge.BadMIC},
		"payload altered":      {flipped, bridge.BadMIC},
		"unknown DevAddr":      {stranger.bytes(t), bridge.UnknownDevAddr},
		"downlink":             {[]byte{0x60, 4, 3, 2, 1, 0, 0, 0, 1, 2, 3, 4}, bridge.NotUplink},
		"proprietary":          {[]byte{0xE0, 1, 2, 3, 4, 5, 6}, bridge.NotUplink},
		"rejoin":               {rejoin, bridge.Unsupported},
		"join, unknown DevEUI": {joinRequest(t, otherEUI, 1), bridge.UnknownDevEUI},
		"join, other JoinEUI":  {joinRequest(t, otherJoinEUI, 1), bridge.WrongJoinEUI},
		"join, other AppKey":   {joinRequest(t, otherKey, 1), bridge.BadMIC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n, o)
			b.hear(tt.frame)
			if diff := cmp.Diff(map[bridge.Reason]uint64{tt.want: 1}, b.dropped()); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
			b.hear(good.bytes(t))
			if got := bodies(t, b.messages(n)); len(got) != 1 {
				t.Errorf("the good frame after it gave %d messages, want 1", len(got))
			}
			if len(b.tx.sent) != 0 {
				t.Error("it was answered")
			}
		})
	}
}

func TestFCnt(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for name, tt := range map[string]struct {
		fCnts []uint32
		want  []bridge.Reason // "" for accepted
	}{
		"growing":              {[]uint32{0, 1, 2}, []bridge.Reason{"", "", ""}},
		"replay":               {[]uint32{5, 4}, []bridge.Reason{"", bridge.Replay}},
		"the last one again":   {[]uint32{5, 5}, []bridge.Reason{"", bridge.Retransmission}},
		"zero twice":           {[]uint32{0, 0}, []bridge.Reason{"", bridge.Retransmission}},
		"largest gap":          {[]uint32{10, 10 + bridge.MaxFCntGap}, []bridge.Reason{"", ""}},
		"gap too large":        {[]uint32{10, 11 + bridge.MaxFCntGap}, []bridge.Reason{"", bridge.FCntGap}},
		"gap, then in reach":   {[]uint32{10, 30000, 11}, []bridge.Reason{"", bridge.FCntGap, ""}},
		"over 16 bits":         {[]uint32{65535, 65536, 65537}, []bridge.Reason{"", "", ""}},
		"over 16 bits, gap":    {[]uint32{60000, 70000}, []bridge.Reason{"", ""}},
		"replay of last round": {[]uint32{60000, 70000, 60000}, []bridge.Reason{"", "", bridge.Replay}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			want := map[bridge.Reason]uint64{}
			for i, fCnt := range tt.fCnts {
				accepted := len(b.messages(n))
				b.hear(frameOf(n, fCnt, "x").bytes(t))
				if tt.want[i] != "" {
					want[tt.want[i]]++
				} else if len(b.messages(n)) != accepted+1 {
					t.Errorf("FCnt %d was not accepted: %v", fCnt, b.dropped())
				}
			}
			if diff := cmp.Diff(want, b.dropped()); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplayAcrossRestart(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	frame := frameOf(n, 100, "x").bytes(t)
	b.hear(frame)
	b.restart()
	b.hear(frame)
	if got := len(b.messages(n)); got != 1 {
		t.Errorf("%d messages, want 1", got)
	}
	if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.Retransmission: 1}, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

func TestNodesOnOneDevAddrToldApartByMIC(t *testing.T) {
	t.Parallel()
	n1, n2, n3 := abp("lora1", 7, 1), abp("lora2", 7, 11), abp("lora3", 7, 21)
	b := newBench(t, n1, n2)
	b.hear(frameOf(n2, 3, "second").bytes(t), frameOf(n1, 9, "first").bytes(t), frameOf(n3, 1, "third").bytes(t))
	for _, tt := range []struct {
		node bridge.Node
		want string
	}{{n1, "first"}, {n2, "second"}} {
		if diff := cmp.Diff([]string{tt.want}, bodies(t, b.messages(tt.node))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.node.Name, diff)
		}
	}
	if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.BadMIC: 1}, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

func TestSecondReceptionIsDuplicate(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	f := frameOf(n, 1, "x")
	f.confirmed = true
	for name, change := range map[string]func(*radio.Uplink){
		"other channel": func(u *radio.Uplink) { u.Ticks, u.Channel = u.Ticks+100, 2 },
		"other concentrator": func(u *radio.Uplink) {
			u.Concentrator, u.Ticks = "c1", 5
			u.Received = u.Received.Add(40 * time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			first := b.uplink(f.bytes(t))
			second := b.uplink(f.bytes(t))
			change(&second)
			b.hearUplinks(first, second)
			if got := len(b.messages(n)); got != 1 {
				t.Errorf("%d messages, want 1", got)
			}
			if len(b.tx.sent) != 1 {
				t.Errorf("%d acknowledgements, want 1", len(b.tx.sent))
			}
			if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.Duplicate: 1}, b.dropped()); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFramesWithoutApplicationData(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	mac, empty := frameOf(n, 1, "\x02"), frameOf(n, 2, "")
	mac.port, empty.port = 0, -1
	b.hear(mac.bytes(t), empty.bytes(t))
	messages := b.messages(n)
	if len(messages) != 1 {
		t.Fatalf("%d messages, want 1: FPort 0 is not for the application", len(messages))
	}
	var got struct {
		FPort *int `json:"fPort"`
		FCnt  int  `json:"fCnt"`
	}
	if err := json.Unmarshal(messages[0].Body, &got); err != nil || got.FPort != nil || got.FCnt != 2 {
		t.Errorf("got %+v, %v, want fCnt 2 and fPort null", got, err)
	}
	b.hear(mac.bytes(t))
	if b.dropped()[bridge.Replay] != 1 {
		t.Errorf("the counter of a frame with FPort 0 was not kept: %v", b.dropped())
	}
}

func TestWaitingFramesShareOneCommit(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	var frames [][]byte
	for i := range uint32(10) {
		frames = append(frames, frameOf(n, i, "x").bytes(t))
	}
	b.hear(frames...)
	if b.store.commits != 1 || len(b.messages(n)) != 10 {
		t.Errorf("%d commits for %d messages, want 1 for 10", b.store.commits, len(b.messages(n)))
	}
}

func TestNodeIsGreetedOncePerSession(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	for i := range uint32(5) {
		b.hear(frameOf(n, i, "x").bytes(t))
	}
	if got := b.logs.FilterMessage("node heard").Len(); got != 1 {
		t.Errorf("%d lines for 5 frames, want 1", got)
	}
}

func TestDropLogIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 500 {
		b.hearUplinks(b.uplink([]byte{0x40, 1, 2, 3, 4, 0, 0, 0, 1, 2, 3, 4}))
	}
	if got := b.logs.FilterMessage("frame dropped").Len(); got != 1 {
		t.Errorf("%d lines for 500 frames, want 1", got)
	}
	b.clock.pass(2 * time.Minute)
	b.hear([]byte{0x40, 1, 2, 3, 4, 0, 0, 0, 1, 2, 3, 4})
	lines := b.logs.FilterMessage("frame dropped").All()
	if len(lines) != 2 || lines[1].ContextMap()["more_since"] != int64(499) {
		t.Errorf("after two minutes: %v", lines)
	}
}

func TestReceiveTimeWithoutTrustedClock(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	read := func(b *bench) (at, source string) {
		var body struct{ ReceivedAt, ReceivedAtSource string }
		if err := json.Unmarshal(b.messages(n)[0].Body, &body); err != nil {
			t.Fatal(err)
		}
		return body.ReceivedAt, body.ReceivedAtSource
	}
	b := newBench(t, n)
	b.clock.trusted, b.clock.now = false, time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC)
	b.hear(frameOf(n, 1, "x").bytes(t))
	if at, source := read(b); at != "1970-01-01T00:05:10.000000Z" || source != "untrusted-clock" {
		t.Errorf("before the clock is set: %s, %s", at, source)
	}
	// Thirty seconds later the clock is set.
	b.clock.pass(30 * time.Second)
	b.clock.trusted, b.clock.now = true, time.Date(2026, 11, 22, 18, 0, 30, 0, time.UTC)
	if at, source := read(b); at != "2026-11-22T18:00:00.000000Z" || source != "backfilled" {
		t.Errorf("after the clock was set: %s, %s", at, source)
	}
	b.clock.boot = "boot-2"
	if _, source := read(b); source != "untrusted-clock" {
		t.Errorf("after another boot: %s", source)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	n1, n2 := abp("lora1", 1, 1), abp("lora2", 2, 11)
	b := newBench(t, n1)
	b.hear(frameOf(n1, 5, "x").bytes(t), frameOf(n2, 1, "x").bytes(t))
	if b.dropped()[bridge.UnknownDevAddr] != 1 {
		t.Fatalf("dropped %v", b.dropped())
	}
	renamed := n1
	renamed.Name = "greenhouse"
	b.apply(renamed, n2)
	b.hear(frameOf(n1, 5, "x").bytes(t), frameOf(n1, 6, "y").bytes(t), frameOf(n2, 2, "z").bytes(t))
	if b.dropped()[bridge.Retransmission] != 1 {
		t.Errorf("the counter of a node that stayed was lost: %v", b.dropped())
	}
	if len(b.messages(n1)) != 2 || len(b.messages(n2)) != 1 {
		t.Errorf("%d and %d messages, want 2 and 1", len(b.messages(n1)), len(b.messages(n2)))
	}
	b.apply(n2)
	b.hear(frameOf(n1, 7, "x").bytes(t))
	if b.dropped()[bridge.UnknownDevAddr] != 2 {
		t.Errorf("a removed node was served: %v", b.dropped())
	}
}

func TestNewKeysMeanNewCounters(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(frameOf(n, 500, "x").bytes(t))
	n.NwkSKey = key(99)
	b.nodes = []bridge.Node{n}
	b.restart()
	b.hear(frameOf(n, 1, "y").bytes(t))
	if got := len(b.messages(n)); got != 2 {
		t.Errorf("%d messages, want 2: %v", got, b.dropped())
	}
}

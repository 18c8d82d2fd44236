package soak

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"gatewayd/hub/hubtest"
)

// up is an uplink at the hub.
func up(device, id string, frame uint64) hubtest.Event {
	return hubtest.Event{
		Kind: hubtest.EventD2C, Device: device, Properties: map[string]string{"event": "up", "$.mid": id},
		Body: fmt.Appendf(nil, `{"fPort": 1, "payloadHex": "%x"}`, binary.BigEndian.AppendUint64(nil, frame)),
	}
}

// told is an event of a downlink.
func told(id, state string) hubtest.Event {
	return hubtest.Event{
		Kind: hubtest.EventD2C, Device: "a", Properties: map[string]string{"event": "ack"},
		Body: fmt.Appendf(nil, `{"downlinkId": %q, "state": %q}`, id, state),
	}
}

// A judge that sees nothing wrong would make every test pass.
func TestJudge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		events []hubtest.Event
		want   string // of the problem; "" for none
	}{
		"fine":                  {[]hubtest.Event{up("a", "m1", 1), up("b", "n1", 2), up("a", "m2", 3)}, ""},
		"delivered again":       {[]hubtest.Event{up("a", "m1", 1), up("a", "m2", 2), up("a", "m1", 1)}, ""},
		"accepted twice":        {[]hubtest.Event{up("a", "m1", 1), up("a", "m2", 1)}, "has come as message m1 and as m2"},
		"out of order":          {[]hubtest.Event{up("a", "m2", 2), up("a", "m1", 1)}, "frame 1 came after 2"},
		"another node's order":  {[]hubtest.Event{up("a", "m2", 2), up("b", "m1", 1)}, ""},
		"forged":                {[]hubtest.Event{{Kind: hubtest.EventD2C, Properties: map[string]string{"event": "up"}, Body: []byte(`{"fPort": 1, "payloadHex": "aa"}`)}}, "no node sent"},
		"not JSON":              {[]hubtest.Event{{Kind: hubtest.EventD2C, Body: []byte("x")}}, "not JSON"},
		"downlink acknowledged": {[]hubtest.Event{told("down-00000", "acked")}, ""},
		"downlink given up":     {[]hubtest.Event{told("down-00000", "nacked")}, "nacked"},
		"downlink of nobody":    {[]hubtest.Event{told("other", "acked")}, "nobody sent"},
	} {
		j := NewJudge()
		j.next(1)
		for _, e := range tt.events {
			j.Record(e)
		}
		if got := strings.Join(j.Problems(), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: problems %q, want %q", name, got, tt.want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	j := NewJudge()
	j.acked[1], j.acked[2] = "a", "b"
	j.Record(up("a", "m1", 1))
	if got := strings.Join(j.Missing(), "; "); got != "b: frame 2" {
		t.Errorf("missing %q", got)
	}
}

func TestUndelivered(t *testing.T) {
	t.Parallel()
	j := NewJudge()
	for range 4 {
		j.next(4)
	}
	if _, ok := j.next(4); ok {
		t.Error("more than four may wait")
	}
	j.heard("down-00000")
	j.Record(told("down-00000", "acked"))
	j.Record(told("down-00001", "acked")) // but never heard
	j.Record(told("down-00002", "transmitted"))
	got := strings.Join(j.undelivered(map[string]bool{"down-00003": true}), "; ")
	want := `down-00001: told as acknowledged, but the node has not heard it; down-00002: neither acknowledged nor in the queue, last told "transmitted"`
	if got != want {
		t.Errorf("undelivered %q, want %q", got, want)
	}
}

package hubtest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
)

func TestRecordLines(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	for _, test := range []struct {
		event Event
		want  string
	}{
		{
			Event{Kind: EventD2C, Device: "lora1", Topic: testTopic + "a=1&b=2", QoS: 1, Properties: map[string]string{"a": "1", "b": "<2>"}, Body: []byte("hi"), At: at},
			`{"event":"d2c","device":"lora1","topic":"devices/lora1/messages/events/a=1&b=2","qos":1,"properties":{"a":"1","b":"<2>"},"body":"aGk=","at":"2026-01-02T02:04:05Z"}`,
		},
		{
			Event{Kind: EventD2C, Device: "lora1", Topic: testTopic, Properties: map[string]string{}, Body: []byte{}, At: at},
			`{"event":"d2c","device":"lora1","topic":"devices/lora1/messages/events/","qos":0,"properties":{},"body":"","at":"2026-01-02T02:04:05Z"}`,
		},
		{
			Event{Kind: EventRefused, Device: "lora1", Reason: ReasonExpiredToken, Code: 5, At: at},
			`{"event":"refused","device":"lora1","reason":"expired_token","code":5,"at":"2026-01-02T02:04:05Z"}`,
		},
	} {
		got, err := test.event.MarshalJSON()
		if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
}

// lines counts Writes and Flushes, and fails once broken.
type lines struct {
	bytes.Buffer
	writes, flushes int
	broken          bool
}

var errBroken = errors.New("no space left on device")

func (l *lines) Write(p []byte) (int, error) {
	if l.broken {
		return 0, errBroken
	}
	l.writes++
	return l.Buffer.Write(p)
}

func (l *lines) Flush() error {
	l.flushes++
	return nil
}

func TestJournalWritesLines(t *testing.T) {
	out := &lines{}
	var seen []Kind
	j := newJournal(Options{Record: out, Recorder: func(e Event) { seen = append(seen, e.Kind) }, Keep: 2, KeepBytes: 1 << 20})
	for range 9 {
		if err := j.add(Event{Kind: EventD2C}); err != nil {
			t.Fatal(err)
		}
	}
	if out.writes != 9 || out.flushes != 9 || bytes.Count(out.Bytes(), []byte("\n")) != 9 || len(seen) != 9 {
		t.Errorf("%d writes, %d flushes, %d calls", out.writes, out.flushes, len(seen))
	}
	if len(j.events) > 3 || j.dropped+len(j.events) != 9 || j.messages != 9 {
		t.Errorf("kept %d of %d", len(j.events), j.messages)
	}
}

// Large bodies are forgotten sooner than the number of events says.
func TestJournalBoundsBytes(t *testing.T) {
	j := newJournal(Options{Keep: 1000, KeepBytes: 1000})
	for range 100 {
		if err := j.add(Event{Kind: EventD2C, Body: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	if j.size > 1250 || len(j.events) < 10 || j.dropped+len(j.events) != 100 {
		t.Errorf("%d events with %d bytes, %d dropped", len(j.events), j.size, j.dropped)
	}
}

// What cannot be recorded is not acknowledged.
func TestRecordFails(t *testing.T) {
	out := &lines{}
	h := serve(t, Options{Record: out})
	c := open(t, h, "lora1", true)
	h.journal.mu.Lock()
	out.broken = true
	h.journal.mu.Unlock()
	c.send(publishPacket(testTopic, 1, 1, "x"))
	c.closed()
	h.journal.mu.Lock()
	out.broken = false
	h.journal.mu.Unlock()
	if got := h.Messages(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestEventsChannel(t *testing.T) {
	h := serve(t, Options{})
	events, stop := h.Events(1)
	c := open(t, h, "lora1", true) // fills the buffer
	c.send(publishPacket(testTopic, 1, 1, "x"))
	receive[*packets.PubackPacket](c) // a full channel stops nobody
	if e := <-events; e.Kind != EventConnected {
		t.Errorf("got %+v", e)
	}
	stop()
	stop()
	if _, ok := <-events; ok {
		t.Error("open after stop")
	}
}

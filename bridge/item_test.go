package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// shelf is a Store that holds records of one queue.
type shelf struct {
	Store
	records map[string]string // by key
}

func (s shelf) Each(bucket, prefix string, do func(string, []byte)) {
	for key, value := range s.records {
		if bucket == itemBucket {
			do(prefix+key, []byte(value))
		}
	}
}

func queueOwner() *nodeState { return &nodeState{node: Node{DeviceID: "lora1"}} }

func TestItemMarshal(t *testing.T) {
	t.Parallel()
	expires := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]item{
		"little":     {Seq: 1, ID: "a"},
		"everything": {Seq: 1 << 60, ID: "a", CorrelationID: "c", FPort: 223, Payload: []byte{0, 255}, Confirmed: true, Priority: 255, Expires: expires, Attempts: 15, Tried: 3, State: itemAwaiting, FCnt: 1<<32 - 1, TTL: time.Hour, Cancelled: "flushed"},
	} {
		n := queueOwner()
		queue, err := loadQueue(shelf{records: map[string]string{fmt.Sprintf("%016x", want.Seq): string(want.marshal())}}, n)
		if err != nil || len(queue) != 1 {
			t.Fatalf("%s: %d items, %v", name, len(queue), err)
		}
		if diff := cmp.Diff(want, queue[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	far := item{Seq: 1, ID: "a", Expires: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}
	queue, err := loadQueue(shelf{records: map[string]string{"0000000000000001": string(far.marshal())}}, queueOwner())
	if err != nil || len(queue) != 1 || !queue[0].Expires.IsZero() {
		t.Errorf("a year that JSON cannot hold: %+v, %v", queue, err)
	}
}

// A damaged record costs its own downlink, and is said.
func TestLoadQueue(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"0000000000000003": `{"seq":3,"id":"c"}`, "0000000000000001": `{"seq":1,"id":"a","st":1}`,
		"0000000000000002": `{"seq":2,"id":"b","prio":1,"st":2}`,
	}
	for name, tt := range map[string]struct{ key, value string }{
		"whole":         {"0000000000000003", `{"seq":3,"id":"c"}`},
		"no JSON":       {"0000000000000004", `{`},
		"another's":     {"0000000000000004", `{"seq":5,"id":"d"}`},
		"key of a kind": {"x", `{"seq":4,"id":"d"}`},
		"no key":        {"", `{"seq":4,"id":"d"}`},
		"new state":     {"0000000000000004", `{"seq":4,"id":"d","st":3}`},
	} {
		records := map[string]string{tt.key: tt.value}
		for k, v := range good {
			records[k] = v
		}
		queue, err := loadQueue(shelf{records: records}, queueOwner())
		if (err == nil) != (name == "whole") {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, i := range queue {
			got = append(got, i.ID+" "+itemStates[i.State])
		}
		// One that was with a concentrator waits again.
		if diff := cmp.Diff([]string{"b awaiting-ack", "a waiting", "c waiting"}, got); diff != "" {
			t.Errorf("%s: queue (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever is on the disk, what is read as an item is written as the same one.
func FuzzLoadQueue(f *testing.F) {
	f.Add("0000000000000001", `{"seq":1,"id":"a","port":3,"pl":"AQI=","exp":"2026-11-22T12:00:00Z","st":1}`)
	f.Add("0000000000000002", `{"seq":2,"id":"b","prio":255,"st":9,"ttl":-1}`)
	f.Add("", `null`)
	f.Fuzz(func(t *testing.T, key, value string) {
		queue, err := loadQueue(shelf{records: map[string]string{key: value}}, queueOwner())
		if err != nil || len(queue) != 1 {
			return
		}
		again, err := loadQueue(shelf{records: map[string]string{key: string(queue[0].marshal())}}, queueOwner())
		if err != nil || len(again) != 1 {
			t.Fatalf("%s was read, %s not: %v", value, queue[0].marshal(), err)
		}
		if !again[0].Expires.Equal(queue[0].Expires) && queue[0].Expires.Year() <= 9999 {
			t.Errorf("expires %v became %v", queue[0].Expires, again[0].Expires)
		}
		again[0].Expires, queue[0].Expires = time.Time{}, time.Time{}
		if diff := cmp.Diff(queue, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-read +read again):\n%s", diff)
		}
		_ = itemStates[queue[0].State]
	})
}

package bridge_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/hub"
	"gatewayd/internal/simulator"
	"gatewayd/internal/store"
)

// desire hands desired properties to the device of n and returns what its twin
// is told.
func (b *bench) desire(n bridge.Node, docs ...hub.Desired) (patches []string) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		r := b.bridge.Reports(n)
		for _, d := range docs {
			b.bridge.Handler(n).Twin(ctx, d)
			p, revision := r.Patch()
			r.Done(revision, 1, nil)
			patches = append(patches, string(p))
		}
	})
	return patches
}

// class is that of the node as the bridge serves it.
func (b *bench) class(n bridge.Node) string {
	b.t.Helper()
	return decode[struct{ Class string }](b.t, b.call(n.DeviceID, "session", "").Payload).Class
}

func whole(version int64, doc string) hub.Desired {
	return hub.Desired{Version: version, Full: true, JSON: []byte(doc)}
}

func patch(version int64, doc string) hub.Desired {
	return hub.Desired{Version: version, JSON: []byte(doc)}
}

// Settings take effect at once, one change over the other, are kept over a
// restart and a reload, and go with the property.
func TestDesired(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for name, tt := range map[string]struct {
		docs []hub.Desired
		want string // class
	}{
		"whole":                 {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"},"mine":1}`)}, "C"},
		"patch":                 {[]hub.Desired{patch(1, `{"gatewayd":{"class":"C"}}`)}, "C"},
		"patch of another":      {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), patch(2, `{"gatewayd":{"adr":"off"}}`)}, "C"},
		"patch of yours":        {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), patch(2, `{"mine":{"class":"A"}}`)}, "C"},
		"setting removed":       {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), patch(2, `{"gatewayd":{"class":null}}`)}, "A"},
		"all removed":           {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), patch(2, `{"gatewayd":null}`)}, "A"},
		"whole without":         {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), whole(2, `{"mine":1}`)}, "A"},
		"not an object":         {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), patch(2, `{"gatewayd":7}`)}, "A"},
		"an object again":       {[]hub.Desired{whole(1, `{"gatewayd":7}`), patch(2, `{"gatewayd":{"class":"C"}}`)}, "C"},
		"refused, then allowed": {[]hub.Desired{whole(1, `{"gatewayd":{"class":"B"}}`), patch(2, `{"gatewayd":{"class":"C"}}`)}, "C"},
		"unreadable":            {[]hub.Desired{whole(1, `{"gatewayd":{"class":"C"}}`), whole(2, `[`)}, "C"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			b.desire(n, tt.docs...)
			if got := b.class(n); got != tt.want {
				t.Errorf("class %s, want %s", got, tt.want)
			}
			b.apply(n)
			if got := b.class(n); got != tt.want {
				t.Errorf("after a reload: class %s, want %s", got, tt.want)
			}
			b.restart()
			if got := b.class(n); got != tt.want {
				t.Errorf("after a restart: class %s, want %s", got, tt.want)
			}
		})
	}
}

// Properties of a device that no node has are nobody's.
func TestDesiredOfNoNode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.desire(abp("nobody", 1, 1), whole(1, `{"gatewayd":{"class":"C"}}`)); got[0] != "" {
		t.Errorf("the twin is told %s", got[0])
	}
	if b.logs.FilterMessage("desired properties not taken over").Len() != 1 {
		t.Error("not said")
	}
}

// What was kept and cannot be read is said, and the configuration holds.
func TestUnreadableDesired(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	if _, err := b.store.Commit(store.Batch{Put: []store.Record{{Bucket: "desired", Key: "device:lora1", Value: []byte("{")}}}); err != nil {
		t.Fatal(err)
	}
	b.restart()
	if b.class(n) != "A" || b.logs.FilterMessageSnippet("desired properties are unreadable").Len() != 1 {
		t.Errorf("class %s, said %v", b.class(n), b.logs.All())
	}
}

// The list of published ports can be set from the cloud.
func TestDesiredPorts(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.desire(n, whole(1, `{"gatewayd":{"fPorts":[2]}}`))
	one, two := frameOf(n, 1, "one"), frameOf(n, 2, "two")
	two.port = 2
	b.hear(one.bytes(t), two.bytes(t))
	if diff := cmp.Diff([]string{"two"}, bodies(t, b.messages(n))); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if got := b.bridge.Stats().Accepted; got != 2 {
		t.Errorf("%d accepted, want 2", got)
	}
}

// A mode of ADR that needs more than its name cannot be set from the cloud: the
// node keeps the data rate it has.
func TestDesiredStaticADR(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassA)
	c.DataRate = 5
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		m := simulator.Message{FPort: 1, Payload: []byte("up"), ADR: true}
		for range 2 {
			net.send(ctx, "node", m)
		}
		net.bridge.Handler(n).Twin(ctx, whole(5, `{"gatewayd":{"adr":"static"}}`))
		for range 4 {
			net.send(ctx, "node", m)
		}
		if set, _ := net.world.Node("node").Settings(); set.DataRate != 5 {
			t.Errorf("the node was told DR%d", set.DataRate)
		}
	})
}

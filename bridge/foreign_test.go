package bridge_test

import (
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/internal/secret"
)

// Frames of other protocols go to the device that takes them, as they are but
// for the MHDR, whatever major version that names.
func TestProprietaryFrames(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for name, device := range map[string]string{"a device of its own": "other", "a node's device": "lora1"} {
		b := newBench(t, n)
		b.proprietary = device
		b.apply(n)
		b.hear([]byte{0xE0, 1, 2, 3, 4, 5, 6}, []byte{0xE3, 7, 8}, []byte{0xE0})
		var got []string
		ids := map[string]bool{}
		for _, m := range b.messages(bridge.Node{DeviceID: device}) {
			e := decode[struct{ Event, PayloadHex, DeviceID, DataRate string }](t, m.Body)
			got = append(got, e.Event+" "+e.DeviceID+" "+e.PayloadHex+" "+e.DataRate)
			ids[m.ID] = true
		}
		want := []string{"proprietary " + device + " 010203040506 SF7BW125", "proprietary " + device + " 0708 SF7BW125"}
		if diff := cmp.Diff(want, got); diff != "" || len(ids) != 2 {
			t.Errorf("%s: %d ids (-want +got):\n%s", name, len(ids), diff)
		}
		if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.Malformed: 1}, b.dropped()); diff != "" {
			t.Errorf("%s: dropped (-want +got):\n%s", name, diff)
		}
		if len(b.tx.sent) != 0 {
			t.Errorf("%s: answered", name)
		}
	}
}

// Without its AppSKey a node's payloads go out as they are on the air, said to
// be so, and nobody here can encrypt a downlink for it. MAC commands work.
func TestEncryptedPayload(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	app := n.AppSKey
	n.AppSKey = secret.AES128{}
	b := newBench(t, n)
	f := frameOf(n, 1, "clear")
	f.app, f.fOpts = app, []byte{0x02} // LinkCheckReq
	empty := frameOf(n, 2, "")
	empty.port = -1
	b.hear(f.bytes(t), empty.bytes(t))
	messages := b.messages(n)
	if len(messages) != 2 {
		t.Fatalf("%d messages; dropped %v", len(messages), b.dropped())
	}
	type body struct {
		Payload          []byte
		PayloadEncrypted bool
	}
	got := decode[body](t, messages[0].Body)
	if !got.PayloadEncrypted {
		t.Error("not said to be encrypted")
	}
	want, err := lorawan.EncryptFRMPayload(lorawan.AES128Key(app.Reveal()), true, n.DevAddr, 1, []byte("clear"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Payload); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if decode[body](t, messages[1].Body).PayloadEncrypted {
		t.Error("a frame without payload is said to be encrypted")
	}
	if len(b.tx.sent) == 0 {
		t.Error("LinkCheckReq was not answered")
	}
	if errs := b.enqueue(n, bridge.Downlink{ID: "d", FPort: 1, Payload: []byte("x")}); errs[0] == nil {
		t.Error("a downlink that nobody can encrypt was queued")
	}
	if diff := cmp.Diff([]string{"rejected no_app_s_key"}, b.ends(n, "d")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

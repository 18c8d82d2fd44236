package concentratord_test

import (
	"encoding/hex"
	"testing"

	"github.com/go-zeromq/zmq4"

	"gatewayd/radio/concentratord"
)

// An uplink as a gw.Event, its context 15935354.
const gwEvent = "0a4c0a03400102" + "221208a0c4f89d03120a1a0808c8d00710072801" +
	"2a310a1030303136633030316666313064336636102a30c7ffffffffffffffff013d00001841400248016a0400f3277a80010" + "2"

// The sockets of a ZeroMQ library do as well as our simulator's.
func TestLibrarySockets(t *testing.T) {
	t.Parallel()
	dir := "ipc://" + t.TempDir()
	pub, rep := zmq4.NewPub(t.Context()), zmq4.NewRep(t.Context())
	defer func() { _ = pub.Close() }()
	defer func() { _ = rep.Close() }()
	if err := pub.Listen(dir + "/event"); err != nil {
		t.Fatal(err)
	}
	if err := rep.Listen(dir + "/command"); err != nil {
		t.Fatal(err)
	}
	r := start(t, concentratord.Options{Name: "hat", EventURL: dir + "/event", CommandURL: dir + "/command"})
	answer := func(want int, reply string) {
		t.Helper()
		m, err := rep.Recv()
		if err != nil || len(m.Frames) != 1 || len(m.Frames[0]) != want {
			t.Fatalf("got %q, %v", m.Frames, err)
		}
		if err := rep.Send(zmq4.NewMsg([]byte(reply))); err != nil {
			t.Fatal(err)
		}
	}
	answer(2, "\x0a\x100016c001ff10d3f6")
	r.until(t, "concentrator receives")
	event, err := hex.DecodeString(gwEvent)
	if err != nil {
		t.Fatal(err)
	}
	if err := pub.Send(zmq4.NewMsg(event)); err != nil {
		t.Fatal(err)
	}
	u := wait(t, r.up)
	if u.Ticks.Count() != 15935354 || u.Gateway.String() != "0016C001FF10D3F6" {
		t.Errorf("got %+v", u)
	}
	if err := r.c.Transmit(downlink(u, 7, 1e9)); err != nil {
		t.Fatal(err)
	}
	answer(73, "\x10\x07\x2a\x02\x08\x01")
	if res := wait(t, r.tx); res.Err != nil {
		t.Error(res.Err)
	}
}

package capture

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/semtechudp"
)

// The driver hears what the player sends, as it was recorded.
func TestPlayerIsHeard(t *testing.T) {
	t.Parallel()
	free, err := net.ListenPacket("udp", "127.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.LocalAddr().String()
	_ = free.Close()
	c, err := semtechudp.New(semtechudp.Options{Name: "c", Listen: address})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	up := make(chan radio.Uplink, 100)
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, up, make(chan radio.TxResult, 100)) }()
	eui := radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}
	p, err := Dial(ctx, address, eui)
	if err != nil {
		t.Fatal(err)
	}
	frames := []Frame{
		{Payload: []byte("recorded"), Frequency: 868_500_000, DataRate: "SF9BW125", CodingRate: "4/6", RSSI: -97, SNR: -3.5},
		{Payload: []byte("bare bytes")},
		{Payload: []byte("another modulation"), Frequency: 868_800_000, DataRate: "50000"},
	}
	var got []string
	for _, f := range frames {
		for heard := false; !heard; { // until the driver has bound its socket
			if err := p.Send(f); err != nil {
				t.Fatal(err)
			}
			select {
			case u := <-up:
				heard = true
				got = append(got, fmt.Sprintf("%s %s %d %s %s %g %g", u.Gateway, u.Payload, u.Frequency, u.DataRate, u.CodingRate, u.RSSI, u.SNR))
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				t.Fatal("nothing is heard")
			}
		}
	}
	if err := p.Close(time.Second); err != nil {
		t.Error(err)
	}
	want := []string{
		"0102030405060708 recorded 868500000 SF9BW125 4/6 -97 -3.5",
		"0102030405060708 bare bytes 868100000 SF7BW125 4/5 -60 0",
		"0102030405060708 another modulation 868800000 50000 4/5 -60 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.Acked() < len(frames) {
		t.Errorf("%d acknowledged", p.Acked())
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Nobody there is no error of a datagram; that nothing was acknowledged is for
// the caller to see.
func TestPlayerAlone(t *testing.T) {
	t.Parallel()
	p, err := Dial(t.Context(), "127.0.0.1:9", radio.EUI64{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.Send(Frame{Payload: []byte{1}}); err != nil {
			t.Error(err)
		}
	}
	if err := p.Close(10 * time.Millisecond); err != nil || p.Acked() != 0 {
		t.Errorf("%v, %d acknowledged", err, p.Acked())
	}
}

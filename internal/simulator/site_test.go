package simulator

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// twoSites runs body in a world with a second concentrator, 20 dB further
// away, whose counter runs elsewhere.
func twoSites(t *testing.T, cfg Config, deaf []string, body func(t *testing.T, near, far *fakeAir, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := newFakeAir(1000), newFakeAir(0xFFFF0000)
		w, err := New(near, []Config{cfg}, Options{Sites: []Site{{Air: far, RSSI: -20, SNR: -12, Deaf: deaf}}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { done <- w.Run(ctx) }()
		body(t, near, far, w)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// One frame, two receptions; the answer may come from either, in its own
// time.
func TestSecondSiteHears(t *testing.T) {
	t.Parallel()
	twoSites(t, abp(t), nil, func(t *testing.T, near, far *fakeAir, w *World) {
		far.answer(inTurn(ack(server(t), 0)))
		s, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1, Confirmed: true})
		if err != nil || !s.Acked || s.Heard != 1 {
			t.Errorf("%+v, %v", s, err)
		}
		a, b := near.packets()[0], far.packets()[0]
		if a.RSSI != -72 || b.RSSI != -92 || a.SNR != 9.5 || b.SNR != -2.5 {
			t.Errorf("near %g dBm, %g dB; far %g dBm, %g dB", a.RSSI, a.SNR, b.RSSI, b.SNR)
		}
		if a.Frequency != b.Frequency || a.Count == b.Count || !cmp.Equal(a.Payload, b.Payload) {
			t.Errorf("near %+v, far %+v", a, b)
		}
		if got := w.Received(); len(got) != 1 || got[0].Site != 1 || got[0].Offset != 0 || len(w.Violations()) > 0 {
			t.Errorf("received %+v, violations %v", got, w.Violations())
		}
	})
}

// Both concentrators answering is one answer too many.
func TestBothSitesAnswer(t *testing.T) {
	t.Parallel()
	twoSites(t, abp(t), nil, func(t *testing.T, near, far *fakeAir, w *World) {
		near.answer(inTurn(ack(server(t), 0)))
		far.answer(inTurn(ack(server(t), 0)))
		if _, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1, Confirmed: true}); err != nil {
			t.Fatal(err)
		}
		pause(t, time.Second)
		if diff := cmp.Diff([]Rule{RuleWindow}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

// A site out of reach neither hears nor is heard; one that is deaf for a
// moment does not make a frame unheard.
func TestSiteOutOfReach(t *testing.T) {
	t.Parallel()
	twoSites(t, abp(t), []string{"greenhouse"}, func(t *testing.T, near, far *fakeAir, w *World) {
		send(t, w.Node("greenhouse"))
		if n := len(far.packets()); n != 0 {
			t.Errorf("the far site heard %d packets", n)
		}
		far.emissions <- radiotest.Emission{Payload: ack(server(t), 0)}
		pause(t, time.Second)
		if diff := cmp.Diff([]Rule{RuleAddress}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
	twoSites(t, abp(t), nil, func(t *testing.T, near, _ *fakeAir, w *World) {
		near.answer(func(int, radiotest.Packet) ([]radiotest.Emission, error) { return nil, radiotest.ErrDeaf })
		if s := send(t, w.Node("greenhouse")); s.Heard != 1 || s.NotHeard != "" {
			t.Errorf("%+v", s)
		}
	})
	cfg := abp(t)
	synctest.Test(t, func(t *testing.T) {
		w, err := New(newFakeAir(0), []Config{cfg}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := w.Node("greenhouse")
		n.sites[0].Air = nil
		if s := send(t, n); s.Heard != 0 || s.NotHeard == "" {
			t.Errorf("%+v", s)
		}
	})
}

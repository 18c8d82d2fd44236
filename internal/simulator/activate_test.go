package simulator

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		change   func(a *lorawan.Accept)
		window   func(p radiotest.Packet, delay time.Duration, phy []byte) radiotest.Emission
		wantRX1  time.Duration
		wantRate radio.DataRate // of RX1
	}{
		{"RX1", func(*lorawan.Accept) {}, rx1, time.Second, radio.LoRaDataRate(7, 125_000)},
		{"RX2", func(*lorawan.Accept) {}, rx2, time.Second, radio.LoRaDataRate(7, 125_000)},
		{"settings", func(a *lorawan.Accept) { a.RXDelay, a.RX1Offset = 5*time.Second, 2 }, rx1, 5 * time.Second, radio.LoRaDataRate(9, 125_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, 0, []Config{otaa(t)}, func(t *testing.T, air *fakeAir, w *World) {
				a := granted()
				tt.change(&a)
				cfg := otaa(t)
				air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
					if n == 0 {
						return []radiotest.Emission{tt.window(p, 5*time.Second, sealJoinAccept(t, cfg.AppKey, a))}, nil
					}
					nonce := w.Joins()[0].DevNonce
					net := &peer{addr: a.DevAddr, keys: lorawan.DeriveKeys10(cfg.AppKey, a.JoinNonce, a.NetID, nonce)}
					em := rx1(p, tt.wantRX1, ack(net, 0))
					em.DataRate = tt.wantRate
					return []radiotest.Emission{em}, nil
				})
				n := w.Node("cellar")
				if err := n.Join(t.Context()); err != nil {
					t.Fatal(err, w.Violations())
				}
				s, err := n.Send(t.Context(), Message{FPort: 1, Payload: []byte{1}, Confirmed: true})
				if err != nil {
					t.Fatal(err)
				}
				j := w.Joins()[0]
				if !s.Acked || s.DevAddr != a.DevAddr || !j.Accepted || j.JoinNonce != a.JoinNonce || j.Offset != 0 {
					t.Errorf("sent %+v, join %+v, violations %v", s, j, w.Violations())
				}
				if want := w.Totals(); want != (Totals{Sent: 1, Acked: 1, Joins: 1, Joined: 1, Received: 1}) {
					t.Errorf("totals: %+v", want)
				}
			})
		})
	}
}

// What does not make a node join, and the rule it breaks.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	appKey := otaa(t).AppKey
	seal := func(change func(a *lorawan.Accept)) []byte {
		a := granted()
		change(&a)
		return sealJoinAccept(t, appKey, a)
	}
	good := seal(func(*lorawan.Accept) {})
	for _, tt := range []struct {
		name  string
		phy   []byte
		delay time.Duration
		want  []Rule
	}{
		{"silence", nil, 0, nil},
		{"MIC", BadMIC(good), 5 * time.Second, []Rule{RuleMIC}},
		{"at the delay of data", good, time.Second, []Rule{RuleWindow}},
		{"late by a tick", good, 5*time.Second + DefaultTolerance + time.Microsecond, []Rule{RuleWindow}},
		{"RX2 data rate", seal(func(a *lorawan.Accept) { a.RX2Rate = 8 }), 5 * time.Second, []Rule{RuleJoinAccept}},
		{"RX1DROffset", seal(func(a *lorawan.Accept) { a.RX1Offset = 6 }), 5 * time.Second, []Rule{RuleJoinAccept}},
		{"CFList of US915", seal(func(a *lorawan.Accept) { a.CFList = append(make([]byte, 15), 1) }), 5 * time.Second, []Rule{RuleJoinAccept}},
		{"length", good[:16], 5 * time.Second, []Rule{RuleMIC}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, 0, []Config{otaa(t)}, func(t *testing.T, air *fakeAir, w *World) {
				air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
					if tt.phy == nil || n > 0 {
						return nil, nil
					}
					return []radiotest.Emission{rx1(p, tt.delay, tt.phy)}, nil
				})
				if err := w.Node("cellar").Join(t.Context()); !errors.Is(err, ErrNoJoinAccept) {
					t.Errorf("got %v, want %v", err, ErrNoJoinAccept)
				}
				if diff := cmp.Diff(tt.want, rules(w)); diff != "" {
					t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
				}
				j := w.Joins()
				if len(j) != 2 || j[0].DevNonce == j[1].DevNonce {
					t.Errorf("want two requests with different DevNonces, got %+v", j)
				}
			})
		})
	}
}

func TestJoinNonceReuse(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{otaa(t)}, func(t *testing.T, air *fakeAir, w *World) {
		phy := sealJoinAccept(t, otaa(t).AppKey, granted())
		air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
			return []radiotest.Emission{rx1(p, 5*time.Second, phy)}, nil
		})
		n := w.Node("cellar")
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := n.Join(t.Context()); !errors.Is(err, ErrNoJoinAccept) {
			t.Errorf("second join: got %v, want %v", err, ErrNoJoinAccept)
		}
		if diff := cmp.Diff([]Rule{RuleJoinNonce, RuleJoinNonce}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s", diff)
		}
	})
}

// The windows of a join request are not for data, whatever session is left.
func TestDataInJoinWindow(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{otaa(t)}, func(t *testing.T, air *fakeAir, w *World) {
		appKey, a := otaa(t).AppKey, granted()
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if n == 0 {
				return []radiotest.Emission{rx1(p, 5*time.Second, sealJoinAccept(t, appKey, a))}, nil
			}
			nonce := binary.LittleEndian.Uint16(air.heard[0].Payload[17:])
			net := &peer{addr: a.DevAddr, keys: lorawan.DeriveKeys10(appKey, a.JoinNonce, a.NetID, nonce)}
			return []radiotest.Emission{rx1(p, 5*time.Second, net.seal(lorawan.Data{MType: lorawan.UnconfirmedDown}, uint32(n)))}, nil
		})
		n := w.Node("cellar")
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := n.Join(t.Context()); !errors.Is(err, ErrNoJoinAccept) {
			t.Errorf("got %v, want %v", err, ErrNoJoinAccept)
		}
		if diff := cmp.Diff([]Rule{RuleWindow, RuleWindow}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

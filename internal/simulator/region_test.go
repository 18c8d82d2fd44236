package simulator

import (
	"errors"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// plan is a region, and what a network there does to a node: the answer in
// RX1 to an uplink on channel 0 of the plan, and a CFList with what it makes.
type plan struct {
	region   Region
	dataRate uint8
	rx1Hz    uint32 // to an uplink on the first enabled channel
	rx1Rate  radio.DataRate
	cfList   string
	channels int // after the CFList
}

func plans(t *testing.T) map[string]plan {
	t.Helper()
	must := func(r Region, err error) Region {
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	sf := radio.LoRaDataRate
	return map[string]plan{
		"EU868":   {EU868(), 5, 868_100_000, sf(7, 125_000), "184f84e85684b85e84886684586e8400", 8},
		"US915":   {must(US915(2)), 0, 923_300_000, sf(10, 500_000), "00ff0000000000000200" + "000000000001", 9},
		"AU915":   {must(regional.AU915(2)), 2, 923_300_000, sf(10, 500_000), "00ff0000000000000200" + "000000000001", 9},
		"AS923":   {must(regional.AS923(1)), 2, 923_200_000, sf(10, 125_000), "38e88c" + "000000000000000000000000" + "00", 3},
		"AS923-3": {must(regional.AS923(3)), 5, 916_600_000, sf(7, 125_000), "", 2},
		"CN470":   {must(regional.CN470(1)), 3, 500_300_000, sf(9, 125_000), "", 8},
		"CN779":   {regional.CN779(), 0, 779_500_000, sf(12, 125_000), "", 3},
		"EU433":   {regional.EU433(), 1, 433_175_000, sf(11, 125_000), "", 3},
		"IN865":   {regional.IN865(), 4, 865_062_500, sf(8, 125_000), "", 3},
		"KR920":   {regional.KR920(), 5, 922_100_000, sf(7, 125_000), "", 3},
		"RU864":   {regional.RU864(), 5, 868_900_000, sf(7, 125_000), "", 2},
		"ISM2400": {regional.ISM2400(), 6, 2_403_000_000, sf(6, 812_000), "", 3},
	}
}

// A node of each region joins, and hears RX1 and RX2 where the Regional
// Parameters have them.
func TestEveryRegion(t *testing.T) {
	t.Parallel()
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := otaa(t)
			cfg.Region, cfg.DataRate, cfg.JoinAttempts = p.region, p.dataRate, 1
			inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
				air.answer(p.network(t, cfg, air))
				n := w.Node("cellar")
				if err := n.Join(t.Context()); err != nil {
					t.Fatal(err, w.Violations())
				}
				if got := len(settingsOf(t, n).Channels); got != p.channels {
					t.Errorf("%d channels, want %d", got, p.channels)
				}
				// RX1 is checked on the first channel only, so until it is hit.
				for range 60 {
					if _, err := n.Send(t.Context(), Message{}); err != nil {
						t.Fatal(err)
					}
					pause(t, 3*time.Second)
				}
				seen := map[string]int{}
				for _, d := range w.Received() {
					seen[d.Window]++
				}
				if seen["RX1"] == 0 || seen["RX2"] == 0 || len(w.Violations()) > 0 {
					t.Errorf("heard %v, violations %v", seen, w.Violations())
				}
			})
		})
	}
}

// network answers the join in RX2, uplinks on the first channel in RX1, and
// others in RX2.
func (p plan) network(t *testing.T, cfg Config, air *fakeAir) network {
	first := p.region.Channels().Enabled()[0].Hz
	rx2, hz := p.region.RX2()
	rate, _ := p.region.Rate(rx2)
	a := granted()
	a.RX2Rate, a.CFList = rx2, unhex(t, p.cfList)
	net := &peer{addr: a.DevAddr}
	return func(n int, packet radiotest.Packet) ([]radiotest.Emission, error) {
		em := rx1(packet, 2*time.Second, nil)
		em.Frequency, em.DataRate, em.CodingRate = hz, rate, p.region.CodingRate()
		if n == 0 {
			b := packet.Payload
			nonce := uint16(b[17]) | uint16(b[18])<<8
			net.keys = lorawan.DeriveKeys10(cfg.AppKey, a.JoinNonce, a.NetID, nonce)
			em.Count += 4e6
			em.Payload = sealJoinAccept(t, cfg.AppKey, a)
			return []radiotest.Emission{em}, nil
		}
		em.Payload = commands(t, net, uint32(n), "")
		if packet.Frequency == first {
			em.Count -= 1e6
			em.Frequency, em.DataRate = p.rx1Hz, p.rx1Rate
		}
		return []radiotest.Emission{em}, nil
	}
}

// A network of US915 narrows a node with all channels to its sub-band, in one
// block, and of a node that has fixed channels asks nothing else.
func TestFixedChannels(t *testing.T) {
	t.Parallel()
	us, err := US915(0)
	if err != nil {
		t.Fatal(err)
	}
	cfg := abp(t)
	cfg.Region, cfg.DataRate = us, 3
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		net := server(t)
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			em := rx1(p, 2*time.Second, commands(t, net, uint32(n), []string{
				"0330020071" + "0330ff0001", // all narrow off, 65 on; 0 to 7 on
				"07031a4f8450",
			}[min(n, 1)]))
			em.Frequency, em.DataRate = 923_300_000, radio.LoRaDataRate(12, 500_000)
			return []radiotest.Emission{em}, nil
		})
		n := w.Node("greenhouse")
		if before := settingsOf(t, n); len(before.Channels) != 72 {
			t.Errorf("%d channels at first, want 72", len(before.Channels))
		}
		send(t, n)
		if got := settingsOf(t, n).Channels; len(got) != 9 || got[0] != 902_300_000 || got[8] != 904_600_000 {
			t.Errorf("channels %v", got)
		}
		if got := said(send(t, n)); got != "03070307" {
			t.Errorf("answered %s", got)
		}
		if got := rules(w); len(got) != 1 || got[0] != RuleCommand {
			t.Errorf("NewChannelReq in US915: %v", w.Violations())
		}
	})
}

// With little room at a slow data rate, MAC answers go ahead and the payload
// follows.
func TestSlowDataRate(t *testing.T) {
	t.Parallel()
	us, err := US915(1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := abp(t)
	cfg.Region, cfg.DataRate = us, 0
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		net := server(t)
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if n > 0 {
				return nil, nil
			}
			em := rx1(p, 2*time.Second, commands(t, net, 0, "060606"))
			em.Frequency, em.DataRate = 923_300_000, radio.LoRaDataRate(12, 500_000)
			return []radiotest.Emission{em}, nil
		})
		n := w.Node("greenhouse")
		send(t, n)
		if _, err := n.Send(t.Context(), Message{FPort: 1, Payload: make([]byte, 11)}); err != nil {
			t.Fatal(err)
		}
		all := w.Sent()
		if len(all) != 3 || said(all[1]) != "060000060000060000" || said(all[2]) != "" || len(all[2].Payload) != 11 {
			t.Errorf("sent %+v", all)
		}
		if _, err := n.Send(t.Context(), Message{FPort: 1, Payload: make([]byte, 12)}); err == nil || errors.Is(err, ErrNotJoined) {
			t.Errorf("12 bytes at DR0: %v", err)
		}
	})
}

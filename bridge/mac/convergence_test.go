package mac

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gatewayd/bridge/region"
)

// air is a device and its network, and a link between them that loses frames.
type air struct {
	t      *testing.T
	random *rand.Rand
	lossUp float64 // share of transmissions that are lost, 0..1
	loss   float64 // the same of downlinks
	snr    float32 // at full power

	device *device
	want   Desired
	state  State
	events []Event
	unmet  int // downlinks sent to where the device did not listen
	sent   int // downlinks but those that the device asked for with ADRACKReq
}

// round is one uplink with what follows.
func (a *air) round() {
	commands, channel, adrAckReq := a.device.uplink()
	if a.lostUp() {
		return
	}
	dr, _ := a.want.Region.DataRate(a.device.dr)
	out := a.state.Uplink(&a.want, Uplink{
		Commands: commands, ADR: a.device.adr, ADRACKReq: adrAckReq, DR: a.device.dr, DataRate: dr, Channel: channel,
		SNR: a.snr - 2*float32(a.device.power), Gateways: 1, FCnt: a.device.fCnt, Now: now(),
	})
	a.events = append(a.events, out.Events...)
	a.stored()
	room := 15 - len(out.Answers)
	next := a.state
	cmds, more := next.Requests(&a.want, now(), room)
	if more && len(out.Answers) == 0 {
		next = a.state
		cmds, _ = next.Requests(&a.want, now(), 51)
	}
	a.state = next
	a.stored()
	if len(out.Answers)+len(cmds) == 0 && !out.Reply {
		return
	}
	if !adrAckReq {
		a.sent++
	}
	if a.random.Float64() < a.loss {
		return
	}
	if !a.listens(channel) {
		a.unmet++
		return
	}
	a.device.downlink(append(out.Answers, cmds...))
}

// stored: the state is what it is after a restart.
func (a *air) stored() {
	b, err := a.state.AppendBinary(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	s, err := Parse(b)
	if err != nil || s != a.state {
		a.t.Fatalf("%v: read back as\n%+v\nwant\n%+v", err, s, a.state)
	}
}

// lostUp: each repetition has its own chance.
func (a *air) lostUp() bool {
	for range a.device.nbTrans {
		if a.random.Float64() >= a.lossUp {
			return false
		}
	}
	return true
}

// listens says whether the device opens a window as the network thinks.
func (a *air) listens(channel int) bool {
	d, s := a.device, &a.state
	if d.delay != s.RXDelay {
		return false
	}
	if a.random.IntN(2) == 0 {
		return d.rx2 == s.RX2Frequency && d.rx2DR == s.RX2DataRate
	}
	f := d.rx1[channel]
	if f == 0 {
		f = d.frequency[channel]
	}
	return d.rx1Offset == s.RX1DROffset && (d.fixed || f == s.RX1Frequency(channel, d.frequency[channel]))
}

// converged says what is not yet as it is wanted, or "".
func (a *air) converged() string {
	d, w := a.device, &a.want
	eq := func(name string, got, want any) string {
		if got == want {
			return ""
		}
		return fmt.Sprintf("%s is %v, want %v; ", name, got, want)
	}
	missing := eq("RX1DROffset", d.rx1Offset, w.RX1DROffset) + eq("RX2 data rate", d.rx2DR, w.RX2DataRate) +
		eq("RX2 frequency", d.rx2, w.RX2Frequency) + eq("RX1 delay", d.delay, w.RXDelay) + eq("duty cycle", d.duty, w.DutyCycle)
	var mask region.Mask
	for i, on := range d.mask {
		mask.Set(i, on)
	}
	missing += eq("mask", mask, w.Region.Mask())
	if !d.fixed {
		for i, c := range w.Region.UplinkChannels() {
			missing += eq(fmt.Sprint("channel ", i), d.frequency[i], c.Frequency)
		}
	}
	if d.version >= V1_0_2 && !d.fixed {
		missing += eq("RX1 of channel 1", d.rx1[1], w.Downlinks[1])
	}
	if d.version >= V1_0_2 && w.Region.TxParamSetup() {
		missing += eq("TX parameters", d.txParam, byte(0x35))
	}
	if d.version == V1_1_0 {
		missing += eq("ADR parameters", d.adrParam, byte(0x74)) + eq("rejoin parameters", d.rejoin, byte(0xa3)) + eq("RekeyInd", d.rekey, false)
	}
	return missing
}

// agree: what the network thinks the device uses is what it uses.
func (a *air) agree() string {
	d, s := a.device, &a.state
	var mask region.Mask
	for i, on := range d.mask {
		mask.Set(i, on)
	}
	want := Link{DR: d.dr, TXPower: d.power, NbTrans: d.nbTrans, Mask: mask}
	if s.Link != want {
		return fmt.Sprintf("the link is thought to be %v and is %v", s.Link, want)
	}
	return ""
}

func newAir(t *testing.T, o region.Options, v Version, seed uint64) *air {
	random := rand.New(rand.NewPCG(seed, uint64(v)))
	r := newRegion(t, o)
	want := DefaultDesired(r)
	want.RX1DROffset, want.RXDelay, want.DutyCycle, want.StatusInterval = 1, 5, 2, 24*time.Hour
	want.ADRAck, want.Rejoin = &ADRAck{7, 4}, &Rejoin{10, 3}
	switch o.Name {
	case "EU868":
		want.RX2DataRate, want.Downlinks[1] = 3, 868_100_000
	case "AS923":
		want.Downlinks[1], want.UplinkDwell, want.DownlinkDwell = 923_200_000, true, true
	}
	start := RegionStart(r)
	start.OTAA = true
	return &air{
		t: t, random: random, snr: 5, want: want,
		device: newDevice(v, o.Name, random), state: NewState(r, v, start),
	}
}

func plans() map[string]region.Options {
	return map[string]region.Options{
		"EU868": {Name: "EU868", Channels: fiveMore()},
		"AS923": {Name: "AS923", Channels: []region.Channel{{Frequency: 923_600_000, MaxDR: 5}, {Frequency: 923_800_000, MaxDR: 5}}, UplinkDwell: true},
		"US915": {Name: "US915", SubBand: 2},
	}
}

// TestConvergence brings nodes of every version to what is desired, through
// links that lose frames in both directions. Only LoRaWAN 1.0.0 has no
// protection against a lost RXParamSetupAns or RXTimingSetupAns, so that it
// meets a network that loses downlinks only.
func TestConvergence(t *testing.T) {
	t.Parallel()
	for name, plan := range plans() {
		for v := V1_0_0; v <= V1_1_0; v++ {
			for _, loss := range []float64{0, 0.3, 0.6} {
				t.Run(fmt.Sprintf("%s/%s/%v", name, v, loss), func(t *testing.T) {
					t.Parallel()
					for seed := range uint64(8) {
						a := newAir(t, plan, v, seed)
						a.loss, a.lossUp = loss, loss
						if v == V1_0_0 {
							a.lossUp = 0
						}
						rounds := converge(t, a)
						if loss == 0 && rounds > 30 {
							t.Errorf("took %d uplinks without any loss", rounds)
						}
					}
				})
			}
		}
	}
}

// converge goes on until the device uses what is desired, and says how many
// uplinks that took.
func converge(t *testing.T, a *air) (rounds int) {
	t.Helper()
	missing := "everything"
	for ; rounds < 1200 && missing != ""; rounds++ {
		a.round()
		missing = a.converged()
	}
	if missing != "" {
		t.Fatalf("after %d uplinks: %s", rounds, missing)
	}
	if a.unmet > 0 {
		t.Errorf("%d downlinks were sent to where the device did not listen", a.unmet)
	}
	// ADR has its time, and then a quiet link to settle on.
	a.loss, a.lossUp = 0, 0
	for range 150 {
		a.round()
	}
	if missing = a.converged() + a.agree(); missing != "" {
		t.Errorf("in the end: %s", missing)
	}
	_, high := a.want.Region.ADRRange()
	if a.device.dr != high || a.device.nbTrans != 1 {
		t.Errorf("in the end at DR%d, power %d, %d transmissions", a.device.dr, a.device.power, a.device.nbTrans)
	}
	quiet(t, a)
	return rounds
}

// quiet: nothing is sent when there is nothing left to say.
func quiet(t *testing.T, a *air) {
	t.Helper()
	a.events, a.sent = nil, 0
	for range 30 {
		a.round()
	}
	if a.sent > 0 {
		t.Errorf("a node that is as desired still gets %d downlinks", a.sent)
	}
	if len(a.events) != 0 {
		t.Errorf("events %v", a.events)
	}
}

// TestRecovery: a node that is cut off falls back, and is brought up again when
// the link is.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for name, plan := range plans() {
		for v := V1_0_1; v <= V1_1_0; v++ {
			t.Run(fmt.Sprintf("%s/%s", name, v), func(t *testing.T) {
				t.Parallel()
				a := newAir(t, plan, v, 1)
				converge(t, a)
				a.loss = 1
				for range 400 {
					a.round()
				}
				if a.device.dr != 0 {
					t.Fatalf("the node is at DR%d", a.device.dr)
				}
				a.loss = 0
				for range 150 {
					a.round()
				}
				converge(t, a)
			})
		}
	}
}

// TestConvergenceWithoutADR: a node that does its own ADR gets everything but
// data rate and power.
func TestConvergenceWithoutADR(t *testing.T) {
	t.Parallel()
	for name, plan := range plans() {
		a := newAir(t, plan, V1_0_4, 3)
		a.device.adr, a.device.dr = false, 2
		a.loss, a.lossUp = 0.3, 0.3
		missing := "everything"
		for range 400 {
			a.round()
			missing = a.converged()
		}
		if missing += a.agree(); missing != "" {
			t.Errorf("%s: %s", name, missing)
		}
		if a.device.dr != 2 {
			t.Errorf("%s: the node's data rate is %d", name, a.device.dr)
		}
	}
}

// TestChangingWishes: however often what is desired of the windows changes,
// and whatever is lost, no downlink is sent to where the node does not listen.
func TestChangingWishes(t *testing.T) {
	t.Parallel()
	for v := V1_0_1; v <= V1_1_0; v++ {
		for seed := range uint64(10) {
			a := newAir(t, plans()["EU868"], v, seed)
			a.loss, a.lossUp = 0.5, 0.5
			for range 100 {
				a.want.RXDelay, a.want.RX2DataRate = uint8(1+a.random.IntN(15)), uint8(a.random.IntN(6))
				a.want.RX1DROffset, a.want.Downlinks[1] = uint8(a.random.IntN(4)), 868_100_000+200_000*uint32(a.random.IntN(3))
				for range a.random.IntN(6) {
					a.round()
				}
			}
			if a.unmet > 0 {
				t.Errorf("%s: %d downlinks were sent to where the device did not listen", v, a.unmet)
			}
			a.loss, a.lossUp = 0, 0
			converge(t, a)
		}
	}
}

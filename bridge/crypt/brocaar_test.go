package crypt_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/internal/secret"
)

// Frames of any size: what brocaar/lorawan computes, slowly, is computed here.
func TestAgainstBrocaar(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	for range 2000 {
		f, s, addr, fCnt := [16]byte(random(16)), [16]byte(random(16)), lorawan.DevAddr(random(4)), r.Uint32()
		kf, ks := crypt.NewKey(secret.NewAES128(f)), crypt.NewKey(secret.NewAES128(s))
		up, conf := r.IntN(2) == 0, r.Uint32N(1<<16)
		port, mtype := uint8(1+r.IntN(223)), lorawan.ConfirmedDataDown
		if up {
			mtype = lorawan.UnconfirmedDataUp
		}
		phy := lorawan.PHYPayload{MHDR: lorawan.MHDR{MType: mtype}, MACPayload: &lorawan.MACPayload{
			FHDR:  lorawan.FHDR{DevAddr: addr, FCnt: fCnt, FCtrl: lorawan.FCtrl{ACK: true}},
			FPort: &port, FRMPayload: []lorawan.Payload{&lorawan.DataPayload{Bytes: random(r.IntN(230))}},
		}}
		raw, err := phy.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		msg := raw[:len(raw)-4]
		want := func(err error) lorawan.MIC {
			if err != nil {
				t.Fatal(err)
			}
			return phy.MIC
		}
		if up {
			if w := want(phy.SetUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, f, f)); crypt.UplinkMIC(kf, addr, fCnt, msg) != w {
				t.Fatalf("MIC of %x", msg)
			}
			air := crypt.Air{ConfFCnt: uint16(conf), DataRate: uint8(r.IntN(16)), Channel: uint8(r.IntN(96))}
			if w := want(phy.SetUplinkDataMIC(lorawan.LoRaWAN1_1, conf, air.DataRate, air.Channel, f, s)); crypt.UplinkMIC11(kf, ks, addr, fCnt, air, msg) != w {
				t.Fatalf("1.1 MIC of %x", msg)
			}
		} else if w := want(phy.SetDownlinkDataMIC(lorawan.LoRaWAN1_1, conf, s)); crypt.DownlinkMIC(ks, addr, fCnt, uint16(conf), msg) != w {
			t.Fatalf("downlink MIC of %x", msg)
		}
		dir := crypt.Down
		if up {
			dir = crypt.Up
		}
		data := random(r.IntN(243))
		clear, err := lorawan.EncryptFRMPayload(f, up, addr, fCnt, bytes.Clone(data))
		if crypt.Payload(kf, dir, addr, fCnt, data); err != nil || !bytes.Equal(clear, data) {
			t.Fatalf("FRMPayload %x, want %x, %v", data, clear, err)
		}
		opts, application := random(r.IntN(16)), !up && r.IntN(2) == 0
		sealed, err := lorawan.EncryptFOpts(s, application, up, addr, fCnt, bytes.Clone(opts))
		if crypt.FOpts(ks, dir, application, addr, fCnt, opts); err != nil || !bytes.Equal(sealed, opts) {
			t.Fatalf("FOpts %x, want %x, %v", opts, sealed, err)
		}
	}
}

// A frame costs no memory, so that a flood of them costs none.
func TestNoAllocations(t *testing.T) {
	k := crypt.NewKey(secret.NewAES128([16]byte{1}))
	msg, addr, air := make([]byte, 51), lorawan.DevAddr{1, 2, 3, 4}, crypt.Air{DataRate: 5}
	if n := testing.AllocsPerRun(100, func() {
		crypt.UplinkMIC(k, addr, 7, msg)
		crypt.UplinkMIC11(k, k, addr, 7, air, msg)
		crypt.DownlinkMIC(k, addr, 7, 0, msg)
		crypt.Payload(k, crypt.Up, addr, 7, msg)
		crypt.FOpts(k, crypt.Up, false, addr, 7, msg[:15])
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkFrame is what a data frame of 51 bytes of payload costs.
func BenchmarkFrame(b *testing.B) {
	k := crypt.NewKey(secret.NewAES128([16]byte{1}))
	msg, addr := make([]byte, 60), lorawan.DevAddr{1, 2, 3, 4}
	b.ReportAllocs()
	for b.Loop() {
		crypt.UplinkMIC(k, addr, 7, msg)
		crypt.Payload(k, crypt.Up, addr, 7, msg[9:])
	}
}

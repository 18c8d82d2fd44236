package crypt_test

import (
	"encoding/hex"
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/crypt"
	"gatewayd/internal/secret"
	"gatewayd/internal/vectors"
	"gatewayd/radio"
)

// each runs check on the published vectors of a kind.
func each(t *testing.T, kind string, check func(*testing.T, vectors.Fields, vectors.Fields)) {
	t.Helper()
	all, err := vectors.OfKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			check(t, v.In, v.Out)
		})
	}
}

func key(t *testing.T, f vectors.Fields, name string) secret.AES128 {
	t.Helper()
	k, err := secret.ParseAES128(f.Text(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return k
}

func schedule(t *testing.T, f vectors.Fields, name string) *crypt.Key {
	t.Helper()
	return crypt.NewKey(key(t, f, name))
}

func same(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if diff := cmp.Diff(want, hex.EncodeToString(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func sameKey(t *testing.T, what string, got secret.AES128, out vectors.Fields) {
	t.Helper()
	if !out.Has(what) {
		return
	}
	raw := got.Reveal()
	same(t, what, raw[:], out.Text(what))
}

func addrOf(f vectors.Fields) lorawan.DevAddr { return lorawan.DevAddr(f.Bytes("devAddr")) }

func TestMIC(t *testing.T) {
	t.Parallel()
	each(t, "mic10", func(t *testing.T, in, out vectors.Fields) {
		k, addr, fCnt := schedule(t, in, "key"), addrOf(in), in.Number("fCnt32")
		mic := crypt.UplinkMIC(k, addr, fCnt, in.Bytes("msg"))
		if in.Number("dir") == uint32(crypt.Down) {
			mic = crypt.DownlinkMIC(k, addr, fCnt, 0, in.Bytes("msg"))
		}
		same(t, "MIC", mic[:], out.Text("mic"))
	})
	each(t, "mic11up", func(t *testing.T, in, out vectors.Fields) {
		mic := crypt.UplinkMIC11(schedule(t, in, "fNwkSIntKey"), schedule(t, in, "sNwkSIntKey"), addrOf(in), in.Number("fCnt32"), airOf(in), in.Bytes("msg"))
		same(t, "MIC", mic[:], out.Text("mic"))
	})
	each(t, "mic11down", func(t *testing.T, in, out vectors.Fields) {
		mic := crypt.DownlinkMIC(schedule(t, in, "sNwkSIntKey"), addrOf(in), in.Number("fCnt32"), uint16(in.Number("confFCnt")), in.Bytes("msg"))
		same(t, "MIC", mic[:], out.Text("mic"))
	})
}

func airOf(in vectors.Fields) crypt.Air {
	return crypt.Air{ConfFCnt: uint16(in.Number("confFCnt")), DataRate: uint8(in.Number("txDR")), Channel: uint8(in.Number("txCh"))}
}

func TestCipher(t *testing.T) {
	t.Parallel()
	each(t, "frmcrypt", func(t *testing.T, in, out vectors.Fields) {
		data := in.Bytes("plain")
		crypt.Payload(schedule(t, in, "key"), crypt.Direction(in.Number("dir")), addrOf(in), in.Number("fCnt32"), data)
		same(t, "FRMPayload", data, out.Text("cipher"))
	})
	each(t, "foptscrypt", func(t *testing.T, in, out vectors.Fields) {
		data := in.Bytes("plain")
		application := in.Text("typeConstant") == "00000002"
		crypt.FOpts(schedule(t, in, "key"), crypt.Direction(in.Number("dir")), application, addrOf(in), in.Number("fCnt32"), data)
		same(t, "FOpts", data, out.Text("cipher"))
	})
}

func TestDataFrames10(t *testing.T) {
	t.Parallel()
	each(t, "data10", func(t *testing.T, in, out vectors.Fields) {
		f := open(t, in.Bytes("phyPayload"))
		if in.Has("nwkSKey") && in.Has("fCnt32") && out.Has("micValid") {
			k := schedule(t, in, "nwkSKey")
			want := crypt.UplinkMIC(k, f.addr, in.Number("fCnt32"), f.msg)
			if f.dir == crypt.Down {
				want = crypt.DownlinkMIC(k, f.addr, in.Number("fCnt32"), 0, f.msg)
			}
			if got := want == f.phy.MIC; got != out.Flag("micValid") {
				t.Errorf("MIC fits: %v, want %v", got, out.Flag("micValid"))
			}
		}
		if name := "appSKey"; in.Has("fCnt32") && out.Has("frmPayload") {
			if f.port == 0 {
				name = "nwkSKey"
			}
			if in.Has(name) {
				crypt.Payload(schedule(t, in, name), f.dir, f.addr, in.Number("fCnt32"), f.payload)
				same(t, "FRMPayload", f.payload, out.Text("frmPayload"))
			}
		}
	})
}

func TestDataFrames11(t *testing.T) {
	t.Parallel()
	each(t, "data11", func(t *testing.T, in, out vectors.Fields) {
		f := open(t, in.Bytes("phyPayload"))
		fCnt := in.Number("fCnt32")
		if out.Flag("micValid") {
			var mic lorawan.MIC
			if f.dir == crypt.Up {
				air := airOf(in)
				if !f.mac.FHDR.FCtrl.ACK {
					air.ConfFCnt = 0
				}
				mic = crypt.UplinkMIC11(schedule(t, in, "fNwkSIntKey"), schedule(t, in, "sNwkSIntKey"), f.addr, fCnt, air, f.msg)
			} else {
				conf := uint16(in.Number("confFCnt"))
				if !f.mac.FHDR.FCtrl.ACK {
					conf = 0
				}
				mic = crypt.DownlinkMIC(schedule(t, in, "sNwkSIntKey"), f.addr, fCnt, conf, f.msg)
			}
			if mic != f.phy.MIC {
				t.Errorf("MIC %s, want %s", mic, f.phy.MIC)
			}
		}
		if out.Has("fOpts") && in.Has("nwkSEncKey") {
			crypt.FOpts(schedule(t, in, "nwkSEncKey"), f.dir, f.dir == crypt.Down && f.port > 0, f.addr, fCnt, f.fOpts)
			same(t, "FOpts", f.fOpts, out.Text("fOpts"))
		}
		if name := "appSKey"; out.Has("frmPayload") {
			if f.port == 0 {
				name = "nwkSEncKey"
			}
			crypt.Payload(schedule(t, in, name), f.dir, f.addr, fCnt, f.payload)
			same(t, "FRMPayload", f.payload, out.Text("frmPayload"))
		}
	})
}

// frame is a data frame as brocaar/lorawan parses it.
type frame struct {
	phy            lorawan.PHYPayload
	mac            *lorawan.MACPayload
	msg            []byte
	dir            crypt.Direction
	addr           lorawan.DevAddr
	port           int
	fOpts, payload []byte
}

func open(t *testing.T, raw []byte) frame {
	t.Helper()
	f := frame{msg: raw[:len(raw)-4], port: -1}
	if err := f.phy.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	f.mac = f.phy.MACPayload.(*lorawan.MACPayload)
	f.addr = f.mac.FHDR.DevAddr
	if m := f.phy.MHDR.MType; m == lorawan.UnconfirmedDataDown || m == lorawan.ConfirmedDataDown {
		f.dir = crypt.Down
	}
	if f.mac.FPort != nil {
		f.port = int(*f.mac.FPort)
	}
	for _, p := range f.mac.FHDR.FOpts {
		b, _ := p.MarshalBinary()
		f.fOpts = append(f.fOpts, b...)
	}
	for _, p := range f.mac.FRMPayload {
		b, _ := p.MarshalBinary()
		f.payload = append(f.payload, b...)
	}
	return f
}

func TestJoinRequests(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"joinRequest", "rejoin"} {
		each(t, kind, func(t *testing.T, in, out vectors.Fields) {
			if !in.Has("key") || !out.Has("micValid") {
				t.Skip("published without a MIC to check")
			}
			raw := in.Bytes("phyPayload")
			mic := crypt.JoinMIC(schedule(t, in, "key"), raw[:len(raw)-4])
			if got := mic == lorawan.MIC(raw[len(raw)-4:]); got != out.Flag("micValid") {
				t.Errorf("MIC fits: %v, want %v", got, out.Flag("micValid"))
			}
		})
	}
}

func TestSessionKeys(t *testing.T) {
	t.Parallel()
	each(t, "sessionKeys10", func(t *testing.T, in, out vectors.Fields) {
		s := crypt.Session10(key(t, in, "appKey"), crypt.Join{
			JoinNonce: in.Number("joinNonce"), NetID: lorawan.NetID(in.Bytes("netID")), DevNonce: uint16(in.Number("devNonce")),
		})
		sameKey(t, "nwkSKey", s.FNwkSInt, out)
		sameKey(t, "appSKey", s.App, out)
	})
	each(t, "sessionKeys11", func(t *testing.T, in, out vectors.Fields) {
		s := crypt.Session11(key(t, in, "nwkKey"), key(t, in, "appKey"), crypt.Join{
			JoinNonce: in.Number("joinNonce"), JoinEUI: radio.EUI64(in.Bytes("joinEUI")), DevNonce: uint16(in.Number("devNonce")),
		})
		sameKey(t, "fNwkSIntKey", s.FNwkSInt, out)
		sameKey(t, "sNwkSIntKey", s.SNwkSInt, out)
		sameKey(t, "nwkSEncKey", s.NwkSEnc, out)
		sameKey(t, "appSKey", s.App, out)
	})
	each(t, "jsKeys", func(t *testing.T, in, out vectors.Fields) {
		eui := radio.EUI64(in.Bytes("devEUI"))
		sameKey(t, "jsIntKey", crypt.JSIntKey(key(t, in, "nwkKey"), eui), out)
		sameKey(t, "jsEncKey", crypt.JSEncKey(key(t, in, "nwkKey"), eui), out)
	})
}

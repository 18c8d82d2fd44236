package lorawan

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"gatewayd/internal/secret"
	"gatewayd/internal/vectors"
	"gatewayd/radio"

	"github.com/google/go-cmp/cmp"
)

func TestVectorsJoinRequest(t *testing.T) {
	t.Parallel()
	ofKind(t, "joinRequest", func(t *testing.T, v vectors.Vector) {
		phy := v.In.Bytes("phyPayload")
		if !v.In.Has("key") {
			return
		}
		joinEUI, devEUI := leEUI(phy[1:]), leEUI(phy[9:])
		if v.Out.Has("joinEUI") && (joinEUI != eui(t, v.Out.Text("joinEUI")) || devEUI != eui(t, v.Out.Text("devEUI"))) {
			t.Errorf("read %s and %s from the frame", joinEUI, devEUI)
		}
		nonce := binary.LittleEndian.Uint16(phy[17:])
		same(t, v.Out, "devNonce", uint32(nonce), v.Out.Number("devNonce"))
		got := SealJoinRequest(key(t, v.In.Text("key")), joinEUI, devEUI, nonce)
		same(t, v.Out, "mic", hex.EncodeToString(got[19:]), v.Out.Text("mic"))
		same(t, v.Out, "micValid", cmp.Equal(got, phy), v.Out.Flag("micValid"))
	})
}

// leEUI reads an EUI in the order of the air.
func leEUI(b []byte) radio.EUI64 {
	e := radio.EUI64(b[:8])
	slices.Reverse(e[:])
	return e
}

func TestVectorsRejoin(t *testing.T) {
	t.Parallel()
	ofKind(t, "rejoin", func(t *testing.T, v vectors.Vector) {
		phy, k := v.In.Bytes("phyPayload"), key(t, v.In.Text("key"))
		var got []byte
		if JoinType(phy[1]) == Rejoin1 {
			got = SealRejoin1(k, leEUI(phy[2:]), leEUI(phy[10:]), binary.LittleEndian.Uint16(phy[18:]))
			same(t, v.Out, "joinEUI", leEUI(phy[2:]).String(), v.Out.Text("joinEUI"))
		} else {
			got = SealRejoin02(k, JoinType(phy[1]), uint24(phy[2:]), leEUI(phy[5:]), binary.LittleEndian.Uint16(phy[13:]))
			same(t, v.Out, "netID", uint24(phy[2:]), v.Out.Number("netID"))
			same(t, v.Out, "rjCount", uint32(binary.LittleEndian.Uint16(phy[13:])), v.Out.Number("rjCount"))
		}
		if diff := cmp.Diff(phy, got); diff != "" {
			t.Errorf("PHYPayload (-want +got):\n%s", diff)
		}
	})
}

func TestVectorsJoinAccept(t *testing.T) {
	t.Parallel()
	ofKind(t, "joinAccept", func(t *testing.T, v vectors.Vector) {
		k := key(t, v.In.Text("key"))
		a, err := DecryptAccept(k, v.In.Bytes("phyPayload"))
		if err != nil {
			t.Fatal(err)
		}
		valid := a.VerifiedBy10(k)
		if a.OptNeg {
			valid = a.VerifiedBy11(key(t, v.In.Text("micKey")), JoinType(v.In.Number("joinReqType")), eui(t, v.In.Text("joinEUI")), uint16(v.In.Number("devNonce")))
		}
		same(t, v.Out, "micValid", valid, v.Out.Flag("micValid"))
		if a.VerifiedBy10(secret.NewAES128([16]byte{0xff})) {
			t.Error("another key verifies it")
		}
		checkAccept(t, v, a)
	})
}

func checkAccept(t *testing.T, v vectors.Vector, a Accept) {
	t.Helper()
	same(t, v.Out, "optNeg", a.OptNeg, v.Out.Flag("optNeg"))
	same(t, v.Out, "joinNonce", a.JoinNonce, v.Out.Number("joinNonce"))
	same(t, v.Out, "netID", a.NetID, v.Out.Number("netID"))
	same(t, v.Out, "devAddr", uint32(a.DevAddr), v.Out.Number("devAddr"))
	same(t, v.Out, "dlSettings", uint32(a.RX1Offset<<4|a.RX2Rate), v.Out.Number("dlSettings")&^0x80)
	same(t, v.Out, "rxDelay", a.RXDelay, RXDelay(byte(v.Out.Number("rxDelay"))))
	same(t, v.Out, "cfList", hex.EncodeToString(a.CFList), v.Out.Text("cfList"))
	same(t, v.Out, "mic", hex.EncodeToString(a.mic[:]), v.Out.Text("mic"))
	for i, hz := range v.Out.Numbers("cfListFreqs") {
		if got := uint24(a.CFList[3*i:]) * 100; got != hz {
			t.Errorf("CFList frequency %d: got %d, want %d", i, got, hz)
		}
	}
}

func TestVectorsJoinAcceptPlain(t *testing.T) {
	t.Parallel()
	ofKind(t, "joinAcceptPlain", func(t *testing.T, v vectors.Vector) {
		a := ReadAccept(v.In.Bytes("plain"))
		k := key(t, v.In.Text("key"))
		same(t, v.Out, "micValid", a.VerifiedBy10(k), v.Out.Flag("micValid"))
		same(t, v.Out, "joinNonce", a.JoinNonce, v.Out.Number("joinNonce"))
		same(t, v.Out, "netID", a.NetID, v.Out.Number("netID"))
		same(t, v.Out, "devAddr", uint32(a.DevAddr), v.Out.Number("devAddr"))
		mac := CMAC(k, a.message)
		same(t, v.Out, "mic", hex.EncodeToString(mac[:MICSize]), v.Out.Text("mic"))
	})
	ofKind(t, "joinAcceptMic11", func(t *testing.T, v vectors.Vector) {
		mic := acceptMIC11(key(t, v.In.Text("key")), JoinType(v.In.Number("joinReqType")), eui(t, v.In.Text("joinEUI")), uint16(v.In.Number("devNonce")), v.In.Bytes("plainNoMic"))
		same(t, v.Out, "mic", hex.EncodeToString(mic[:]), v.Out.Text("mic"))
	})
}

func TestVectorsSessionKeys(t *testing.T) {
	t.Parallel()
	ofKind(t, "sessionKeys10", func(t *testing.T, v vectors.Vector) {
		k := DeriveKeys10(key(t, v.In.Text("appKey")), v.In.Number("joinNonce"), v.In.Number("netID"), uint16(v.In.Number("devNonce")))
		same(t, v.Out, "nwkSKey", shown(k.FNwkSInt), v.Out.Text("nwkSKey"))
		same(t, v.Out, "appSKey", shown(k.AppS), v.Out.Text("appSKey"))
	})
	ofKind(t, "sessionKeys11", func(t *testing.T, v vectors.Vector) {
		k := DeriveKeys11(key(t, v.In.Text("nwkKey")), key(t, v.In.Text("appKey")), v.In.Number("joinNonce"), eui(t, v.In.Text("joinEUI")), uint16(v.In.Number("devNonce")))
		same(t, v.Out, "fNwkSIntKey", shown(k.FNwkSInt), v.Out.Text("fNwkSIntKey"))
		same(t, v.Out, "sNwkSIntKey", shown(k.SNwkSInt), v.Out.Text("sNwkSIntKey"))
		same(t, v.Out, "nwkSEncKey", shown(k.NwkSEnc), v.Out.Text("nwkSEncKey"))
		same(t, v.Out, "appSKey", shown(k.AppS), v.Out.Text("appSKey"))
	})
	ofKind(t, "sessionKeys11netid", func(t *testing.T, v vectors.Vector) {
		k := DeriveKeys10(key(t, v.In.Text("nwkKey")), v.In.Number("joinNonce"), v.In.Number("netID"), uint16(v.In.Number("devNonce")))
		same(t, v.Out, "fNwkSIntKey", shown(k.FNwkSInt), v.Out.Text("fNwkSIntKey"))
	})
	ofKind(t, "jsKeys", func(t *testing.T, v vectors.Vector) {
		nwkKey, devEUI := key(t, v.In.Text("nwkKey")), eui(t, v.In.Text("devEUI"))
		same(t, v.Out, "jsIntKey", shown(JSIntKey(nwkKey, devEUI)), v.Out.Text("jsIntKey"))
		same(t, v.Out, "jsEncKey", shown(JSEncKey(nwkKey, devEUI)), v.Out.Text("jsEncKey"))
	})
}

// Of the keys of multicast groups the device derives only those of the
// session; how McKey reaches it is remote multicast setup, which it has not.
func TestVectorsMulticastKeys(t *testing.T) {
	t.Parallel()
	checked := 0
	all, err := vectors.OfKind("mcKeys")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if !v.In.Has("mcAddr") {
			continue
		}
		nwk, app := MulticastKeys(key(t, v.In.Text("key")), DevAddr(v.In.Number("mcAddr")))
		got := map[string]secret.AES128{"McNwkSKey": nwk, "McAppSKey": app}[v.In.Text("op")]
		same(t, v.Out, "key", shown(got), v.Out.Text("key"))
		checked++
	}
	if checked != 2 {
		t.Errorf("%d vectors checked, want McNwkSKey and McAppSKey", checked)
	}
}

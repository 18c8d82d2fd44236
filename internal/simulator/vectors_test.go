package simulator

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"testing"

	"gatewayd/internal/secret"
	"gatewayd/radio"

	"github.com/google/go-cmp/cmp"
)

// vector is one published LoRaWAN 1.0.x test vector. testdata/lorawan10.json
// names the project and file each was published in.
type vector struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind"`
	In   vectorIn  `json:"in"`
	Out  vectorOut `json:"out"`
}

type vectorIn struct {
	PHYPayload, NwkSKey, AppSKey, Key, AppKey *string
	DevAddr, Msg, Plain, JoinNonce, NetID     string
	Bytes                                     string
	FCnt32                                    *uint32
	Dir                                       byte
	DevNonce                                  uint16
}

type vectorOut struct {
	MICValid                                           *bool `json:"micValid"`
	MType                                              *mType
	FPort                                              *byte
	FRMPayload, DevAddr, FOpts, MIC                    *string
	ACK, ADR                                           *bool
	Cipher, JoinEUI, DevEUI, JoinNonce, NetID, NwkSKey string
	AppSKey, DLSettings                                string
	DevNonce                                           uint16
	RXDelay                                            *int
	Type                                               int
	CFListFreqs, Freqs                                 []uint32
	Enabled                                            []int
}

func vectors(t *testing.T, kind string) []vector {
	t.Helper()
	b, err := os.ReadFile("testdata/lorawan10.json")
	if err != nil {
		t.Fatal(err)
	}
	var all, out []vector
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Kind == kind {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no vector of kind %s", kind)
	}
	return out
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func key(t testing.TB, s string) secret.AES128 {
	t.Helper()
	k, err := secret.ParseAES128(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func addr(t testing.TB, s string) DevAddr {
	t.Helper()
	v, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return DevAddr(v)
}

// equal compares where the vector says what it wants.
func equal[T comparable](t *testing.T, what string, got T, want *T) {
	t.Helper()
	if want != nil && got != *want {
		t.Errorf("%s: got %v, want %v", what, got, *want)
	}
}

func TestVectorsData(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "data10") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			phy := unhex(t, *v.In.PHYPayload)
			f, mic, err := parseData(phy)
			if err != nil {
				t.Fatal(err)
			}
			if got := append(f.bytes(), mic[:]...); !cmp.Equal(got, phy) {
				t.Errorf("encoded again: got %x, want %x", got, phy)
			}
			checkHeader(t, f, v.Out)
			checkKeys(t, f, phy, v)
		})
	}
}

func checkHeader(t *testing.T, f dataFrame, want vectorOut) {
	t.Helper()
	equal(t, "MType", f.mType, want.MType)
	equal(t, "ACK", f.fCtrl&fCtrlACK != 0, want.ACK)
	equal(t, "ADR", f.fCtrl&fCtrlADR != 0, want.ADR)
	equal(t, "FOpts", hex.EncodeToString(f.fOpts), want.FOpts)
	if want.FPort != nil {
		equal(t, "FPort present", f.hasPort, new(true))
		equal(t, "FPort", f.fPort, want.FPort)
	}
	if want.DevAddr != nil && f.devAddr != addr(t, *want.DevAddr) {
		t.Errorf("DevAddr: got %s, want %s", f.devAddr, *want.DevAddr)
	}
}

// checkKeys checks what needs the session keys, as far as the vector has them.
func checkKeys(t *testing.T, f dataFrame, phy []byte, v vector) {
	t.Helper()
	if v.In.FCnt32 == nil {
		return
	}
	s := &session{devAddr: f.devAddr}
	if v.In.NwkSKey != nil {
		s.nwkSKey = key(t, *v.In.NwkSKey)
		equal(t, "MIC valid", s.verify(f, *v.In.FCnt32, phy), v.Out.MICValid)
		mic := dataMIC(s.nwkSKey, f.direction(), f.devAddr, *v.In.FCnt32, phy[:len(phy)-micSize])
		equal(t, "MIC", hex.EncodeToString(mic[:]), v.Out.MIC)
	}
	k := v.In.AppSKey
	switch f.fPort {
	case 0, 226: // MAC commands, and a relay's own port
		k = v.In.NwkSKey
	}
	if k != nil {
		plain := cryptPayload(key(t, *k), f.direction(), f.devAddr, *v.In.FCnt32, f.payload)
		equal(t, "FRMPayload", hex.EncodeToString(plain), v.Out.FRMPayload)
	}
}

// What the vectors decode to must also be what the node builds.
func TestVectorsSeal(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "data10") {
		if v.In.NwkSKey == nil || v.In.AppSKey == nil || v.In.FCnt32 == nil || v.Out.MICValid == nil || !*v.Out.MICValid || v.Out.FRMPayload == nil {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			phy := unhex(t, *v.In.PHYPayload)
			f, _, err := parseData(phy)
			if err != nil {
				t.Fatal(err)
			}
			s := &session{devAddr: f.devAddr, nwkSKey: key(t, *v.In.NwkSKey), appSKey: key(t, *v.In.AppSKey)}
			got := s.seal(f, *v.In.FCnt32, unhex(t, *v.Out.FRMPayload))
			if diff := cmp.Diff(phy, got); diff != "" {
				t.Errorf("PHYPayload (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVectorsCrypto(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "mic10") {
		got := dataMIC(key(t, *v.In.Key), direction(v.In.Dir), addr(t, v.In.DevAddr), *v.In.FCnt32, unhex(t, v.In.Msg))
		equal(t, v.ID, hex.EncodeToString(got[:]), v.Out.MIC)
	}
	for _, v := range vectors(t, "frmcrypt") {
		got := cryptPayload(key(t, *v.In.Key), direction(v.In.Dir), addr(t, v.In.DevAddr), *v.In.FCnt32, unhex(t, v.In.Plain))
		equal(t, v.ID, hex.EncodeToString(got), &v.Out.Cipher)
	}
}

func TestVectorsJoinRequest(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "joinRequest") {
		if v.In.Key == nil || v.Out.DevEUI == "" || v.Out.MICValid == nil || !*v.Out.MICValid {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			joinEUI, err := radio.ParseEUI64(v.Out.JoinEUI)
			if err != nil {
				t.Fatal(err)
			}
			devEUI, err := radio.ParseEUI64(v.Out.DevEUI)
			if err != nil {
				t.Fatal(err)
			}
			got := sealJoinRequest(key(t, *v.In.Key), joinEUI, devEUI, v.Out.DevNonce)
			equal(t, "PHYPayload", hex.EncodeToString(got), v.In.PHYPayload)
		})
	}
}

func TestVectorsJoinAccept(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "joinAccept") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			phy := unhex(t, *v.In.PHYPayload)
			a, err := openJoinAccept(key(t, *v.In.Key), phy)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "AppNonce", a.joinNonce, number(t, v.Out.JoinNonce))
			equal(t, "NetID", a.netID, number(t, v.Out.NetID))
			equal(t, "DLSettings", uint32(a.rx1Offset<<4|a.rx2), number(t, v.Out.DLSettings))
			equal(t, "RxDelay", int(a.rxDelay.Seconds()), new(max(1, *v.Out.RXDelay)))
			if v.Out.DevAddr != nil && a.devAddr != addr(t, *v.Out.DevAddr) {
				t.Errorf("DevAddr: got %s, want %s", a.devAddr, *v.Out.DevAddr)
			}
			if want := v.Out.CFListFreqs; want != nil {
				if diff := cmp.Diff(want, frequencies(cfListFrequencies(Region{}, a.cfList))); diff != "" {
					t.Errorf("CFList (-want +got):\n%s", diff)
				}
			}
			if _, err := openJoinAccept(secret.NewAES128([16]byte{0xff}), phy); !errors.Is(err, errAcceptMIC) {
				t.Errorf("with another AppKey: got %v, want %v", err, errAcceptMIC)
			}
			if again := sealJoinAccept(t, key(t, *v.In.Key), a, v.Out.RXDelay); !cmp.Equal(again, phy) {
				t.Errorf("the test's network seals %x, want %x", again, phy)
			}
		})
	}
}

// number reads big-endian hexadecimal; "" is no number.
func number(t *testing.T, s string) *uint32 {
	t.Helper()
	if s == "" {
		return nil
	}
	return new(uint32(addr(t, s)))
}

func frequencies(channels []channel) []uint32 {
	var out []uint32
	for _, c := range channels {
		out = append(out, c.hz)
	}
	return out
}

func TestVectorsSessionKeys(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "sessionKeys10") {
		appKey, joinNonce, netID := key(t, *v.In.AppKey), *number(t, v.In.JoinNonce), *number(t, v.In.NetID)
		nwk := sessionKey(appKey, nwkSKeyLabel, joinNonce, netID, v.In.DevNonce).Reveal()
		app := sessionKey(appKey, appSKeyLabel, joinNonce, netID, v.In.DevNonce).Reveal()
		equal(t, v.ID+" NwkSKey", hex.EncodeToString(nwk[:]), &v.Out.NwkSKey)
		equal(t, v.ID+" AppSKey", hex.EncodeToString(app[:]), &v.Out.AppSKey)
	}
}

func TestVectorsCFList(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "cfList") {
		b := unhex(t, v.In.Bytes)
		if v.Out.Type == 0 {
			if diff := cmp.Diff(v.Out.Freqs, frequencies(cfListFrequencies(Region{}, b))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", v.ID, diff)
			}
			continue
		}
		var got []int
		for _, c := range cfListMask(Region{}, b) {
			got = append(got, c.index)
		}
		if diff := cmp.Diff(v.Out.Enabled, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.ID, diff)
		}
	}
}

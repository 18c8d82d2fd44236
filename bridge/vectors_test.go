package bridge

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// vector is one published test vector; "source" names where it comes from.
type vector struct {
	ID, Kind string
	In       struct {
		PHYPayload, NwkSKey, AppSKey, Key, AppKey, JoinNonce, NetID string
		FCnt32                                                      *uint32
		DevNonce                                                    uint16
	}
	Out struct {
		MICValid                                               *bool
		MType                                                  *lorawan.MType
		DevAddr, FRMPayload, JoinEUI, DevEUI, NwkSKey, AppSKey string
		JoinNonce, NetID, DLSettings, CFList                   string
		OptNeg                                                 bool
		RXDelay                                                uint8
		CFListFreqs                                            []uint32
		FPort                                                  *uint8
		DevNonce                                               lorawan.DevNonce
	}
}

func vectors(t *testing.T, kind string) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/lorawan10.json")
	if err != nil {
		t.Fatal(err)
	}
	var all, some []vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Kind == kind {
			some = append(some, v)
		}
	}
	if len(some) == 0 {
		t.Fatalf("no vectors of kind %s", kind)
	}
	return some
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func aesKey(t *testing.T, s string) secret.AES128 {
	t.Helper()
	k, err := secret.ParseAES128(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// number reads big-endian hexadecimal digits.
func number(t *testing.T, s string) uint32 {
	t.Helper()
	var n uint32
	for _, b := range unhex(t, s) {
		n = n<<8 | uint32(b)
	}
	return n
}

func TestVectorsDataUp(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "data10") {
		raw := unhex(t, v.In.PHYPayload)
		if m := lorawan.MType(raw[0] >> 5); m != lorawan.UnconfirmedDataUp && m != lorawan.ConfirmedDataUp {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			phy, err := radio.Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			mac := phy.MACPayload.(*lorawan.MACPayload)
			if v.Out.DevAddr != "" && mac.FHDR.DevAddr.String() != v.Out.DevAddr {
				t.Errorf("DevAddr %s, want %s", mac.FHDR.DevAddr, v.Out.DevAddr)
			}
			if v.In.FCnt32 == nil {
				return
			}
			if v.In.NwkSKey != "" && v.Out.MICValid != nil {
				if got := micFits(phy, mac, *v.In.FCnt32, aesKey(t, v.In.NwkSKey)); got != *v.Out.MICValid {
					t.Errorf("MIC fits: %v, want %v", got, *v.Out.MICValid)
				}
			}
			if v.In.AppSKey == "" || v.Out.FPort != nil && *v.Out.FPort == 0 {
				return
			}
			clear, err := decrypt(aesKey(t, v.In.AppSKey), mac.FHDR.DevAddr, *v.In.FCnt32, mac)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(clear); got != v.Out.FRMPayload {
				t.Errorf("FRMPayload %s, want %s", got, v.Out.FRMPayload)
			}
			if diff := cmp.Diff(unhex(t, v.In.PHYPayload), raw); diff != "" {
				t.Errorf("decryption changed the frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVectorsJoinRequest(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "joinRequest") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			phy, err := radio.Decode(unhex(t, v.In.PHYPayload))
			if err != nil {
				t.Fatal(err)
			}
			req := phy.MACPayload.(*lorawan.JoinRequestPayload)
			if v.Out.JoinEUI != "" && (req.JoinEUI.String() != v.Out.JoinEUI || req.DevEUI.String() != v.Out.DevEUI || req.DevNonce != v.Out.DevNonce) {
				t.Errorf("got %s %s %d, want %s %s %d", req.JoinEUI, req.DevEUI, req.DevNonce, v.Out.JoinEUI, v.Out.DevEUI, v.Out.DevNonce)
			}
			if v.In.Key == "" || v.Out.MICValid == nil {
				return
			}
			ok, err := phy.ValidateUplinkJoinMIC(lorawan.AES128Key(aesKey(t, v.In.Key).Reveal()))
			if err != nil || ok != *v.Out.MICValid {
				t.Errorf("MIC fits: %v, %v, want %v", ok, err, *v.Out.MICValid)
			}
		})
	}
}

func TestVectorsJoinAccept(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "joinAccept") {
		if v.Out.OptNeg || v.Out.NetID == "" {
			continue // LoRaWAN 1.1, or not all fields are published
		}
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			got, err := sealJoinAccept(&lorawan.JoinAcceptPayload{
				JoinNonce: lorawan.JoinNonce(number(t, v.Out.JoinNonce)),
				HomeNetID: lorawan.NetID(unhex(t, v.Out.NetID)),
				DevAddr:   lorawan.DevAddr(unhex(t, v.Out.DevAddr)),
				RXDelay:   v.Out.RXDelay,
			}, &lorawan.JoinRequestPayload{}, aesKey(t, v.In.Key))
			if err != nil {
				t.Fatal(err)
			}
			if hex.EncodeToString(got) != v.In.PHYPayload {
				t.Errorf("join accept %x, want %s", got, v.In.PHYPayload)
			}
		})
	}
}

func TestVectorsSessionKeys(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "sessionKeys10") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			key, netID := aesKey(t, v.In.AppKey), lorawan.NetID(unhex(t, v.In.NetID))
			for typ, want := range map[byte]string{0x01: v.Out.NwkSKey, 0x02: v.Out.AppSKey} {
				if want == "" {
					continue
				}
				got := deriveKey(key, typ, number(t, v.In.JoinNonce), netID, v.In.DevNonce).Reveal()
				if hex.EncodeToString(got[:]) != want {
					t.Errorf("key of type %d is not the published one", typ)
				}
			}
		})
	}
}

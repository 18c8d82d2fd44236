package lorawan

import (
	"encoding/hex"
	"testing"

	"gatewayd/internal/secret"
	"gatewayd/internal/vectors"
	"gatewayd/radio"

	"github.com/google/go-cmp/cmp"
)

// ofKind runs check on each vector of a kind.
func ofKind(t *testing.T, kind string, check func(t *testing.T, v vectors.Vector)) {
	t.Helper()
	all, err := vectors.OfKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			check(t, v)
		})
	}
}

// same compares where the vector says what it wants.
func same[T comparable](t *testing.T, out vectors.Fields, name string, got, want T) {
	t.Helper()
	if out.Has(name) && got != want {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
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

func eui(t testing.TB, s string) radio.EUI64 {
	t.Helper()
	e, err := radio.ParseEUI64(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func shown(k secret.AES128) string {
	b := k.Reveal()
	return hex.EncodeToString(b[:])
}

func TestVectorsData10(t *testing.T) {
	t.Parallel()
	ofKind(t, "data10", func(t *testing.T, v vectors.Vector) {
		f, phy := header(t, v)
		if !v.In.Has("fCnt32") {
			return
		}
		fCnt := v.In.Number("fCnt32")
		if v.In.Has("nwkSKey") {
			mic := MIC(key(t, v.In.Text("nwkSKey")), f.Direction(), f.DevAddr, fCnt, 0, phy[:len(phy)-MICSize])
			checkMIC(t, v, phy, mic)
		}
		name := "appSKey"
		switch f.FPort {
		case 0, 226: // MAC commands, and a relay's own port
			name = "nwkSKey"
		}
		if v.In.Has(name) {
			plain := Crypt(key(t, v.In.Text(name)), f.Direction(), f.DevAddr, fCnt, f.Payload)
			same(t, v.Out, "frmPayload", hex.EncodeToString(plain), v.Out.Text("frmPayload"))
		}
		same(t, v.Out, "fOpts", hex.EncodeToString(f.FOpts), v.Out.Text("fOpts"))
	})
}

// header checks what can be read without a key, and that it encodes to the
// same bytes again.
func header(t *testing.T, v vectors.Vector) (Data, []byte) {
	t.Helper()
	phy := v.In.Bytes("phyPayload")
	f, mic, err := ParseData(phy)
	if err != nil {
		t.Fatal(err)
	}
	if again := append(f.Bytes(), mic[:]...); !cmp.Equal(again, phy) {
		t.Errorf("encodes to %x, want %x", again, phy)
	}
	same(t, v.Out, "mtype", uint32(f.MType), v.Out.Number("mtype"))
	same(t, v.Out, "devAddr", uint32(f.DevAddr), v.Out.Number("devAddr"))
	same(t, v.Out, "fCnt16", uint32(f.FCnt), v.Out.Number("fCnt16"))
	same(t, v.Out, "fPort", uint32(f.FPort), v.Out.Number("fPort"))
	same(t, v.Out, "fPort", f.HasPort, true)
	same(t, v.Out, "ack", f.ACK(), v.Out.Flag("ack"))
	same(t, v.Out, "adr", f.FCtrl&FCtrlADR != 0, v.Out.Flag("adr"))
	return f, phy
}

func checkMIC(t *testing.T, v vectors.Vector, phy []byte, mic [MICSize]byte) {
	t.Helper()
	same(t, v.Out, "mic", hex.EncodeToString(mic[:]), v.Out.Text("mic"))
	same(t, v.Out, "micValid", mic == [MICSize]byte(phy[len(phy)-MICSize:]), v.Out.Flag("micValid"))
}

func TestVectorsData11(t *testing.T) {
	t.Parallel()
	ofKind(t, "data11", func(t *testing.T, v vectors.Vector) {
		f, phy := header(t, v)
		var keys Keys
		for name, k := range map[string]*secret.AES128{
			"fNwkSIntKey": &keys.FNwkSInt, "sNwkSIntKey": &keys.SNwkSInt, "nwkSEncKey": &keys.NwkSEnc, "appSKey": &keys.AppS,
		} {
			if v.In.Has(name) {
				*k = key(t, v.In.Text(name))
			}
		}
		fCnt, conf := v.In.Number("fCnt32"), uint16(0)
		if f.ACK() {
			conf = uint16(v.In.Number("confFCnt"))
		}
		msg := phy[:len(phy)-MICSize]
		if f.Direction() == Up {
			tx := Transmission{ConfFCnt: conf, DataRate: uint8(v.In.Number("txDR")), Channel: uint8(v.In.Number("txCh"))}
			checkMIC(t, v, phy, UplinkMIC(keys, f.DevAddr, fCnt, tx, msg))
		} else {
			checkMIC(t, v, phy, MIC(keys.SNwkSInt, Down, f.DevAddr, fCnt, conf, msg))
		}
		fOpts := CryptFOpts(keys.NwkSEnc, f.Direction(), f.DevAddr, CounterOf(f), fCnt, f.FOpts)
		same(t, v.Out, "fOpts", hex.EncodeToString(fOpts), v.Out.Text("fOpts"))
		k := keys.AppS
		if f.FPort == 0 {
			k = keys.NwkSEnc
		}
		plain := Crypt(k, f.Direction(), f.DevAddr, fCnt, f.Payload)
		same(t, v.Out, "frmPayload", hex.EncodeToString(plain), v.Out.Text("frmPayload"))
	})
}

func TestVectorsMIC(t *testing.T) {
	t.Parallel()
	ofKind(t, "mic10", func(t *testing.T, v vectors.Vector) {
		mic := MIC(key(t, v.In.Text("key")), Direction(v.In.Number("dir")), DevAddr(v.In.Number("devAddr")), v.In.Number("fCnt32"), 0, v.In.Bytes("msg"))
		same(t, v.Out, "mic", hex.EncodeToString(mic[:]), v.Out.Text("mic"))
	})
	ofKind(t, "mic11up", func(t *testing.T, v vectors.Vector) {
		keys := Keys{FNwkSInt: key(t, v.In.Text("fNwkSIntKey")), SNwkSInt: key(t, v.In.Text("sNwkSIntKey"))}
		tx := Transmission{uint16(v.In.Number("confFCnt")), uint8(v.In.Number("txDR")), uint8(v.In.Number("txCh"))}
		mic := UplinkMIC(keys, DevAddr(v.In.Number("devAddr")), v.In.Number("fCnt32"), tx, v.In.Bytes("msg"))
		same(t, v.Out, "mic", hex.EncodeToString(mic[:]), v.Out.Text("mic"))
	})
	ofKind(t, "mic11down", func(t *testing.T, v vectors.Vector) {
		conf := uint16(v.In.Number("confFCnt"))
		mic := MIC(key(t, v.In.Text("sNwkSIntKey")), Down, DevAddr(v.In.Number("devAddr")), v.In.Number("fCnt32"), conf, v.In.Bytes("msg"))
		same(t, v.Out, "mic", hex.EncodeToString(mic[:]), v.Out.Text("mic"))
	})
}

func TestVectorsCrypt(t *testing.T) {
	t.Parallel()
	ofKind(t, "frmcrypt", func(t *testing.T, v vectors.Vector) {
		got := Crypt(key(t, v.In.Text("key")), Direction(v.In.Number("dir")), DevAddr(v.In.Number("devAddr")), v.In.Number("fCnt32"), v.In.Bytes("plain"))
		same(t, v.Out, "cipher", hex.EncodeToString(got), v.Out.Text("cipher"))
	})
	ofKind(t, "foptscrypt", func(t *testing.T, v vectors.Vector) {
		got := CryptFOpts(key(t, v.In.Text("key")), Direction(v.In.Number("dir")), DevAddr(v.In.Number("devAddr")),
			Counter(v.In.Number("typeConstant")), v.In.Number("fCnt32"), v.In.Bytes("plain"))
		same(t, v.Out, "cipher", hex.EncodeToString(got), v.Out.Text("cipher"))
	})
}

func TestVectorsFCtrl(t *testing.T) {
	t.Parallel()
	ofKind(t, "fctrl", func(t *testing.T, v vectors.Vector) {
		b := byte(v.In.Number("byte"))
		mhdr := UnconfirmedDown.MHDR()
		if v.In.Flag("uplink") {
			mhdr = UnconfirmedUp.MHDR()
		}
		phy := append([]byte{mhdr, 0, 0, 0, 0, b, 0, 0}, make([]byte, int(b&0x0F)+MICSize)...)
		f, _, err := ParseData(phy)
		if err != nil {
			t.Fatal(err)
		}
		if uint32(len(f.FOpts)) != v.Out.Number("fOptsLen") {
			t.Errorf("FOptsLen %d, want %d", len(f.FOpts), v.Out.Number("fOptsLen"))
		}
		pending := "fPending"
		if v.In.Flag("uplink") {
			pending = "classB"
		}
		for name, bit := range map[string]byte{"adr": FCtrlADR, "ack": FCtrlACK, "adrAckReq": FCtrlADRACKReq, pending: FCtrlFPending} {
			if got := f.FCtrl&bit != 0; got != v.Out.Flag(name) {
				t.Errorf("%s: got %v, want %v", name, got, v.Out.Flag(name))
			}
		}
	})
}

// What the vectors leave to others, and what the simulator has no use for.
func TestVectorsAllNamed(t *testing.T) {
	t.Parallel()
	all, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	here := map[string]bool{
		"data10": true, "data11": true, "mic10": true, "mic11up": true, "mic11down": true, "frmcrypt": true, "foptscrypt": true, "fctrl": true,
		"joinRequest": true, "rejoin": true, "joinAccept": true, "joinAcceptMic11": true, "joinAcceptPlain": true,
		"sessionKeys10": true, "sessionKeys11": true, "jsKeys": true, "mcKeys": true,
		"cfList":             true, // package regional
		"sessionKeys11netid": true, // FNwkSIntKey: the rest is no form of the specification
	}
	elsewhere := map[string]string{
		"rootWorSKey": "relays", "worSessionKeys": "relays", "relayFwdUp": "relays",
		"pingOffset": "class B", "keyWrap": "the backend interfaces",
	}
	for _, v := range all {
		if !here[v.Kind] && elsewhere[v.Kind] == "" {
			t.Errorf("%s: no test takes vectors of kind %s", v.ID, v.Kind)
		}
	}
}

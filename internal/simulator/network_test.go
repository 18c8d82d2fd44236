package simulator

import (
	"crypto/aes"
	"encoding/binary"
	"testing"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator/lorawan"
)

// The keys and addresses of the nodes in these tests.
const (
	testAddr   = DevAddr(0x26011BDA)
	testNwkKey = "00000000000000000000000000000001"
	testAppKey = "00000000000000000000000000000002"
)

func abp(t testing.TB) Config {
	t.Helper()
	return Config{
		Name: "greenhouse", DevAddr: testAddr, NwkSKey: key(t, testNwkKey), AppSKey: key(t, testAppKey),
		Region: EU868(), DataRate: 5, Transmissions: 3,
	}
}

func otaa(t testing.TB) Config {
	t.Helper()
	return Config{
		Name: "cellar", DevEUI: [8]byte{0x70, 0xB3, 0xD5, 0x7E, 0xD0, 0, 0, 1},
		AppKey: key(t, "000000000000000000000000000000aa"),
		Region: EU868(), DataRate: 5, JoinAttempts: 2,
	}
}

// abp11 and otaa11 are the same nodes under 1.1.
func abp11(t testing.TB) Config {
	t.Helper()
	c := abp(t)
	c.Version, c.NwkSKey = lorawan.V110, secret.AES128{}
	c.FNwkSIntKey, c.SNwkSIntKey = key(t, "0000000000000000000000000000000f"), key(t, "00000000000000000000000000000005")
	c.NwkSEncKey = key(t, "0000000000000000000000000000000e")
	return c
}

func otaa11(t testing.TB) Config {
	t.Helper()
	c := otaa(t)
	c.Version, c.JoinEUI = lorawan.V110, [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	c.NwkKey = key(t, "000000000000000000000000000000bb")
	return c
}

// peer is the network's side of a session.
type peer struct {
	addr DevAddr
	keys lorawan.Keys
	v11  bool
	conf uint16 // FCntUp of the uplink that an ACK acknowledges
}

// server is the network's side of the ABP node.
func server(t testing.TB) *peer {
	t.Helper()
	return &peer{addr: testAddr, keys: abp(t).keys()}
}

// server11 is the network's side of the ABP node under 1.1.
func server11(t testing.TB) *peer {
	t.Helper()
	return &peer{addr: testAddr, keys: abp11(t).keys(), v11: true}
}

// seal makes a downlink from f, which is in clear.
func (p *peer) seal(f lorawan.Data, fCnt uint32) []byte {
	f.DevAddr, f.FCnt = p.addr, uint16(fCnt)
	k := p.keys.AppS
	if f.FPort == 0 {
		k = p.keys.NwkSEnc
	}
	f.Payload = lorawan.Crypt(k, lorawan.Down, p.addr, fCnt, f.Payload)
	conf := uint16(0)
	if p.v11 {
		f.FOpts = lorawan.CryptFOpts(p.keys.NwkSEnc, lorawan.Down, p.addr, lorawan.CounterOf(f), fCnt, f.FOpts)
		if f.ACK() {
			conf = p.conf
		}
	}
	msg := f.Bytes()
	mic := lorawan.MIC(p.keys.SNwkSInt, lorawan.Down, p.addr, fCnt, conf, msg)
	return append(msg, mic[:]...)
}

// ack is a downlink that acknowledges, with counter fCnt.
func ack(p *peer, fCnt uint32) []byte {
	return p.seal(lorawan.Data{MType: lorawan.UnconfirmedDown, FCtrl: lorawan.FCtrlACK}, fCnt)
}

// commands is a downlink with MAC commands in FOpts.
func commands(t testing.TB, p *peer, fCnt uint32, fOpts string) []byte {
	t.Helper()
	return p.seal(lorawan.Data{MType: lorawan.UnconfirmedDown, FOpts: unhex(t, fOpts)}, fCnt)
}

// uplink reads an uplink that p's node has sent and checks its MIC; tx counts
// under 1.1.
func (p *peer) uplink(t testing.TB, phy []byte, fCnt uint32, tx lorawan.Transmission) lorawan.Data {
	t.Helper()
	f, mic, err := lorawan.ParseData(phy)
	if err != nil {
		t.Fatal(err)
	}
	msg := phy[:len(phy)-lorawan.MICSize]
	want := lorawan.MIC(p.keys.FNwkSInt, lorawan.Up, p.addr, fCnt, 0, msg)
	if p.v11 {
		want = lorawan.UplinkMIC(p.keys, p.addr, fCnt, tx, msg)
		f.FOpts = lorawan.CryptFOpts(p.keys.NwkSEnc, lorawan.Up, p.addr, lorawan.NetworkCounter, fCnt, f.FOpts)
	}
	if f.DevAddr != p.addr || mic != want {
		t.Errorf("uplink %d, %x: MIC %x, want %x", fCnt, phy, mic, want)
	}
	return f
}

// made reports whether uplink phy carries the MIC of 1.0 for fCnt.
func (p *peer) made(f lorawan.Data, fCnt uint32, phy []byte) bool {
	msg, mic := phy[:len(phy)-lorawan.MICSize], phy[len(phy)-lorawan.MICSize:]
	return lorawan.MIC(p.keys.FNwkSInt, lorawan.Up, f.DevAddr, fCnt, 0, msg) == [lorawan.MICSize]byte(mic)
}

// granted is the join accept of these tests.
func granted() lorawan.Accept {
	return lorawan.Accept{JoinNonce: 0x010203, NetID: 0x13, DevAddr: 0x26000042, RXDelay: 1e9}
}

// plainAccept is a from MHDR to CFList.
func plainAccept(a lorawan.Accept) []byte {
	b := []byte{lorawan.JoinAccept.MHDR()}
	b = append(b, byte(a.JoinNonce), byte(a.JoinNonce>>8), byte(a.JoinNonce>>16))
	b = append(b, byte(a.NetID), byte(a.NetID>>8), byte(a.NetID>>16))
	b = binary.LittleEndian.AppendUint32(b, uint32(a.DevAddr))
	settings := a.RX1Offset<<4 | a.RX2Rate
	if a.OptNeg {
		settings |= 0x80
	}
	return append(append(b, settings, byte(a.RXDelay.Seconds())), a.CFList...)
}

// sealJoinAccept is a join accept of 1.0.
func sealJoinAccept(t testing.TB, appKey secret.AES128, a lorawan.Accept) []byte {
	t.Helper()
	b := plainAccept(a)
	mac := lorawan.CMAC(appKey, b)
	return encryptAccept(t, appKey, append(b, mac[:lorawan.MICSize]...))
}

// sealJoinAccept11 is a join accept of 1.1 to a request of that type and
// nonce of the node cfg.
func sealJoinAccept11(t testing.TB, cfg Config, a lorawan.Accept, typ lorawan.JoinType, nonce uint16) []byte {
	t.Helper()
	a.OptNeg = true
	b := plainAccept(a)
	in := []byte{byte(typ)}
	for i := range cfg.JoinEUI {
		in = append(in, cfg.JoinEUI[len(cfg.JoinEUI)-1-i])
	}
	in = append(in, byte(nonce), byte(nonce>>8))
	mac := lorawan.CMAC(lorawan.JSIntKey(cfg.NwkKey, cfg.DevEUI), append(in, b...))
	k := cfg.NwkKey
	if typ != lorawan.Join {
		k = lorawan.JSEncKey(cfg.NwkKey, cfg.DevEUI)
	}
	return encryptAccept(t, k, append(b, mac[:lorawan.MICSize]...))
}

// encryptAccept does what a network does: it encrypts with AES decryption.
func encryptAccept(t testing.TB, k secret.AES128, b []byte) []byte {
	t.Helper()
	raw := k.Reveal()
	cipher, err := aes.NewCipher(raw[:])
	if err != nil {
		t.Fatal(err)
	}
	for rest := b[1:]; len(rest) > 0; rest = rest[aes.BlockSize:] {
		cipher.Decrypt(rest, rest)
	}
	return b
}

// onPort0 is a downlink with MAC commands alone.
func onPort0(b []byte) lorawan.Data {
	return lorawan.Data{MType: lorawan.UnconfirmedDown, HasPort: true, FPort: 0, Payload: b}
}

// renamed is c under another name.
func renamed(c Config, name string) Config {
	c.Name = name
	return c
}

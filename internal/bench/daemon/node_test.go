package daemon

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// firstAddr is the DevAddr of node 0.
const firstAddr = 0x26000000

// codecPort is where testdata/bench.js of the codecs expects its payload.
const codecPort = 1

// decoded is what the codec makes of the payload, in part: a message with
// this in it has been through the whole path.
const decoded = `"temperature":23.45`

func deviceID(i int) string { return fmt.Sprintf("node-%05d", i) }

func deviceKey(i int) string {
	return base64.StdEncoding.EncodeToString([]byte("fake key of device " + deviceID(i)))
}

// sessionKey is a visibly fake key in hexadecimal; kind tells the two of a node
// apart.
func sessionKey(i int, kind byte) string {
	return fmt.Sprintf("%02x%06x", kind, i) + strings.Repeat("fa", 12)
}

const (
	nwkSKey = 0xb0
	appSKey = 0xc0
)

// writeNode writes the table of node i.
func writeNode(b *strings.Builder, i int, codec string) {
	fmt.Fprintf(b, "\n[[node]]\ndevice_id = %q\ndevice_key = %q\ncodec = %q\ndev_addr = \"%08X\"\nnwk_s_key = %q\napp_s_key = %q\n",
		deviceID(i), deviceKey(i), codec, firstAddr+i, sessionKey(i, nwkSKey), sessionKey(i, appSKey))
}

// payload is what testdata/bench.js of the codecs decodes.
func payload() []byte {
	return []byte{0x0c, 0xe4, 0x09, 0x29, 1, 0x67, 0x01, 0x10, 2, 0x68, 0x5a, 3, 0, 1, 4, 0x71, 1, 2, 3, 4, 5, 6}
}

// uplink is a PHYPayload of node i.
func uplink(tb testing.TB, i int, fCnt uint32, kind lorawan.MType) []byte {
	tb.Helper()
	key := func(kind byte) secret.AES128 {
		k, err := secret.ParseAES128(sessionKey(i, kind))
		if err != nil {
			tb.Fatal(err)
		}
		return k
	}
	addr := lorawan.DevAddr(firstAddr + i)
	msg := lorawan.Data{
		MType: kind, DevAddr: addr, FCnt: uint16(fCnt), HasPort: true, FPort: codecPort,
		Payload: lorawan.Crypt(key(appSKey), lorawan.Up, addr, fCnt, payload()),
	}.Bytes()
	mic := lorawan.MIC(key(nwkSKey), lorawan.Up, addr, fCnt, 0, msg)
	return append(msg, mic[:]...)
}

// packet is phy on the air, on one of the eight channels.
func packet(phy []byte, n int) radiotest.Packet {
	channels := [...]uint32{868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000}
	return radiotest.Packet{
		Frequency: channels[n%len(channels)], DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -60, SNR: 9, Payload: phy,
	}
}

// marker tells the frames of this benchmark apart, as a transcript shows it:
// DevAddr, FCtrl and FCnt.
func marker(phy []byte) string { return hex.EncodeToString(phy[1:8]) }

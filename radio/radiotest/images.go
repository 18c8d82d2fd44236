package radiotest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// imageSize is that of every firmware image of the SX1308's two cores.
const imageSize = 8192

// image says which firmware a core's program memory holds.
type image uint8

const (
	imageUnknown image = iota
	imageAGC
	imageARB
	imageCal
)

// version is what the firmware shows at 0x20 of its data memory; 0 for memory
// that holds no firmware.
func (i image) version() byte {
	switch i {
	case imageAGC:
		return 4
	case imageARB:
		return 1
	case imageCal:
		return 2
	default:
		return 0
	}
}

// StandInImages returns images that take the place of the vendor's four
// firmware images in tests: 8192 bytes each, under the vendor's file names
// "agc_fw.var", "arb_fw.var", "cal_fw.var" and "cal_fw5-12.var". They are plain
// text that says so, and only the simulator takes them for firmware.
func StandInImages() map[string][]byte {
	return map[string][]byte{
		"agc_fw.var":     standIn("AGC", 4),
		"arb_fw.var":     standIn("arbiter", 1),
		"cal_fw.var":     standIn("calibration 8-15", 2),
		"cal_fw5-12.var": standIn("calibration 5-12", 2),
	}
}

func standIn(what string, version int) []byte {
	line := fmt.Sprintf("STAND-IN, NOT FIRMWARE: %s v%d for the gatewayd PicoCell simulator. ", what, version)
	return bytes.Repeat([]byte(line), imageSize/len(line)+1)[:imageSize]
}

// vendorImages are the SHA-256 sums of the images in libloragw/src of
// picoGW_hal.
var vendorImages = map[string]image{
	"08263797ad3b3ecf42de2e30987d436eb6f45cac876cede6b4051bb4f7483929": imageAGC,
	"c93a5a6e9e666a63dd18cccc6bd82ee3df638676b74b5a8b27eca8725615e161": imageARB,
	"0b6a0693b2127f6c12d1663a6579631ae688b2aa820544591f030ac9c055041b": imageCal,
	"84916f036d09ffd8d4c8187d39f117377d0ce2134d5195cc9c49dcfb0f8a1b6f": imageCal,
}

// standInKinds says what the stand-in images stand for.
var standInKinds = map[string]image{
	"agc_fw.var": imageAGC, "arb_fw.var": imageARB, "cal_fw.var": imageCal, "cal_fw5-12.var": imageCal,
}

// recognise tells which firmware a program memory holds.
func recognise(prom []byte) image {
	for name, content := range StandInImages() {
		if bytes.Equal(prom, content) {
			return standInKinds[name]
		}
	}
	sum := sha256.Sum256(prom)
	return vendorImages[hex.EncodeToString(sum[:])]
}

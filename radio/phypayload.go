package radio

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/brocaar/lorawan"
)

// MaxPHYPayload is the largest PHYPayload a LoRa header can announce, in bytes.
const MaxPHYPayload = 255

// Errors of Decode.
var (
	errLength = errors.New("want 5 to 255 bytes")
	errMajor  = errors.New("major version is not LoRaWAN R1")
	errForm   = errors.New("reserved bits set, or fields that contradict each other")
)

// Decode parses a PHYPayload. Beyond lorawan's own checks it refuses what
// would not encode to the same bytes again, because the MIC is computed over
// the encoding: a frame altered in a bit that the parser ignores must not
// pass for the original.
func Decode(phy []byte) (lorawan.PHYPayload, error) {
	var p lorawan.PHYPayload
	if len(phy) < 5 || len(phy) > MaxPHYPayload {
		return p, errLength
	}
	if err := p.UnmarshalBinary(phy); err != nil {
		return p, fmt.Errorf("PHYPayload: %w", err)
	}
	if p.MHDR.Major != lorawan.LoRaWANR1 {
		return p, errMajor
	}
	again, err := p.MarshalBinary()
	if err != nil {
		return p, fmt.Errorf("PHYPayload: %w", err)
	}
	if !bytes.Equal(again, phy) {
		return p, errForm
	}
	return p, nil
}

package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/codec"
	"gatewayd/bridge/crypt"
	"gatewayd/internal/secret"
)

// fullest is the most frames a second that eight channels can carry at SF7.
const fullest = 130

// Frame measures the MIC and the decryption of a data frame of 51 bytes.
func Frame(d time.Duration) Figure {
	k := crypt.NewKey(secret.NewAES128([16]byte{1}))
	msg, addr := make([]byte, 60), lorawan.DevAddr{1, 2, 3, 4}
	took := perCall(d, func() {
		crypt.UplinkMIC(k, addr, 7, msg)
		crypt.Payload(k, crypt.Up, addr, 7, msg[9:])
	})
	return Figure{
		Name: "frame, MIC and decryption of 51 bytes", Value: micros(took), Unit: "µs",
		Means: fmt.Sprintf("%.2g %% of a core for all that eight channels can carry", 100*fullest*took.Seconds()),
	}
}

// payload is what decoder decodes.
func payload() codec.Uplink {
	return codec.Uplink{FPort: 1, Bytes: []byte{1, 0x67, 1, 0x10, 2, 0x67, 0xff, 0xd8, 3, 2, 1, 0x4a}, RecvTime: time.Unix(1e9, 0)}
}

// decoder is a codec as vendors write them, for machines without one of their
// own.
const decoder = `function decodeUplink(input) {
  var d = {}, b = input.bytes;
  for (var i = 0; i + 3 < b.length; i += 4) {
    switch (b[i + 1]) {
    case 0x67: d['temperature_' + b[i]] = ((b[i + 2] << 24 >> 16) | b[i + 3]) / 10; break;
    case 0x02: d['analog_' + b[i]] = ((b[i + 2] << 24 >> 16) | b[i + 3]) / 100; break;
    default: return { errors: ['type ' + b[i + 1]] };
    }
  }
  return { data: d };
}`

// Codec measures how long c takes for a payload of 12 bytes; nil: one that is
// built in for this.
func Codec(d time.Duration, name string, c *codec.Codec) (Figure, error) {
	if c == nil {
		var err error
		if c, err = codec.Compile("bench.js", decoder, codec.Options{}); err != nil {
			return Figure{}, err
		}
	}
	up := payload()
	took := perCall(d, func() { c.DecodeUplink(context.Background(), up) })
	return Figure{
		Name: "codec " + name, Value: micros(took), Unit: "µs",
		Means: fmt.Sprintf("%.2g %% of a core at ten frames a second", 100*10*took.Seconds()),
		Bad:   took > slowCodec,
	}, nil
}

// slowCodec is what a codec should not take.
const slowCodec = 100 * time.Millisecond

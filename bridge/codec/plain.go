package codec

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// nothing is the codec none: the raw payload is all there is.
type nothing struct{}

func (nothing) decodeUplink(context.Context, Uplink) Result   { return Result{} }
func (nothing) decodeDownlink(context.Context, Uplink) Result { return Result{} }

// encodeDownlink takes {"bytes": [1, 2]}, {"bytes": "base64"} or
// {"hex": "0102"}: data that is a payload already.
func (nothing) encodeDownlink(_ context.Context, cmd Command) (Downlink, error) {
	var data struct {
		Bytes json.RawMessage `json:"bytes"`
		Hex   *string         `json:"hex"`
	}
	err := json.Unmarshal(cmd.Data, &data)
	if err != nil || (data.Bytes == nil) == (data.Hex == nil) {
		return Downlink{}, errors.New(`without a codec, data is {"hex": "0102"} or {"bytes": [1, 2]}`)
	}
	d := Downlink{FPort: cmd.FPort}
	if data.Hex != nil {
		d.Bytes, err = ParseHex(*data.Hex)
	} else {
		d.Bytes, err = parseBytes(data.Bytes)
	}
	return d, err
}

// hexText is the codec hex.
type hexText struct{}

func (hexText) decodeUplink(_ context.Context, up Uplink) Result {
	return Result{Data: quoted(hex.EncodeToString(up.Bytes))}
}

func (h hexText) decodeDownlink(ctx context.Context, down Uplink) Result {
	return h.decodeUplink(ctx, down)
}

func (hexText) encodeDownlink(_ context.Context, cmd Command) (Downlink, error) {
	text, err := textOf(cmd.Data)
	if err != nil {
		return Downlink{}, err
	}
	b, err := ParseHex(text)
	return Downlink{FPort: cmd.FPort, Bytes: b}, err
}

// plainText is the codec text.
type plainText struct{}

func (plainText) decodeUplink(_ context.Context, up Uplink) Result {
	r := Result{Data: quoted(strings.ToValidUTF8(string(up.Bytes), "\uFFFD"))}
	if !utf8.Valid(up.Bytes) {
		r.Warnings = []string{"the payload is not UTF-8 text; what is not is shown as U+FFFD"}
	}
	return r
}

func (p plainText) decodeDownlink(ctx context.Context, down Uplink) Result {
	return p.decodeUplink(ctx, down)
}

func (plainText) encodeDownlink(_ context.Context, cmd Command) (Downlink, error) {
	text, err := textOf(cmd.Data)
	return Downlink{FPort: cmd.FPort, Bytes: []byte(text)}, err
}

// quoted is s as a JSON string, as JSON.stringify writes it.
func quoted(s string) json.RawMessage { return appendString(nil, s) }

// textOf reads data that is a JSON string.
func textOf(data json.RawMessage) (string, error) {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return "", errors.New("data of this codec is a JSON string")
	}
	return s, nil
}

// ParseHex reads hexadecimal digits in any case, with or without 0x, spaces,
// colons and dashes between bytes.
func ParseHex(s string) ([]byte, error) {
	digits := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "0x")
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "", "-", "").Replace(digits))
	if err != nil {
		return nil, fmt.Errorf("%.64q is not a payload in hexadecimal digits, two for each byte", s)
	}
	return b, nil
}

// parseBytes reads a list of numbers, or base64.
func parseBytes(raw json.RawMessage) ([]byte, error) {
	var list []int
	if json.Unmarshal(raw, &list) == nil {
		return byteList(list)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if b, err := base64.StdEncoding.DecodeString(text); err == nil {
			return b, nil
		}
	}
	return nil, errors.New("bytes is a list of numbers from 0 to 255, or base64")
}

func byteList(list []int) ([]byte, error) {
	b := make([]byte, len(list))
	for i, n := range list {
		if n < 0 || n > 255 {
			return nil, fmt.Errorf("byte %d is %d, want 0 to 255", i, n)
		}
		b[i] = byte(n)
	}
	return b, nil
}

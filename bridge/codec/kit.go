package codec

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kitValue is the starter kit's decoder for payloads that are a number in
// text.
type kitValue struct{}

func (kitValue) decodeUplink(_ context.Context, up Uplink) Result {
	if !utf8.Valid(up.Bytes) {
		return Result{Errors: []string{"the payload is no UTF-8 text: " + hex.EncodeToString(up.Bytes)}}
	}
	text := string(up.Bytes)
	return valueOf(numberOrText(text))
}

// numberOrText is a JSON number where text is one, else text.
func numberOrText(text string) any {
	plain := strings.TrimSpace(text)
	if n, err := strconv.ParseInt(plain, 10, 64); err == nil {
		return n
	}
	v, err := strconv.ParseFloat(plain, 64)
	if _, unfit := json.Marshal(v); err != nil || unfit != nil || strings.ContainsAny(plain, "xXpP_") {
		return text
	}
	return v
}

func (k kitValue) decodeDownlink(ctx context.Context, down Uplink) Result {
	return k.decodeUplink(ctx, down)
}

func (kitValue) encodeDownlink(context.Context, Command) (Downlink, error) {
	return Downlink{}, ErrNoEncoder
}

// kitHex is the starter kit's decoder that shows the payload in digits.
type kitHex struct{}

func (kitHex) decodeUplink(_ context.Context, up Uplink) Result {
	return valueOf(strings.ToUpper(hex.EncodeToString(up.Bytes)))
}

func (k kitHex) decodeDownlink(ctx context.Context, down Uplink) Result {
	return k.decodeUplink(ctx, down)
}

func (kitHex) encodeDownlink(context.Context, Command) (Downlink, error) {
	return Downlink{}, ErrNoEncoder
}

func valueOf(v any) Result {
	data, err := json.Marshal(map[string]any{"value": v})
	if err != nil {
		return failed(err)
	}
	return Result{Data: data}
}

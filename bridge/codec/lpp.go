package codec

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// cayenne is the codec cayenne-lpp. A payload is a list of channel, type and
// value; data is an object of them in the same order:
//
//	{"temperature_3": 27.2, "gps_1": {"latitude": 42.3519, "longitude": -87.9094, "altitude": 10}}
//
// Encoding takes the same form, so that what is decoded encodes to the same
// bytes.
type cayenne struct{}

func (cayenne) decodeUplink(_ context.Context, up Uplink) Result {
	w := lppWriter{types: lppTypes(), seen: map[string]bool{}}
	b := up.Bytes
	for len(b) > 0 {
		n, err := w.value(b)
		if err != nil {
			w.result.Errors = append(w.result.Errors, fmt.Sprintf("byte %d: %v", len(up.Bytes)-len(b), err))
			break
		}
		b = b[n:]
	}
	w.result.Data = append(append(json.RawMessage("{"), w.out...), '}')
	return w.result
}

func (c cayenne) decodeDownlink(ctx context.Context, down Uplink) Result {
	return c.decodeUplink(ctx, down)
}

// lppWriter collects decoded values as the members of a JSON object.
type lppWriter struct {
	types  []lppType
	seen   map[string]bool
	out    []byte
	result Result
}

// value decodes the value that b begins with and returns its length.
func (w *lppWriter) value(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, errors.New("a channel without a type; the payload is cut off")
	}
	i := slices.IndexFunc(w.types, func(t lppType) bool { return t.id == b[1] })
	if i < 0 {
		return 0, fmt.Errorf("type %d is not one of Cayenne LPP; what follows cannot be read: %s", b[1], hex.EncodeToString(b))
	}
	t := w.types[i]
	n := 2 + t.size()
	if len(b) < n {
		return 0, fmt.Errorf("%s of channel %d has %d bytes, and %d are left; the payload is cut off", t.name, b[0], n-2, len(b)-2)
	}
	key := t.name + "_" + strconv.Itoa(int(b[0]))
	if w.seen[key] {
		w.result.Warnings = append(w.result.Warnings, key+" comes more than once; the first one is kept")
		return n, nil
	}
	w.seen[key] = true
	if len(w.out) > 0 {
		w.out = append(w.out, ',')
	}
	w.out = append(appendString(w.out, key), ':')
	w.out = appendLPP(w.out, t, b[2:n])
	return n, nil
}

// appendLPP appends the value of type t in b as JSON.
func appendLPP(out []byte, t lppType, b []byte) []byte {
	if t.plain() {
		return appendNumber(out, t.fields[0].decode(b))
	}
	for i, f := range t.fields {
		out = append(out, "{,"[min(i, 1)])
		out = append(appendString(out, f.name), ':')
		out = appendNumber(out, f.decode(b[:f.size]))
		b = b[f.size:]
	}
	return append(out, '}')
}

// decode reads b, big endian, in units.
func (f lppField) decode(b []byte) float64 {
	var n int64
	for _, c := range b[:f.size] {
		n = n<<8 | int64(c)
	}
	if _, high := f.limits(); n > high {
		n -= 1 << (8 * f.size)
	}
	return float64(n) / f.perUnit
}

// encodeDownlink writes the members of data in their order.
func (cayenne) encodeDownlink(_ context.Context, cmd Command) (Downlink, error) {
	d := Downlink{FPort: cmd.FPort}
	dec := json.NewDecoder(bytes.NewReader(cmd.Data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return d, errors.New(`data of cayenne-lpp is an object like {"digital_out_1": 1}`)
	}
	types := lppTypes()
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return d, fmt.Errorf("data is not JSON: %w", err)
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return d, fmt.Errorf("data is not JSON: %w", err)
		}
		if d.Bytes, err = encodeLPP(d.Bytes, types, key, value); err != nil {
			return d, fmt.Errorf("%s: %w", key, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return d, fmt.Errorf("data is not JSON: %w", err)
	}
	if len(d.Bytes) > maxPayload {
		return d, fmt.Errorf("%d bytes, and a LoRaWAN payload has %d at most", len(d.Bytes), maxPayload)
	}
	return d, nil
}

// encodeLPP appends channel, type and value of one member.
func encodeLPP(out []byte, types []lppType, key string, value json.RawMessage) ([]byte, error) {
	at := strings.LastIndexByte(key, '_')
	channel, err := strconv.ParseUint(key[at+1:], 10, 8)
	if at < 0 || err != nil {
		return nil, errors.New("want a type and a channel from 0 to 255, as in temperature_3")
	}
	i := slices.IndexFunc(types, func(t lppType) bool { return t.name == key[:at] })
	if i < 0 {
		return nil, fmt.Errorf("%q is not a type of Cayenne LPP", key[:at])
	}
	t := types[i]
	out = append(out, byte(channel), t.id)
	if t.plain() {
		return t.fields[0].encode(out, value)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		return nil, fmt.Errorf("want an object with the members of %s", t.name)
	}
	for _, f := range t.fields {
		if out, err = f.encode(out, members[f.name]); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return out, nil
}

// encode appends value, in units, to the nearest step.
func (f lppField) encode(out []byte, value json.RawMessage) ([]byte, error) {
	v, err := lppNumber(value)
	if err != nil {
		return nil, err
	}
	steps := math.Round(v * f.perUnit)
	low, high := f.limits()
	if f.min != f.max && (v < f.min || v > f.max) || steps < float64(low) || steps > float64(high) {
		least, most := float64(low)/f.perUnit, float64(high)/f.perUnit
		if f.min != f.max {
			least, most = f.min, f.max
		}
		return nil, fmt.Errorf("%v is out of range, want %v to %v", v, least, most)
	}
	for shift := 8 * (f.size - 1); shift >= 0; shift -= 8 {
		out = append(out, byte(int64(steps)>>shift))
	}
	return out, nil
}

// lppNumber reads a number; true is 1 and false is 0, for switches.
func lppNumber(value json.RawMessage) (float64, error) {
	var v any
	if value == nil || json.Unmarshal(value, &v) != nil {
		return 0, errors.New("want a number")
	}
	switch v := v.(type) {
	case float64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	}
	return 0, errors.New("want a number")
}

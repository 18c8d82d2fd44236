package codec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/dop251/goja"
)

// maxPayload is the longest FRMPayload of any region, in bytes.
const maxPayload = 242

func (s *script) encodeDownlink(ctx context.Context, cmd Command) (Downlink, error) {
	d := Downlink{FPort: cmd.FPort}
	if !json.Valid(cmd.Data) {
		return d, errors.New("the data to encode is not JSON")
	}
	if err := checkNesting(string(cmd.Data)); err != nil {
		return d, err
	}
	err := s.use(ctx, func(m *machine) error {
		for _, f := range []function{tsEncodeDownlink, oldEncode, oldEncoder} {
			if m.functions[f] != nil {
				return m.encode(f, cmd, &d)
			}
		}
		return ErrNoEncoder
	})
	return d, err
}

// encode calls f with cmd and takes what it returns into d.
func (m *machine) encode(f function, cmd Command, d *Downlink) error {
	data, err := m.parsed(cmd.Data)
	if err != nil {
		return err
	}
	variables, err := m.variables(cmd.Variables)
	if err != nil {
		return err
	}
	port := m.vm.ToValue(int64(cmd.FPort))
	args := []goja.Value{data, port, variables} // of Encoder
	if f == oldEncode {
		args = []goja.Value{port, data, variables}
	}
	if f == tsEncodeDownlink {
		in, err := m.object("data", data, "fPort", port, "variables", variables)
		if err != nil {
			return err
		}
		args = []goja.Value{in}
	}
	v, err := m.call(f, args...)
	if err != nil {
		return err
	}
	return takeDownlink(f, v, d)
}

// takeDownlink reads {bytes, fPort, warnings, errors}, or bytes alone, which
// is what the older functions return.
func takeDownlink(f function, v goja.Value, d *Downlink) error {
	o, ok := v.(*goja.Object)
	if !ok {
		return fmt.Errorf("%v returned %s, want an object {bytes, fPort, warnings, errors}", f, kindOf(v))
	}
	bytes := o.Get("bytes")
	if f != tsEncodeDownlink && bytes == nil {
		bytes = o
	}
	d.Warnings = messages(f, "warnings", o.Get("warnings"))
	if list := messages(f, "errors", o.Get("errors")); len(list) > 0 {
		return &CodecError{Messages: list}
	}
	var err error
	if d.Bytes, err = takeBytes(f, bytes); err != nil {
		return err
	}
	if port := o.Get("fPort"); port != nil && !goja.IsUndefined(port) && !goja.IsNull(port) {
		n := port.ToFloat()
		if n != math.Trunc(n) || n < 1 || n > 255 {
			return fmt.Errorf("%v returned fPort %v, want 1 to 255", f, port)
		}
		d.FPort = uint8(n)
	}
	return nil
}

// takeBytes reads a list of numbers from 0 to 255.
func takeBytes(f function, v goja.Value) ([]byte, error) {
	o, ok := v.(*goja.Object)
	if !ok || o.Get("length") == nil {
		return nil, fmt.Errorf("%v returned %s for bytes, want a list of numbers", f, kindOf(v))
	}
	n := o.Get("length").ToInteger()
	if n > maxPayload {
		return nil, fmt.Errorf("%v returned %d bytes, and a LoRaWAN payload has %d at most", f, n, maxPayload)
	}
	b := make([]byte, n)
	for i := range b {
		e := orUndefined(o.Get(strconv.Itoa(i)))
		if !goja.IsNumber(e) {
			return nil, fmt.Errorf("%v returned %s for byte %d, want a number from 0 to 255", f, kindOf(e), i)
		}
		x := e.ToFloat()
		if x != math.Trunc(x) || x < 0 || x > 255 {
			return nil, fmt.Errorf("%v returned %v for byte %d, want a number from 0 to 255", f, e, i)
		}
		b[i] = byte(x)
	}
	return b, nil
}

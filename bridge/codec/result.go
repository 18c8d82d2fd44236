package codec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/dop251/goja"
)

const (
	maxMessages = 20   // errors or warnings kept of one call
	maxMessage  = 1000 // bytes of each
)

func (s *script) decodeUplink(ctx context.Context, up Uplink) Result {
	return s.decode(ctx, up, tsDecodeUplink, oldDecode, oldDecoder)
}

func (s *script) decodeDownlink(ctx context.Context, down Uplink) Result {
	return s.decode(ctx, down, tsDecodeDownlink)
}

// decode calls the first of functions that the script has.
func (s *script) decode(ctx context.Context, up Uplink, functions ...function) Result {
	var r Result
	err := s.use(ctx, func(m *machine) error {
		for _, f := range functions {
			if m.functions[f] != nil {
				return m.decode(f, up, &r)
			}
		}
		return fmt.Errorf("%w: %v", ErrNoDecoder, functions[0])
	})
	if err != nil {
		return failed(err)
	}
	return r
}

// decode calls f with up and takes what it returns into r.
func (m *machine) decode(f function, up Uplink, r *Result) error {
	in, err := m.input(up)
	if err != nil {
		return err
	}
	args := []goja.Value{in}
	if f == oldDecode {
		args = []goja.Value{in.Get("fPort"), in.Get("bytes"), in.Get("variables")}
	}
	if f == oldDecoder {
		args = []goja.Value{in.Get("bytes"), in.Get("fPort"), in.Get("variables")}
	}
	v, err := m.call(f, args...)
	if err != nil {
		return err
	}
	if f == oldDecode || f == oldDecoder {
		r.Data, err = m.json(v)
		return err
	}
	return m.takeResult(f, v, r)
}

// call calls f and waits for the promise of an async one, which is settled by
// the time the call returns or never.
func (m *machine) call(f function, args ...goja.Value) (goja.Value, error) {
	v, err := m.functions[f](goja.Undefined(), args...)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*goja.Object)
	if !ok || o.ExportType() != reflect.TypeFor[*goja.Promise]() {
		return v, nil
	}
	promise, ok := o.Export().(*goja.Promise)
	if !ok {
		return v, nil
	}
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return promise.Result(), nil
	case goja.PromiseStateRejected:
		return nil, errors.New(thrownText(promise.Result()))
	default:
		return nil, fmt.Errorf("%v returned a promise that nothing will ever fulfil; a codec answers at once", f)
	}
}

// takeResult reads {data, warnings, errors}.
func (m *machine) takeResult(f function, v goja.Value, r *Result) error {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() == "Array" || o.ClassName() == "Function" {
		return fmt.Errorf("%v returned %s, want an object {data, warnings, errors}", f, kindOf(v))
	}
	var err error
	if r.Data, err = m.json(o.Get("data")); err != nil {
		return fmt.Errorf("data of %v: %w", f, err)
	}
	r.Warnings = messages(f, "warnings", o.Get("warnings"))
	r.Errors = messages(f, "errors", o.Get("errors"))
	if goja.IsUndefined(orUndefined(o.Get("data"))) && len(r.Errors) == 0 {
		r.Errors = []string{fmt.Sprintf("%v returned an object without data", f)}
	}
	return nil
}

// json is v as JSON.stringify writes it, null where that writes nothing.
func (m *machine) json(v goja.Value) (json.RawMessage, error) {
	w := jsonWriter{vm: m.vm, limit: maxOutput, out: make([]byte, 0, 256)}
	if err := w.value(v); err != nil {
		return nil, err
	}
	return w.out, nil
}

// messages reads a list of errors or warnings. What is not a list of texts is
// kept as far as it can be read, and said.
func messages(f function, name string, v goja.Value) []string {
	o, isObject := v.(*goja.Object)
	switch {
	case v == nil || goja.IsUndefined(v) || goja.IsNull(v):
		return nil
	case !isObject || o.ClassName() != "Array":
		return []string{fmt.Sprintf("%v returned %s for %s, want a list: %s", f, kindOf(v), name, shorten(thrownText(v)))}
	}
	n := min(o.Get("length").ToInteger(), maxMessages)
	list := make([]string, 0, n)
	for i := range n {
		list = append(list, shorten(messageText(o.Get(strconv.FormatInt(i, 10)))))
	}
	return list
}

// messageText is one entry of a list of errors.
func messageText(v goja.Value) string {
	if v == nil {
		return "undefined"
	}
	return thrownText(v)
}

func shorten(s string) string {
	if len(s) > maxMessage {
		return s[:maxMessage] + "..."
	}
	return s
}

// kindOf names the kind of v for a message.
func kindOf(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsString(v):
		return "a string"
	case goja.IsNumber(v):
		return "a number"
	}
	if o, ok := v.(*goja.Object); ok {
		if o.ClassName() == "Array" {
			return "a list"
		}
		return "a " + o.ClassName()
	}
	return v.String()
}

func orUndefined(v goja.Value) goja.Value {
	if v == nil {
		return goja.Undefined()
	}
	return v
}

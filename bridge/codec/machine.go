package codec

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dop251/goja"
)

// machine is a runtime in which a script has run. It belongs to one goroutine
// at a time.
type machine struct {
	vm        *goja.Runtime
	console   console
	functions [functionCount]goja.Callable
	// Taken before the script could replace them.
	parseJSON goja.Callable
	newDate   goja.Constructor
}

// newMachine makes the runtime; start runs the script in it.
func newMachine(log func(string)) *machine {
	vm := goja.New()
	vm.SetMaxCallStackSize(depthLimit)
	return &machine{vm: vm, console: console{vm: vm, log: log}}
}

// start runs s in m.
func (m *machine) start(s *script) error {
	if err := m.takeBuiltins(s.glue.date || s.glue.wholeInput, s.encodes); err != nil {
		return err
	}
	if err := s.glue.install(m); err != nil {
		return err
	}
	list, err := s.run(m.vm)
	if err != nil {
		return err
	}
	for f := range functionCount {
		m.functions[f] = find(list, f)
	}
	return nil
}

// find looks for f in what footer has collected: the script's scope, its
// single export or that export's default, its exports.
func find(list *goja.Object, f function) goja.Callable {
	if call, ok := goja.AssertFunction(list.Get(strconv.Itoa(int(f)))); ok {
		return call
	}
	for _, path := range [][]string{{"7", "exports"}, {"7", "exports", "default"}, {"8"}} {
		holder := list
		for _, key := range path {
			if holder != nil {
				holder, _ = holder.Get(key).(*goja.Object)
			}
		}
		if holder == nil {
			continue
		}
		if call, ok := goja.AssertFunction(holder.Get(f.String())); ok {
			return call
		}
	}
	return nil
}

// takeBuiltins keeps what calls need of the runtime.
func (m *machine) takeBuiltins(date, json bool) error {
	var ok bool
	if date {
		if m.newDate, ok = goja.AssertConstructor(m.vm.Get("Date")); !ok {
			return errors.New("the runtime has no Date")
		}
	}
	if json {
		if m.parseJSON, ok = goja.AssertFunction(m.vm.Get("JSON").ToObject(m.vm).Get("parse")); !ok {
			return errors.New("the runtime has no JSON.parse")
		}
	}
	return nil
}

// object makes an object with the keys and values of pairs, in this order.
func (m *machine) object(pairs ...any) (*goja.Object, error) {
	o := m.vm.NewObject()
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := pairs[i].(string)
		if err := o.Set(key, pairs[i+1]); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// bytes makes a real Array of numbers, which codecs slice, map and join.
func (m *machine) bytes(b []byte) *goja.Object {
	list := make([]any, len(b))
	for i, n := range b {
		list[i] = int64(n)
	}
	return m.vm.NewArray(list...)
}

// variables are the node's settings, as texts.
func (m *machine) variables(v map[string]string) (*goja.Object, error) {
	o := m.vm.NewObject()
	for _, key := range sortedKeys(v) {
		if err := o.Set(key, v[key]); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// input makes the argument of decodeUplink and decodeDownlink.
func (m *machine) input(up Uplink) (*goja.Object, error) {
	variables, err := m.variables(up.Variables)
	if err != nil {
		return nil, err
	}
	o, err := m.object("bytes", m.bytes(up.Bytes), "fPort", int64(up.FPort))
	if err != nil {
		return nil, err
	}
	if m.newDate != nil && !up.RecvTime.IsZero() {
		at, err := m.date(up.RecvTime)
		if err != nil {
			return nil, err
		}
		if err := o.Set("recvTime", at); err != nil {
			return nil, err
		}
	}
	err = o.Set("variables", variables)
	return o, err
}

func (m *machine) date(t time.Time) (*goja.Object, error) {
	return m.newDate(nil, m.vm.ToValue(t.UnixMilli()))
}

// parsed makes a value of JSON inside the runtime, where keys keep their
// order.
func (m *machine) parsed(data []byte) (goja.Value, error) {
	v, err := m.parseJSON(goja.Undefined(), m.vm.ToValue(string(data)))
	if err != nil {
		return nil, fmt.Errorf("data is not JSON: %w", err)
	}
	return v, nil
}

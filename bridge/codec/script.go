package codec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// function is one of the functions a script may have.
type function int

const (
	tsDecodeUplink   function = iota // TS013
	oldDecode                        // Decode(fPort, bytes, variables)
	oldDecoder                       // Decoder(bytes, port)
	tsEncodeDownlink                 // TS013
	oldEncode                        // Encode(fPort, object, variables)
	oldEncoder                       // Encoder(object, port)
	tsDecodeDownlink                 // TS013
	functionCount
)

func (f function) String() string {
	return [functionCount]string{"decodeUplink", "Decode", "Decoder", "encodeDownlink", "Encode", "Encoder", "decodeDownlink"}[f]
}

// script is a codec in JavaScript.
type script struct {
	name    string // of the file, for messages
	program *goja.Program
	// lookup finds the functions of a script that has run in the global scope;
	// nil when program does it itself.
	lookup  *goja.Program
	glue    glue
	encodes bool // it has a function that encodes
	log     func(line string)
	// slots bounds how many calls run at a time, and with them the memory.
	slots chan struct{}
	// idle keeps runtimes to be used again; nil when each call needs a new one.
	idle chan *machine
}

// newScript compiles source and runs it once.
func newScript(name, source string, o Options) (*script, error) {
	boundRegexps()
	source = strings.TrimPrefix(source, "\uFEFF")
	if strings.HasPrefix(source, "#!") {
		source = "//" + source[2:] // a line for shells
	}
	if err := checkNesting(source); err != nil {
		return nil, err
	}
	g, err := newGlue(source)
	if err != nil {
		return nil, err
	}
	n := runtime.GOMAXPROCS(0)
	s := &script{name: name, glue: g, log: o.Log, encodes: true, slots: make(chan struct{}, n)}
	if err := s.compile(source); err != nil {
		return nil, err
	}
	has, err := s.probe()
	if err != nil {
		return nil, err
	}
	s.encodes = has[tsEncodeDownlink] || has[oldEncode] || has[oldEncoder]
	if stateless(source) {
		s.idle = make(chan *machine, n)
	}
	return s, nil
}

// probe runs the script once and says which functions it has.
func (s *script) probe() (has [functionCount]bool, err error) {
	err = s.use(context.Background(), func(m *machine) error {
		found := false
		for f := range functionCount {
			has[f] = m.functions[f] != nil
			found = found || has[f]
		}
		if !found {
			return errors.New("it has none of the functions decodeUplink, Decode, Decoder, encodeDownlink, Encode and Encoder")
		}
		return nil
	})
	return has, err
}

// use runs f with a runtime in which the script has run, within the bounds of
// a call.
func (s *script) use(ctx context.Context, f func(m *machine) error) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return fmt.Errorf("decoding was given up: %w", context.Cause(ctx))
	}
	m, fresh := s.machine()
	w := watched(ctx, m.vm)
	err := s.guarded(m, func() error {
		if fresh {
			if err := m.start(s); err != nil {
				return err
			}
		}
		return f(m)
	})
	w.end()
	if err = w.reason(err); err == nil {
		s.keep(m)
	}
	return err
}

// machine takes an idle runtime or makes one.
func (s *script) machine() (m *machine, fresh bool) {
	select {
	case m = <-s.idle:
		m.console.reset()
		return m, false
	default:
		return newMachine(s.log), true
	}
}

// keep puts a runtime back that nothing has gone wrong in.
func (s *script) keep(m *machine) {
	m.vm.ClearInterrupt()
	select {
	case s.idle <- m:
	default:
	}
}

// guarded runs f, which may throw what the engine throws: exceptions of the
// script, interrupts, and whatever a mistake in the engine itself causes.
func (s *script) guarded(m *machine, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if cause, ok := r.(error); ok {
				err = cause
				return
			}
			err = fmt.Errorf("the script engine gave up: %v", r)
		}
	}()
	if thrown := m.vm.Try(func() { err = f() }); thrown != nil {
		err = thrown
	}
	var exception *goja.Exception
	if errors.As(err, &exception) {
		err = s.explain(m, exception)
	}
	return err
}

// explain is what an exception says, and where it was thrown.
func (s *script) explain(m *machine, e *goja.Exception) error {
	text := ""
	if thrown := m.vm.Try(func() {
		if s.glue.words != nil {
			s.glue.words.translate(e.Value())
		}
		text = thrownText(e.Value())
	}); thrown != nil {
		text = "an exception that cannot be shown"
	}
	for _, frame := range e.Stack() {
		if frame.SrcName() == s.name {
			return fmt.Errorf("%s (%s:%d)", text, s.name, frame.Position().Line)
		}
	}
	return errors.New(text)
}

// thrownText is the text of a thrown value; some throw objects that carry a
// message and are not errors.
func thrownText(v goja.Value) string {
	if o, ok := v.(*goja.Object); ok && o.ClassName() != "Error" {
		if message := o.Get("message"); message != nil && !goja.IsUndefined(message) {
			return message.String()
		}
	}
	return v.String()
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

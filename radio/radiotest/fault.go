package radiotest

import "time"

// Fault is a fault of the wire on order: what happens to an answer. Unless
// told otherwise it strikes the next answer, once.
type Fault struct {
	command byte // 0: any
	skip    int
	times   int
	delay   time.Duration
	mangle  func(answer []byte) []byte
}

// DelayedAnswer sends an answer late.
func DelayedAnswer(d time.Duration) Fault { return Fault{times: 1, delay: d} }

// AbsentAnswer carries the command out and says nothing.
func AbsentAnswer() Fault {
	return mangled(func([]byte) []byte { return nil })
}

// GarbageBefore sends b ahead of an answer.
func GarbageBefore(b ...byte) Fault {
	return mangled(func(a []byte) []byte { return append(append([]byte(nil), b...), a...) })
}

// GarbageInside overwrites an answer with b from offset on, as far as it goes.
func GarbageInside(offset int, b ...byte) Fault {
	return mangled(func(a []byte) []byte {
		a = append([]byte(nil), a...)
		if offset >= 0 && offset < len(a) {
			copy(a[offset:], b)
		}
		return a
	})
}

// TornAnswer sends only the first size bytes of an answer.
func TornAnswer(size int) Fault {
	return mangled(func(a []byte) []byte { return a[:max(0, min(size, len(a)))] })
}

func mangled(f func([]byte) []byte) Fault { return Fault{times: 1, mangle: f} }

// On limits the fault to answers to the command with that id.
func (f Fault) On(id byte) Fault { f.command = id; return f }

// After lets n answers that the fault would strike pass first.
func (f Fault) After(n int) Fault { f.skip = n; return f }

// Times strikes n answers; Always never stops.
func (f Fault) Times(n int) Fault { f.times = n; return f }

// faultList holds the faults still to strike, in the order given.
type faultList []Fault

// strike returns the fault, if any, that strikes an answer to id.
func (l *faultList) strike(id byte) (Fault, bool) {
	for i := range *l {
		f := &(*l)[i]
		if f.command != 0 && f.command != id || f.times == 0 {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.times > 0 {
			f.times--
		}
		return *f, true
	}
	return Fault{}, false
}

package codec

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"golang.org/x/sys/unix"
)

// Bounds of one call.
const (
	// timeLimit is far above what decoding takes on the slowest board, and far
	// below what would hold up the messages of other nodes. It must have passed
	// by the clock and in CPU time of the process: on a busy machine a call may
	// wait for its turn.
	timeLimit = 500 * time.Millisecond
	// clockLimit ends a call whatever CPU time it had.
	clockLimit = 10 * timeLimit
	// regexpLimit is what a single match may take. One that runs out of time
	// says no match, so it must be certain that the call is stopped too.
	regexpLimit = 4 * timeLimit
	// memoryLimit is what the process may allocate, garbage included, while
	// one call runs: the engine does not count for itself.
	memoryLimit = 64 << 20
	// depthLimit is how deep calls may nest.
	depthLimit = 2000
	// watchEvery is how often a call that takes its time is looked at.
	watchEvery = time.Millisecond
)

var (
	errTime   = fmt.Errorf("the codec ran longer than %v and was stopped", timeLimit)
	errMemory = fmt.Errorf("the codec took more than %d MiB of memory and was stopped", memoryLimit>>20)
	errDepth  = fmt.Errorf("the codec's calls nest deeper than %d and were stopped", depthLimit)
)

// boundRegexps gives backtracking regular expressions a time limit. The
// engine compiles those that RE2 cannot express with a library that has no
// other place for it than this default, and uses it alone in this program.
var boundRegexps = sync.OnceFunc(func() { regexp2.DefaultMatchTimeout = regexpLimit })

// watch stops a runtime that takes too long or too much. Its goroutine exists
// only for calls that last longer than watchEvery.
type watch struct {
	vm    *goja.Runtime
	ctx   context.Context
	begun time.Time
	spent time.Duration // CPU time of the process at the first look

	mu      sync.Mutex
	timer   *time.Timer
	over    bool   // the call has returned
	base    uint64 // allocated at the first look
	stopped error  // why the runtime was interrupted
}

// watched begins to watch a call on vm.
func watched(ctx context.Context, vm *goja.Runtime) *watch {
	w := &watch{vm: vm, ctx: ctx, begun: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(watchEvery, w.look)
	return w
}

// look interrupts the runtime if there is a reason, else looks again later.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	now, spent := allocated(), cpuTime()
	if w.base == 0 {
		w.base, w.spent = now, spent
	}
	elapsed := time.Since(w.begun)
	switch {
	case w.ctx.Err() != nil:
		w.stopped = fmt.Errorf("decoding was given up: %w", context.Cause(w.ctx))
	case elapsed >= clockLimit, elapsed >= timeLimit && spent-w.spent >= timeLimit-10*watchEvery:
		w.stopped = errTime
	case now-w.base > memoryLimit:
		w.stopped = errMemory
	default:
		w.timer.Reset(watchEvery)
		return
	}
	w.vm.Interrupt(w.stopped)
}

// end ends the watch. No interrupt comes after it.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}

// reason turns an error of the engine into ours.
func (w *watch) reason(err error) error {
	var deep *goja.StackOverflowError
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.stopped != nil:
		return w.stopped
	case errors.As(err, &deep):
		return errDepth
	}
	return err
}

// cpuTime is the CPU time that the process has used; the time of day where
// the system does not say.
func cpuTime() time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// allocated is how many bytes the process has ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 1
	}
	return sample[0].Value.Uint64()
}

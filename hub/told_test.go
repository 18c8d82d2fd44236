package hub

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// testHandler writes down what it is called with, and does what it is told.
type testHandler struct {
	journal

	cloud  func(CloudMessage) error // nil: takes all
	method func(context.Context, MethodCall) MethodResult
}

func (h *testHandler) CloudMessage(_ context.Context, m CloudMessage) error {
	var err error
	if h.cloud != nil {
		err = h.cloud(m)
	}
	h.add(fmt.Sprintf("cloud %s %s dup=%v err=%v", m.ID, m.Body, m.Duplicate, err))
	return err
}

func (h *testHandler) Method(ctx context.Context, call MethodCall) MethodResult {
	h.add("method " + call.Name + " " + string(call.Payload))
	if h.method == nil {
		return MethodResult{Status: 200}
	}
	return h.method(ctx, call)
}

func (h *testHandler) Twin(_ context.Context, d Desired) {
	h.add(fmt.Sprintf("twin %d full=%v %s", d.Version, d.Full, d.JSON))
}

// testReports gives out one patch after the other.
type testReports struct {
	mu       sync.Mutex
	patch    string
	revision uint64
	done     []string
	ready    Signal
}

func newReports(patch string) *testReports {
	r := &testReports{}
	if patch != "" {
		r.set(patch)
	}
	return r
}

func (r *testReports) set(patch string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.patch = patch
	r.revision++
	r.ready.Tell()
}

func (r *testReports) Patch() ([]byte, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []byte(r.patch), r.revision
}

func (r *testReports) Done(revision uint64, version int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, fmt.Sprintf("%d version %d error %v", revision, version, err != nil))
	if revision == r.revision {
		r.patch = ""
	}
}

func (r *testReports) Ready() *Signal { return &r.ready }

func (r *testReports) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.done)
}

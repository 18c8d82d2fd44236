package bridge

import (
	"context"
)

// request is something that Run does for another goroutine.
type request struct {
	do   func(*batch) error
	err  error // of do
	done chan error
}

// answer tells the other goroutine how it went: commit is the error of making
// it durable.
func (r request) answer(commit error) {
	if commit != nil {
		r.err = &RejectError{RejectStore, commit.Error()}
	}
	r.done <- r.err
}

// do has Run call f with the batch at hand, and returns when what f did is
// durable.
func (b *Bridge) do(ctx context.Context, f func(*batch) error) error {
	_, err := ask(ctx, b, func(bt *batch) (struct{}, error) { return struct{}{}, f(bt) })
	return err
}

// ask is do with a result. Nobody looks at it when ctx has ended first.
func ask[T any](ctx context.Context, b *Bridge, f func(*batch) (T, error)) (T, error) {
	var result, none T
	r := request{done: make(chan error, 1), do: func(bt *batch) (err error) {
		result, err = f(bt)
		return err
	}}
	select {
	case b.requests <- r:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case err := <-r.done:
		return result, err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// asked does first and what waits behind it, without waiting itself.
func (b *Bridge) asked(bt *batch, first request) []request {
	all := []request{first}
	for len(all) < maxBatch {
		select {
		case r := <-b.requests:
			all = append(all, r)
			continue
		default:
		}
		break
	}
	for i := range all {
		all[i].err = all[i].do(bt)
	}
	return all
}

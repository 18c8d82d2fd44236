package simulator

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Run drives the nodes until ctx ends, and then returns nil. It returns an
// error if a node cannot send what its config tells it to. Call it once.
func (w *World) Run(whole context.Context) error {
	group, ctx := errgroup.WithContext(whole)
	for site := range w.sites {
		group.Go(func() error {
			w.listen(ctx, site)
			return nil
		})
	}
	begin, stop := w.untilDrain(ctx)
	defer stop()
	var driving sync.WaitGroup
	for _, n := range w.nodes {
		if n.attends() {
			group.Go(func() error { return n.attend(ctx) })
		}
		if n.cfg.Interval > 0 {
			driving.Add(1)
			group.Go(func() error {
				defer driving.Done()
				return n.drive(ctx, begin)
			})
		}
	}
	group.Go(func() error {
		driving.Wait()
		close(w.idle)
		return nil
	})
	err := group.Wait()
	if whole.Err() != nil && errors.Is(err, whole.Err()) { // wherever it found a node
		return nil
	}
	return err
}

// Drain lets no new uplink of Run begin, gives up joins under way, and waits
// until the last uplink is finished or ctx ends. Run goes on receiving.
func (w *World) Drain(ctx context.Context) error {
	w.quitOnce.Do(func() { close(w.quit) })
	return w.Wait(ctx)
}

// Wait waits until every node with an Interval has sent its Config.Frames,
// or ctx ends. Run goes on receiving.
func (w *World) Wait(ctx context.Context) error {
	select {
	case <-w.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// untilDrain is a context that ends with ctx or when Drain is called.
func (w *World) untilDrain(ctx context.Context) (context.Context, context.CancelFunc) {
	begin, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-w.quit:
		case <-begin.Done():
		}
	}()
	return begin, cancel
}

// drive sends the node's uplinks. It begins none once begin has ended, but
// finishes the one under way until ctx ends.
func (n *Node) drive(ctx, begin context.Context) error {
	if err := sleep(begin, n.between(0, n.cfg.Interval)); err != nil {
		return nil
	}
	for sent := 0; n.cfg.Frames == 0 || sent < n.cfg.Frames; {
		err := n.report(ctx, begin)
		switch {
		case begin.Err() != nil:
			return nil
		case errors.Is(err, ErrNoJoinAccept):
		case err != nil:
			return err
		default:
			sent++
		}
		if err := sleep(begin, n.between(n.cfg.Interval*9/10, n.cfg.Interval*11/10)); err != nil {
			return nil
		}
	}
	return nil
}

// report sends the next uplink, after a join if the node has no session.
func (n *Node) report(ctx, begin context.Context) error {
	if _, ok := n.DevAddr(); !ok {
		if err := n.Join(begin); err != nil {
			return err
		}
	}
	if begin.Err() != nil {
		return begin.Err()
	}
	_, err := n.Send(ctx, Message{FPort: n.cfg.FPort, Payload: n.cfg.Payload(n.FCntUp()), Confirmed: n.cfg.Confirmed})
	return err
}

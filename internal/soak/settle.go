package soak

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gatewayd/internal/simulator"
)

// until waits until holds, looking anew whenever the hub gets anything, and
// now and then: nodes tell nobody what they have heard.
func (s *Stage) until(ctx context.Context, holds func() bool) bool {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		news := s.Judge.changed()
		s.Judge.Look(s.World)
		if holds() {
			return true
		}
		select {
		case <-news:
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

// AllHeard waits until a frame of every node has arrived, so that all have
// joined.
func (s *Stage) AllHeard(ctx context.Context, nodes int) error {
	if s.until(ctx, func() bool { return s.Judge.devices() == nodes }) {
		return nil
	}
	return fmt.Errorf("only %d of %d nodes have been heard", s.Judge.devices(), nodes)
}

func (j *Judge) devices() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.last)
}

// Settle waits until every downlink is acknowledged, for which nodes must still
// send, then lets the nodes fall silent, and waits until every acknowledged
// frame has arrived. What takes longer than patience, either of the two, is left
// to the verdict.
func (s *Stage) Settle(ctx context.Context, patience time.Duration) error {
	told, stop := context.WithTimeout(ctx, patience)
	defer stop()
	s.until(told, func() bool { t := s.Judge.Totals(); return t.Told == t.Downlinks })
	if err := s.World.Drain(ctx); err != nil {
		return fmt.Errorf("the nodes do not finish: %w", err)
	}
	arrived, stopArrived := context.WithTimeout(ctx, patience)
	defer stopArrived()
	s.until(arrived, func() bool { return len(s.Judge.Missing()) == 0 })
	return nil
}

// Replay puts every frame that the daemon has seen on the air once more. Before
// that each node sends something new, so that none of them can be new to the
// daemon, and afterwards too, so that all of it has been dealt with when Replay
// returns. begin is called when the replay begins. It returns how many frames
// were replayed.
func (s *Stage) Replay(ctx context.Context, nodes int, begin func()) (int, error) {
	if err := s.everyone(ctx, nodes); err != nil {
		return 0, err
	}
	begin()
	frames := s.used()
	injector := s.World.Node(Device(0))
	for _, phy := range frames {
		if err := injector.Inject(ctx, phy); err != nil && ctx.Err() != nil {
			return 0, err
		}
	}
	return len(frames), s.everyone(ctx, nodes)
}

// everyone lets each node send something new and waits until all is at the
// hub.
func (s *Stage) everyone(ctx context.Context, nodes int) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range nodes {
		group.Go(func() error { return s.sendAndWait(ctx, i) })
	}
	return group.Wait()
}

// Rejoin lets a node join anew, again and again, until quit is closed. A join
// under way is finished: a node that gives one up may be left with a session
// that the network has replaced.
func (s *Stage) Rejoin(ctx context.Context, node int, pause time.Duration, quit <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-quit:
			return nil
		case <-time.After(pause):
		}
		if err := s.World.Node(Device(node)).Join(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// used are the recorded frames that cannot be new: data, and the join requests
// that were answered. Of a request that was not it is unknown whether the
// daemon was alive to hear it.
func (s *Stage) used() [][]byte {
	var nonces [][]byte
	for _, j := range s.World.Joins() {
		if j.Accepted {
			nonces = append(nonces, joinKey(j))
		}
	}
	const joinRequest, size = 0, 23 // MHDR, JoinEUI, DevEUI, DevNonce, MIC
	return slices.DeleteFunc(s.air.recorded(), func(phy []byte) bool {
		return phy[0]>>5 == joinRequest && (len(phy) != size ||
			!slices.ContainsFunc(nonces, func(n []byte) bool { return slices.Equal(n, phy[9:19]) }))
	})
}

// joinKey is DevEUI and DevNonce as a join request has them.
func joinKey(j simulator.Join) []byte {
	key := slices.Clone(j.DevEUI[:])
	slices.Reverse(key)
	return binary.LittleEndian.AppendUint16(key, j.DevNonce)
}

// errUnheard is a frame that does not arrive.
var errUnheard = errors.New("no frame of the node arrives")

// sendAndWait has a node send a frame, more than once if the gateway happens
// to be deaf, and waits until it is at the hub.
func (s *Stage) sendAndWait(ctx context.Context, i int) error {
	for ctx.Err() == nil {
		sent, err := s.World.Node(Device(i)).Send(ctx, simulator.Message{FPort: 1, Payload: s.fresh()})
		if err != nil {
			return err
		}
		if sent.Heard == 0 {
			continue
		}
		frame := binary.BigEndian.Uint64(sent.Payload)
		if s.until(ctx, func() bool { return s.Judge.Has(frame) }) {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", Device(i), errUnheard)
}

// Has reports whether a frame has arrived at the hub.
func (j *Judge) Has(frame uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.ids[frame]
	return ok
}

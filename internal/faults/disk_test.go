package faults_test

import (
	"context"
	"encoding/binary"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/internal/simulator"
	"gatewayd/internal/store/storetest"
)

// failing makes operations of some kinds fail with err.
func failing(err error, what ...string) func(storetest.Op) error {
	return func(op storetest.Op) error {
		if slices.Contains(what, op.What) {
			return err
		}
		return nil
	}
}

// every makes each n-th of such operations fail.
func every(n int, err error, what ...string) func(storetest.Op) error {
	count := 0
	return func(op storetest.Op) error {
		if !slices.Contains(what, op.What) {
			return nil
		}
		if count++; count%n == 0 {
			return err
		}
		return nil
	}
}

// While the disk fails nothing is acknowledged, and that is said once. When it
// works again everything that was heard goes to the hub, once, in order. Then
// the power fails, and what was recorded on the air is played again.
func TestDisk(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail func(storetest.Op) error
		now  bool // some operations work all the same
	}{
		"full":                     {fail: failing(syscall.ENOSPC, "write", "create")},
		"read-only":                {fail: failing(syscall.EROFS, "write", "create", "rename", "remove", "sync", "syncdir")},
		"I/O errors":               {fail: failing(syscall.EIO, "write")},
		"short writes":             {fail: failing(storetest.ErrShortWrite, "write")},
		"fsync fails":              {fail: failing(syscall.EIO, "sync")},
		"every other write fails":  {fail: every(2, syscall.EIO, "write"), now: true},
		"every third fsync fails":  {fail: every(3, syscall.EIO, "sync"), now: true},
		"no new segment after one": {fail: failing(syscall.ENOSPC, "create"), now: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { badDisk(t, dir, tt.fail, tt.now) })
		})
	}
}

func badDisk(t *testing.T, dir string, fail func(storetest.Op) error, someWork bool) {
	t.Helper()
	s := newSite(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	world := make(chan error, 1)
	go func() { world <- s.world.Run(ctx) }()
	wait(ctx, time.Minute)
	s.disk.Fail(fail)
	before := s.air.transmissions()
	wait(ctx, 20*time.Second)
	if now := s.bridge.Stats(); !someWork && (now.Held == 0 || now.StoreFailure == nil) {
		t.Errorf("%d frames are held in memory while the disk fails, and the failure is %v", now.Held, now.StoreFailure)
	}
	if sent := s.air.transmissions() - before; !someWork && sent > 0 {
		t.Errorf("%d downlinks while nothing could be made durable", sent)
	}
	s.disk.Fail(nil)
	wait(ctx, 2*time.Minute)
	if now := s.bridge.Stats(); now.Held > 0 || now.StoreFailure != nil {
		t.Errorf("%d frames are still held, and the failure is %v, although the disk works", now.Held, now.StoreFailure)
	}
	if bad, again := s.said("cannot be written"), s.said("written again"); !someWork && (bad != 1 || again != 1) {
		t.Errorf("said %d times that the store cannot be written and %d times that it can, want once each", bad, again)
	}
	s.powerCut()
	wait(ctx, 30*time.Second)
	if err := s.world.Drain(ctx); err != nil {
		t.Error(err)
	}
	wait(ctx, 30*time.Second)
	s.replay(ctx)
	s.verdict()
	s.halt()
	cancel()
	if err := <-world; err != nil {
		t.Error(err)
	}
}

func (s *site) said(what string) int { return s.logs.FilterMessageSnippet(what).Len() }

// replay puts everything on the air once more. None of it may be accepted.
func (s *site) replay(ctx context.Context) {
	s.t.Helper()
	for i := range nodes { // a repetition of the last frame would be answered
		if _, err := s.world.Node(name(i)).Send(ctx, simulator.Message{}); err != nil {
			s.t.Error(err)
		}
	}
	before := s.bridge.Stats()
	frames, injector := s.air.recorded(), s.world.Node(name(0))
	for _, phy := range frames {
		if err := injector.Inject(ctx, phy); err != nil {
			s.t.Error(err)
		}
	}
	wait(ctx, 10*time.Second)
	after := s.bridge.Stats()
	if len(frames) < 100 || after.Accepted != before.Accepted || after.Joined != before.Joined {
		s.t.Errorf("of %d frames replayed %d were accepted, and %d joins", len(frames), after.Accepted-before.Accepted, after.Joined-before.Joined)
	}
}

// verdict compares both ends.
func (s *site) verdict() {
	s.t.Helper()
	s.judge.Look(s.world)
	for _, sent := range s.world.Sent() {
		if sent.Heard > 0 && len(sent.Payload) == 8 && !s.judge.Has(binary.BigEndian.Uint64(sent.Payload)) {
			s.t.Errorf("%s: frame %d was heard and is not at the hub", sent.Node, sent.FCnt)
		}
	}
	for _, p := range s.judge.Problems() {
		s.t.Error(p)
	}
	for _, v := range s.world.Violations() {
		s.t.Error(v)
	}
	if totals := s.judge.Totals(); totals.Frames < 100 || totals.Acked < 30 || totals.Joins < 2 {
		s.t.Errorf("too little happened: %+v", totals)
	}
}

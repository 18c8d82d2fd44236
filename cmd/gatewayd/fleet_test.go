package main

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/config"
)

// A reload stops and starts the concentrators that have changed, and leaves
// the others alone.
func TestFleet(t *testing.T) {
	t.Parallel()
	udp := func(name, listen string) config.Concentrator {
		return config.Concentrator{Name: name, Type: "semtech-udp", Region: "EU868", Listen: listen}
	}
	f, err := newFleet([]config.Concentrator{udp("stays", "127.0.0.1:0"), udp("changes", "127.0.0.1:0"), udp("goes", "127.0.0.1:0")}, nil, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.start(ctx, func(err error) { t.Error(err) })
	before := f.list()

	moved := udp("stays", "127.0.0.1:0")
	moved.Position = config.Position{Line: 99}
	var handed []string
	err = f.set([]config.Concentrator{moved, udp("changes", "127.0.0.2:0"), udp("comes", "127.0.0.1:0")}, func(m map[string]bridge.Transmitter) error {
		handed = slices.Sorted(maps.Keys(m))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after := f.list()
	if diff := cmp.Diff([]string{"changes", "comes", "stays"}, handed); diff != "" {
		t.Errorf("handed over (-want +got):\n%s", diff)
	}
	if after[0] != before[0] || after[1] == before[1] {
		t.Errorf("one that stays was replaced: %v, one that changed was: %v", after[0] != before[0], after[1] != before[1])
	}
	for _, gone := range before[1:] {
		select {
		case <-gone.ended:
		default:
			t.Errorf("%v still runs", gone.radio)
		}
	}
	if err := f.set([]config.Concentrator{{Name: "x", Type: "telepathy"}}, nil); err == nil || len(f.list()) != 3 {
		t.Errorf("%v, %d concentrators, want an error and no change", err, len(f.list()))
	}
	cancel()
	f.wait()
}

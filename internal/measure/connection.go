package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
)

// Connection measures TLS handshakes with an emulated hub on this machine, both
// ends of it.
func Connection(ctx context.Context, clock hub.Clock, handshakes int) (_ Figure, err error) {
	h, err := hubtest.New(hubtest.Options{})
	if err != nil {
		return Figure{}, err
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		return Figure{}, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	host, text, err := net.SplitHostPort(h.Addr())
	if err != nil {
		return Figure{}, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return Figure{}, err
	}
	var took []time.Duration
	for range handshakes {
		start := time.Now()
		if err := hub.Probe(ctx, hub.Options{Host: host, Port: uint16(port), Roots: h.Roots(), Product: "bench", Clock: clock}); err != nil {
			return Figure{}, err
		}
		took = append(took, time.Since(start))
	}
	each := at(took, 0.5)
	return Figure{
		Name: "connection, both ends of its TLS handshake", Value: millis(each), Unit: "ms",
		Means: fmt.Sprintf("%.2g s for a hundred nodes at once; the hub lets in fewer", (100 * each).Seconds()),
	}, nil
}

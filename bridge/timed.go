package bridge

import (
	"context"
	"time"

	"gatewayd/bridge/codec"
	"gatewayd/internal/metric"
)

// timed is a Codec whose decoding is timed.
type timed struct {
	Codec
	times *metric.Histogram
}

// DecodeUplink is Codec's.
func (t timed) DecodeUplink(ctx context.Context, up codec.Uplink) codec.Result {
	start := time.Now()
	defer func() { t.times.Observe(time.Since(start)) }()
	return t.Codec.DecodeUplink(ctx, up)
}

// timed has the codecs of n timed.
func (n Network) timed(times *metric.Histogram) Network {
	nodes := make([]Node, len(n.Nodes))
	for i, node := range n.Nodes {
		nodes[i] = node
		nodes[i].Codec = withTimes(node.Codec, times)
	}
	codecs := make(map[string]Codec, len(n.Codecs))
	for name, c := range n.Codecs {
		codecs[name] = withTimes(c, times)
	}
	n.Nodes, n.Codecs = nodes, codecs
	return n
}

func withTimes(c Codec, times *metric.Histogram) Codec {
	if c == nil {
		return nil
	}
	return timed{c, times}
}

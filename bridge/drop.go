package bridge

import (
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
)

// dropLogEvery bounds the log to one line per reason in that time.
const dropLogEvery = time.Minute

// drops counts the frames that were not accepted, by reason, and says so at a
// bounded rate. Counters may be read from anywhere; the rest is owned by
// Bridge.Run.
type drops struct {
	log      *zap.Logger
	now      func() time.Time
	counts   map[Reason]*atomic.Uint64 // filled once, then only read
	lastLine map[Reason]time.Time
	unsaid   map[Reason]int
	watch    func(Heard) // nil: nobody
}

func newDrops(log *zap.Logger, now func() time.Time, watch func(Heard)) *drops {
	d := &drops{log: log, now: now, watch: watch, counts: map[Reason]*atomic.Uint64{}, lastLine: map[Reason]time.Time{}, unsaid: map[Reason]int{}}
	for _, r := range Reasons() {
		d.counts[r] = new(atomic.Uint64)
	}
	return d
}

// add counts one frame. n is the node it claims to be from, if known.
func (d *drops) add(r Reason, up radio.Uplink, n *nodeState, detail string) {
	d.counts[r].Add(1)
	if d.watch != nil {
		d.watch(heardOf(up, string(r), detail).of(n))
	}
	now := d.now()
	if last, said := d.lastLine[r]; said && now.Sub(last) < dropLogEvery {
		d.unsaid[r]++
		return
	}
	fields := []zap.Field{
		zap.String("reason", string(r)), zap.String("concentrator", up.Concentrator),
		zap.Uint32("freq", up.Frequency), zap.Stringer("dr", up.DataRate), zap.Float32("rssi", up.RSSI),
	}
	if n != nil {
		fields = append(fields, zap.String("node", n.node.Name))
	}
	if detail != "" {
		fields = append(fields, zap.String("detail", detail))
	}
	if d.unsaid[r] > 0 {
		fields = append(fields, zap.Int("more_since", d.unsaid[r]))
	}
	d.log.Info("frame dropped", fields...)
	d.lastLine[r], d.unsaid[r] = now, 0
}

// lost counts frames that were fine and could not be accepted, n of them.
func (d *drops) lost(r Reason, n int) { d.counts[r].Add(uint64(n)) }

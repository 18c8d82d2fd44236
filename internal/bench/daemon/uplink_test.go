package daemon

import (
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
)

// BenchmarkSerial is a frame's way from the serial line to the hub: PicoCell on
// a pty, MIC, decryption, JavaScript codec, durable commit, TLS, QoS 1; 1,000
// nodes, 200 frames a second. "memory" is the same with the store on a file
// system in memory, whose fdatasync costs nothing.
func BenchmarkSerial(b *testing.B) {
	for name, parent := range map[string]string{"disk": "", "memory": memory} {
		b.Run(name, func(b *testing.B) {
			s := newStage(b, 1000, parent)
			s.air = newPico(b, s)
			s.frames(b, s.daemon(b, gatewayd(b)), 200)
		})
	}
}

// BenchmarkSustained is 2,000 frames a second, over UDP because no serial line
// carries them, each committed before it is published.
func BenchmarkSustained(b *testing.B) {
	s := newStage(b, 1000, "")
	s.air = newUDP(b, s)
	s.frames(b, s.daemon(b, gatewayd(b)), 2000)
}

// warmRate is how many frames a second each node's first one comes with: it
// starts reports to twins, and runtimes for the codec.
const warmRate = 250

// frames sends one frame for each iteration, so many a second, waits until
// all have arrived, and reports what it took the daemon. Each node has been
// heard before.
func (s *stage) frames(b *testing.B, p *process, rate int) {
	b.Helper()
	warm := pace(warmRate)
	for range min(s.nodes, 1000) {
		s.send(b, warm)
	}
	if err := s.arrivals.arrived(); err != nil {
		b.Fatalf("first frames: %v", err)
	}
	s.arrivals.reset()
	cpu, begin, sent, next := p.cpu(b), time.Now(), 0, pace(rate)
	for b.Loop() {
		s.send(b, next)
		sent++
	}
	if err := s.arrivals.arrived(); err != nil {
		b.Logf("frames: %v", err) // and the figures show how many
	}
	took := time.Since(begin)
	now, _ := p.resident(b)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64((p.cpu(b)-cpu).Microseconds())/float64(sent), "cpu-µs/frame")
	b.ReportMetric(float64(sent)/took.Seconds(), "frames/s")
	b.ReportMetric(now/1e6, "RSS-MB")
	s.arrivals.report(b)
}

// pace returns a function that waits until the next of so many moments a
// second.
func pace(rate int) func() {
	begin, n := time.Now(), 0
	return func() {
		if wait := time.Until(begin.Add(time.Duration(n) * time.Second / time.Duration(rate))); wait > 0 {
			<-time.After(wait)
		}
		n++
	}
}

// send has the next node send its next frame, when next has returned.
func (s *stage) send(b *testing.B, next func()) {
	b.Helper()
	i := s.sent % s.nodes
	phy := uplink(b, i, uint32(1+s.sent/s.nodes), lorawan.UnconfirmedUp)
	next()
	for s.air.hear(deviceID(i), phy, s.sent) != nil {
		<-time.After(time.Millisecond) // its FIFO is full
	}
	s.sent++
}

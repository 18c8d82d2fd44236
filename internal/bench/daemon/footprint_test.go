package daemon

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
)

// envArm names the stripped binary for ARM, to look at its size.
const envArm = "GATEWAYD_BENCH_ARM"

// BenchmarkBinary is how large the binary is.
func BenchmarkBinary(b *testing.B) {
	file := os.Getenv(envArm)
	if file == "" {
		b.Skipf("%s names no binary", envArm)
	}
	for b.Loop() {
		info, err := os.Stat(file)
		if err != nil {
			b.Skip(err)
		}
		b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdle is a daemon with 20 nodes and a silent air: memory, and the CPU
// time it takes to ask a PicoCell fifty times a second. An iteration is a
// second.
func BenchmarkIdle(b *testing.B) {
	s := newStage(b, 20, "")
	s.air = newPico(b, s)
	p := s.daemon(b, gatewayd(b))
	<-time.After(5 * time.Second)
	cpu, begin := p.cpu(b), time.Now()
	for b.Loop() {
		<-time.After(time.Second)
	}
	used := p.cpu(b) - cpu
	now, most := p.resident(b)
	b.ReportMetric(p.status(b, "RssAnon")/1e6, "anon-MB")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(100*used.Seconds()/time.Since(begin).Seconds(), "%core")
	b.ReportMetric(now/1e6, "RSS-MB")
	b.ReportMetric(most/1e6, "peak-MB")
}

// BenchmarkStart is the time from the start of the process to the first frame
// that is accepted: its acknowledgement is on the way, so it is on disk. 1,000
// nodes, one of which says something every 2 ms.
func BenchmarkStart(b *testing.B) {
	binary := gatewayd(b)
	var took time.Duration
	n := 0
	for b.Loop() {
		took += firstFrame(b, binary)
		n++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(1000*took.Seconds()/float64(n), "ms/start")
}

func firstFrame(b *testing.B, binary string) time.Duration {
	b.Helper()
	s := newStage(b, 1000, "")
	u := newUDP(b, s)
	s.air = u
	config := s.config(b)
	begin := time.Now()
	p := start(b, exec.Command(binary, "run", "--config", config))
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for fCnt := uint32(1); u.Stats().PullResps == 0; fCnt++ {
		_ = u.Hear(packet(uplink(b, 0, fCnt, lorawan.ConfirmedUp), 0)) // nobody there yet
		<-tick.C
		if time.Since(begin) > time.Minute {
			b.Fatalf("no frame is accepted\n%s", p.log.Bytes())
		}
	}
	took := time.Since(begin)
	p.stop(b)
	return took
}

// BenchmarkScale is what the number of nodes changes, at 100 frames a second.
func BenchmarkScale(b *testing.B) {
	for _, nodes := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			s := newStage(b, nodes, "")
			s.air = newUDP(b, s)
			p := s.daemon(b, gatewayd(b))
			const window = 10 * time.Second
			cpu := p.cpu(b)
			<-time.After(window)
			idle := p.cpu(b) - cpu
			before, _ := p.resident(b)
			s.frames(b, p, 100)
			b.ReportMetric(1000*idle.Seconds()/window.Seconds(), "idle-ms/s")
			b.ReportMetric(before/1e6, "idle-RSS-MB")
		})
	}
}

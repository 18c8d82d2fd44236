package hub_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkReconnect is a hub that loses all its connections at once and takes
// them back: how many a second come back when nothing but the machine limits
// them, and how much memory it takes. "tls" is a loop of handshakes with
// session resumption, as many at a time as are useful, and nothing else.
func BenchmarkReconnect(b *testing.B) {
	for _, client := range []string{"tls", "hub"} {
		b.Run(client, func(b *testing.B) {
			for b.Loop() {
				server, pid, stop := benchServer(b)
				report := benchClient(b, "storm-"+client, server, envIdlePID+"="+strconv.Itoa(pid))
				stop()
				for name, value := range report {
					b.ReportMetric(value, name)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sluice closes every connection it has let in when the process gets SIGUSR1.
type sluice struct {
	mu   sync.Mutex
	open map[net.Conn]bool
}

func newSluice() *sluice {
	s := &sluice{open: map[net.Conn]bool{}}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		for range told {
			s.mu.Lock()
			for conn := range s.open {
				_ = conn.Close()
			}
			s.mu.Unlock()
		}
	}()
	return s
}

func (s *sluice) serve(conn net.Conn) {
	s.mu.Lock()
	s.open[conn] = true
	s.mu.Unlock()
	idleServe(conn)
	s.mu.Lock()
	delete(s.open, conn)
	s.mu.Unlock()
}

// stormTLS prints how many handshakes a second there are.
func stormTLS(t *testing.T, address string, roots *x509.CertPool, n int) {
	config := &tls.Config{
		RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	dial := func() {
		conn, err := tls.Dial("tcp", address, config)
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	}
	dial() // for its session
	begin := time.Now()
	var wg sync.WaitGroup
	workers := 8 * runtime.GOMAXPROCS(0)
	for range workers {
		wg.Go(func() {
			for range n / workers {
				dial()
			}
		})
	}
	wg.Wait()
	fmt.Printf("measured conn/s %f\n", float64(n/workers*workers)/time.Since(begin).Seconds())
}

// stormHub prints what an outage takes.
func stormHub(t *testing.T, address string, roots *x509.CertPool, n int) {
	server, err := strconv.Atoi(os.Getenv(envIdlePID))
	if err != nil {
		t.Fatal(err)
	}
	supervisor := idleSupervisor(t, address, roots, n, 1e6)
	online := func() int { return connected(supervisor) }
	await(n, online)
	<-time.After(idleSettle)
	settled := residentBytes(t)
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak begins anew
		t.Fatal(err)
	}
	if err := syscall.Kill(server, syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for online() > n*9/10 {
		<-time.After(20 * time.Millisecond)
	}
	await(n*99/100, online) // one that has failed twice waits for seconds, whatever the rate
	took := time.Since(begin)
	fmt.Printf("measured conn/s %f\n", float64(n*99/100)/took.Seconds())
	fmt.Printf("measured peak/settled %f\n", peakBytes(t)/float64(settled))
}

// await waits until count says n.
func await(n int, count func() int) {
	for count() < n {
		<-time.After(50 * time.Millisecond) // counting takes time itself
	}
}

// peakBytes is the most that was resident.
func peakBytes(t *testing.T) float64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib * 1024
}

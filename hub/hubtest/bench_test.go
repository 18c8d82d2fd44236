package hubtest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// swarmEnv makes the test binary a swarm of clients: "ADDR COUNT CA-FILE".
const swarmEnv = "HUBTEST_SWARM"

func TestMain(m *testing.M) {
	order := strings.Fields(os.Getenv(swarmEnv))
	if len(order) == 0 {
		m.Run()
		return
	}
	if err := swarm(order[0], order[1], order[2]); err != nil {
		fmt.Println(err) // instead of "ready"
	}
}

// swarm connects so many clients, says "ready", and holds them until standard
// input ends.
func swarm(addr, count, caFile string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: testHost}
	config.RootCAs.AppendCertsFromPEM(ca)
	next, failed := make(chan int), make(chan error, n)
	held := make([]*tls.Conn, n) // or they would be collected, and closed
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range next {
				var err error
				if held[i], err = swarmMember(addr, config, i); err != nil {
					failed <- err
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(held)
	return err
}

func swarmDevice(i int) string { return fmt.Sprintf("lora-%05d", i) }

// swarmMember is one of the swarm: connected, and subscribed to all there is.
func swarmMember(addr string, config *tls.Config, i int) (*tls.Conn, error) {
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return nil, err
	}
	device := swarmDevice(i)
	for _, p := range []packets.ControlPacket{
		connectPacket(device),
		subscribePacket(1, c2dFilter(device), twinResponseFilter, twinDesiredFilter, methodFilter),
	} {
		if err := p.Write(conn); err != nil {
			return nil, err
		}
		answer, err := packets.ReadPacket(conn)
		if err != nil {
			return nil, err
		}
		if ack, ok := answer.(*packets.ConnackPacket); ok && ack.ReturnCode != 0 {
			return nil, fmt.Errorf("CONNACK %d", ack.ReturnCode)
		}
	}
	return conn, nil
}

// BenchmarkConnections holds 10,000 connections of clients in another
// process, and reports what one costs the hub.
func BenchmarkConnections(b *testing.B) {
	const n = 10_000
	for b.Loop() {
		h, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		for i := range n {
			if err := h.AddDevice(swarmDevice(i), keyV1); err != nil {
				b.Fatal(err)
			}
		}
		if err := h.Listen("127.0.0.1:0"); err != nil {
			b.Fatal(err)
		}
		before, goroutines := inUse(), runtime.NumGoroutine()
		start := time.Now()
		release := startSwarm(b, h, n)
		b.ReportMetric(float64(n)/time.Since(start).Seconds(), "connects/s")
		b.ReportMetric(float64(inUse()-before)/n, "B/conn")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/n, "goroutines/conn")
		b.ReportMetric(float64(throughput(b, h, n)), "c2d/s")
		if err := errors.Join(release(), h.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

// inUse is the memory that heap and stacks take.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // the second shrinks the stacks
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// startSwarm starts the clients and waits until they are connected.
func startSwarm(b *testing.B, h *Hub, n int) (release func() error) {
	b.Helper()
	ca := b.TempDir() + "/ca.pem"
	if err := os.WriteFile(ca, h.CAPEM(), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", swarmEnv, h.Addr(), n, ca))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		b.Fatalf("the swarm said %q: %v", line, err)
	}
	return func() error { return errors.Join(stdin.Close(), cmd.Wait()) }
}

// throughput is how many C2D messages per second go out, one to each device.
func throughput(b *testing.B, h *Hub, n int) int {
	b.Helper()
	start := time.Now()
	for i := range n {
		if err := h.SendC2D(swarmDevice(i), C2D{Body: []byte("x")}); err != nil {
			b.Fatal(err)
		}
	}
	_, err := h.WaitEvents(b.Context(), n, func(e Event) bool { return e.Kind == EventC2D })
	if err != nil {
		b.Fatal(err)
	}
	return int(float64(n) / time.Since(start).Seconds())
}

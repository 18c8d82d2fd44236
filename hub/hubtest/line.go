package hubtest

import (
	"net"
	"sync/atomic"
	"time"
)

// lineTick is how often a slow line carries something.
const lineTick = 50 * time.Millisecond

// line is a TCP connection that can be slowed down.
type line struct {
	net.Conn
	rate atomic.Int64 // bytes per second in each direction; 0: as fast as it goes
	gone chan struct{}
}

// Read reads at most what the line carries in one tick.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p[:l.portion(len(p))])
	l.wait(n)
	return n, err
}

// Write writes p, tick by tick.
func (l *line) Write(p []byte) (int, error) {
	written := 0
	for {
		n, err := l.Conn.Write(p[written : written+l.portion(len(p)-written)])
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
		l.wait(n)
	}
}

// portion is how much of n bytes goes at once.
func (l *line) portion(n int) int {
	rate := l.rate.Load()
	if rate == 0 {
		return n
	}
	return min(n, max(1, int(rate*int64(lineTick)/int64(time.Second))))
}

// wait lasts as long as n bytes take, or until the line is given up.
func (l *line) wait(n int) {
	d := l.time(n)
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.gone:
	}
}

// time is how long n bytes take.
func (l *line) time(n int) time.Duration {
	rate := l.rate.Load()
	if rate == 0 {
		return 0
	}
	return time.Duration(n) * time.Second / time.Duration(rate)
}

// NetConn is the connection beneath.
func (l *line) NetConn() net.Conn { return l.Conn }

// reset closes the connection with a TCP RST.
func (l *line) reset() {
	if t, ok := l.Conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = l.Close()
}

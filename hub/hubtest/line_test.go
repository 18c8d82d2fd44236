package hubtest

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestSlowLink(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		inject(t, h, "lora1", Fault{Kind: FaultSlowLink, Rate: 1000, Count: 1})
		c.send(packets.NewControlPacket(packets.Pingreq)) // from here on
		receive[*packets.PingrespPacket](c)
		start := time.Now()
		c.send(publishPacket(testTopic, 1, 1, strings.Repeat("x", 30_000)))
		receive[*packets.PubackPacket](c)
		if got := time.Since(start); got < 29*time.Second || got > 33*time.Second {
			t.Errorf("30 kB at 1 kB/s took %v", got)
		}
	})
}

// A line that is given up does not keep anybody waiting.
func TestSlowLinkGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		gone := make(chan struct{})
		l := &line{Conn: ours, gone: gone}
		l.rate.Store(1)
		go func() { _, _ = theirs.Read(make([]byte, 10)) }()
		close(gone)
		start := time.Now()
		if n, err := l.Write([]byte("x")); n != 1 || err != nil || time.Since(start) != 0 {
			t.Errorf("%d, %v after %v", n, err, time.Since(start))
		}
		_ = theirs.Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

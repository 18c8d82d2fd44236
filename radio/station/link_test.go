package station

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
)

// A station that does not even answer pings is gone; one that does is not,
// however little it has to say.
func TestSilentStation(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	c, err := New(Options{Name: "roof", Plan: plan868(), Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	c.pinged = 100 * time.Millisecond
	bound := make(chan string, 1)
	c.bind = func(ctx context.Context, _ string) (net.Listener, error) {
		l, err := bind(ctx, "127.0.0.1:0")
		if err == nil {
			bound <- l.Addr().String()
		}
		return l, err
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, make(chan radio.Uplink, 1), make(chan radio.TxResult, 1)) }()
	address := <-bound
	var conns [2]*websocket.Conn
	for i := range conns {
		if conns[i], _, err = websocket.DefaultDialer.Dial("ws://"+address+"/gateway/::"+string(rune('1'+i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	quiet := make(chan error, 1)
	pings := make(chan struct{}, 100)
	pong := conns[1].PingHandler()
	conns[1].SetPingHandler(func(s string) error { pings <- struct{}{}; return pong(s) })
	go func() {
		_, _, err := conns[1].ReadMessage() // answers pings
		quiet <- err
	}()
	for range 6 {
		select {
		case <-pings:
		case err := <-quiet:
			t.Fatalf("the one that answers: %v", err)
		}
	}
	if st := c.Stats(); len(st.Gateways) != 2 || st.Gateways[0].Address != "" || st.Gateways[1].Address == "" {
		t.Errorf("got %+v", st.Gateways)
	}
	if n := logs.FilterField(zap.NamedError("reason", errSilent)).Len(); n != 1 {
		t.Errorf("%d lines", n)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if <-quiet == nil {
		t.Error("the connection outlives the listener")
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}

package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// webSocketBuffer is the size of a connection's buffers. Packets may be
// larger: the buffers are refilled.
const webSocketBuffer = 512

// upgrade has w speak in WebSocket frames over conn. The library minds ctx's
// deadline, but not that it is cancelled.
func (w *wire) upgrade(ctx context.Context, conn net.Conn, host string, certificate bool) error {
	stop := context.AfterFunc(ctx, func() { _ = w.raw.Close() })
	stream, err := openWebSocket(ctx, conn, host, certificate)
	if !stop() {
		return ctx.Err()
	}
	if err == nil {
		w.stream = stream
	}
	return err
}

// openWebSocket asks the hub at the other end of conn to speak MQTT in
// WebSocket frames. Microsoft's Java SDK says so in the query when there is no
// client certificate.
func openWebSocket(ctx context.Context, conn net.Conn, host string, certificate bool) (net.Conn, error) {
	address := "wss://" + host + "/$iothub/websocket"
	if !certificate {
		address += "?iothub-no-client-cert=true"
	}
	d := websocket.Dialer{
		NetDialTLSContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		Subprotocols:      []string{"mqtt"},
		ReadBufferSize:    webSocketBuffer,
		WriteBufferSize:   webSocketBuffer,
	}
	ws, response, err := d.DialContext(ctx, address, nil)
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("the server answers %d %s: %w", response.StatusCode, http.StatusText(response.StatusCode), err)
		}
		return nil, err
	}
	if ws.Subprotocol() != "mqtt" {
		return nil, errors.New("the server does not offer MQTT over WebSocket")
	}
	ws.SetReadLimit(maxIncoming + 5)
	return &webSocket{Conn: conn, ws: ws}, nil
}

// webSocket is a byte stream in binary frames. One goroutine may read while
// one other writes.
type webSocket struct {
	net.Conn // for addresses and deadlines

	ws    *websocket.Conn
	frame io.Reader // nil between frames; owned by the goroutine that reads
}

// Read fills b from the frames, in whatever pieces they come.
func (s *webSocket) Read(b []byte) (int, error) {
	for {
		if s.frame == nil {
			kind, frame, err := s.ws.NextReader()
			if err != nil {
				return 0, endOfFrames(err)
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("protocol violation: WebSocket frame that is not binary")
			}
			s.frame = frame
		}
		n, err := s.frame.Read(b)
		if errors.Is(err, io.EOF) {
			s.frame, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// endOfFrames is io.EOF where the server has closed in good order.
func endOfFrames(err error) error {
	if websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseAbnormalClosure) {
		return io.EOF
	}
	return err
}

// Write sends b as one binary frame.
func (s *webSocket) Write(b []byte) (int, error) {
	if err := s.ws.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close tells the server and closes the connection.
func (s *webSocket) Close() error {
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = s.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(disconnectTimeout)) // it is going anyway
	return s.Conn.Close()
}

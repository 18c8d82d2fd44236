package hubtest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// The WebSocket endpoint. Source: Microsoft's "Communicate with an IoT hub
// using the MQTT protocol".
const (
	webSocketPath        = "/$iothub/websocket"
	webSocketSubprotocol = "mqtt"
	maxRequest           = 65536 // bytes of the HTTP request
)

// openWebSocket answers one HTTP request and makes the connection a WebSocket
// over TLS.
func (c *conn) openWebSocket(config *tls.Config) error {
	if err := c.handshake(config); err != nil {
		return err
	}
	reader := bufio.NewReader(io.LimitReader(c.stream, maxRequest))
	request, err := http.ReadRequest(reader)
	if err != nil {
		return &stop{ReasonProtocolError, "no HTTP request: " + err.Error()}
	}
	w := &responder{conn: c.stream, reader: reader, header: http.Header{}}
	if err := checkUpgrade(w, request); err != nil {
		return err
	}
	upgrader := websocket.Upgrader{
		ReadBufferSize: 1024, WriteBufferSize: 1024,
		Subprotocols: []string{webSocketSubprotocol},
		CheckOrigin:  func(*http.Request) bool { return true }, // devices have none
	}
	ws, err := upgrader.Upgrade(w, request, nil)
	if err != nil {
		return &stop{ReasonProtocolError, "WebSocket upgrade: " + err.Error()}
	}
	ws.SetReadLimit(maxPacket + 5)
	c.stream = &webSocketStream{Conn: c.stream, ws: ws}
	return nil
}

// checkUpgrade refuses what is not a device's request.
func checkUpgrade(w *responder, request *http.Request) error {
	if request.URL.Path != webSocketPath {
		http.Error(w, "want "+webSocketPath, http.StatusNotFound)
		return &stop{ReasonProtocolError, fmt.Sprintf("HTTP path %q: want %s", request.URL.Path, webSocketPath)}
	}
	if !slices.Contains(websocket.Subprotocols(request), webSocketSubprotocol) {
		http.Error(w, "want subprotocol "+webSocketSubprotocol, http.StatusBadRequest)
		return &stop{ReasonProtocolError, "WebSocket without subprotocol " + webSocketSubprotocol}
	}
	return nil
}

// responder is the http.ResponseWriter of the one request.
type responder struct {
	conn   net.Conn
	reader *bufio.Reader
	header http.Header
	status int
}

func (r *responder) Header() http.Header { return r.header }

func (r *responder) WriteHeader(status int) { r.status = status }

// Write sends a whole answer: what goes through here is one short text.
func (r *responder) Write(body []byte) (int, error) {
	r.header.Set("Connection", "close")
	r.header.Set("Content-Length", fmt.Sprint(len(body)))
	if _, err := fmt.Fprintf(r.conn, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status)); err != nil {
		return 0, err
	}
	if err := r.header.Write(r.conn); err != nil {
		return 0, err
	}
	_, err := r.conn.Write(append([]byte("\r\n"), body...))
	return len(body), err
}

// Hijack hands the connection to the WebSocket.
func (r *responder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return undisturbed{r.conn}, bufio.NewReadWriter(r.reader, bufio.NewWriter(r.conn)), nil
}

// undisturbed keeps the deadlines of a connection, which the WebSocket library
// would clear.
type undisturbed struct{ net.Conn }

// SetDeadline does nothing.
func (undisturbed) SetDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (undisturbed) SetWriteDeadline(time.Time) error { return nil }

// webSocketStream is a stream of bytes over binary messages.
type webSocketStream struct {
	net.Conn // TLS
	ws       *websocket.Conn
	message  io.Reader // the one being read, or nil
}

var errNotBinary = errors.New("a WebSocket message is not binary")

// Read reads on in the current message, or the next.
func (s *webSocketStream) Read(p []byte) (int, error) {
	for {
		if s.message == nil {
			kind, message, err := s.ws.NextReader()
			var closed *websocket.CloseError
			switch {
			case errors.As(err, &closed):
				return 0, io.EOF
			case err != nil:
				return 0, err
			case kind != websocket.BinaryMessage:
				return 0, errNotBinary
			}
			s.message = message
		}
		n, err := s.message.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		s.message = nil
		if n > 0 {
			return n, nil
		}
	}
}

// Write sends p as one message.
func (s *webSocketStream) Write(p []byte) (int, error) {
	if err := s.ws.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite says good-bye.
func (s *webSocketStream) CloseWrite() error {
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	return s.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(killTimeout))
}

// NetConn is the TLS connection beneath.
func (s *webSocketStream) NetConn() net.Conn { return s.Conn }

package hubtest

import (
	"net/http"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/gorilla/websocket"
)

func dialWebSocket(t *testing.T, h *Hub, path string, subprotocols ...string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	addr, err := h.ListenWebSocket("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := websocket.Dialer{TLSClientConfig: h.ClientTLS(), Subprotocols: subprotocols, HandshakeTimeout: patience}
	return d.Dial("wss://"+addr+path, nil)
}

func TestWebSocket(t *testing.T) {
	h := serve(t, Options{})
	ws, _, err := dialWebSocket(t, h, webSocketPath+"?iothub-no-client-cert=true", "mqtt")
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c := &client{t, &webSocketStream{Conn: ws.NetConn(), ws: ws}}
	c.send(connectPacket("lora1"))
	receive[*packets.ConnackPacket](c)
	c.send(publishPacket(testTopic, 1, 1, "over the web"))
	receive[*packets.PubackPacket](c)
	if got := h.Messages(); len(got) != 1 || string(got[0].Body) != "over the web" {
		t.Errorf("got %+v", got)
	}
	c.disconnect()
	if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonClientDisconnect {
		t.Errorf("got %+v", e)
	}
}

func TestWebSocketRefused(t *testing.T) {
	h := serve(t, Options{})
	for _, test := range []struct {
		path, subprotocol string
		status            int
	}{
		{"/", "mqtt", http.StatusNotFound},
		{webSocketPath, "amqp", http.StatusBadRequest},
	} {
		_, response, err := dialWebSocket(t, h, test.path, test.subprotocol)
		if err == nil || response == nil || response.StatusCode != test.status {
			t.Errorf("%+v: got %v, %v", test, response, err)
		}
	}
	if e := wait(t, h, EventRefused, "", 2); e.Reason != ReasonProtocolError {
		t.Errorf("got %+v", e)
	}
}

package station

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long the server may take for anything.
const patience = 10 * time.Second

// line is the connection to the server.
type line struct {
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
}

func (l *line) write(message string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn.WriteMessage(websocket.TextMessage, []byte(message))
}

func (l *line) close() { _ = l.conn.Close() }

// run connects again and again.
func (s *Station) run(stop <-chan struct{}) {
	for {
		err := s.connect(stop)
		s.change(func() { s.stats.LastError = fmt.Sprint(err) })
		select {
		case <-stop:
			return
		case <-time.After(s.o.Retry):
		}
	}
}

// connect asks where to connect, and stays connected as long as it can.
func (s *Station) connect(stop <-chan struct{}) error {
	uri, err := s.discover()
	if err != nil {
		return err
	}
	s.change(func() { s.stats.Discoveries++ })
	conn, err := s.dial(uri)
	if err != nil {
		return err
	}
	l := &line{conn: conn}
	defer s.lose(l)
	unplugged := false
	s.change(func() {
		select {
		case <-stop:
			unplugged = true
		default:
			s.line, s.stats.Connects = l, s.stats.Connects+1
		}
	})
	if unplugged {
		return nil
	}
	return s.talk(l)
}

// talk introduces the station, and listens until the connection ends.
func (s *Station) talk(l *line) error {
	version, err := json.Marshal(map[string]any{
		"msgtype": "version", "station": "2.0.6(" + s.o.Model + "/std)", "firmware": nil, "package": nil, "model": s.o.Model,
		"protocol": 2, "features": s.o.Features,
	})
	if err == nil {
		err = l.write(string(version))
	}
	for err == nil {
		var b []byte
		if _, b, err = l.conn.ReadMessage(); err == nil {
			s.received(b, l)
		}
	}
	return err
}

// lose ends a connection, and with it the radio.
func (s *Station) lose(l *line) {
	l.close()
	s.air.stop()
	s.change(func() {
		s.line, s.config = nil, nil
		select {
		case <-s.ready:
			s.ready = make(chan struct{})
		default:
		}
	})
}

func (s *Station) dial(uri string) (*websocket.Conn, error) {
	d := websocket.Dialer{TLSClientConfig: s.o.TLS, HandshakeTimeout: patience}
	header := http.Header{}
	if s.o.Token != "" {
		header.Set("Authorization", s.o.Token)
	}
	conn, answer, err := d.Dial(uri, header)
	if err == nil {
		return conn, nil
	}
	if answer != nil {
		err = fmt.Errorf("%w: %s", err, answer.Status)
	}
	return nil, err
}

var errTurnedAway = errors.New("turned away")

// discover is the exchange on /router-info.
func (s *Station) discover() (string, error) {
	conn, err := s.dial(s.o.Server + "/router-info")
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	e := s.o.Gateway
	ask := fmt.Sprintf(`{"router":"%x:%x:%x:%x"}`, e[0:2], e[2:4], e[4:6], e[6:8])
	if err := conn.WriteMessage(websocket.TextMessage, []byte(ask)); err != nil {
		return "", err
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_, b, err := conn.ReadMessage()
	if err != nil {
		return "", err
	}
	var got struct{ Router, Muxs, URI, Error string }
	if err := json.Unmarshal(b, &got); err != nil {
		return "", err
	}
	if got.Error != "" {
		return "", fmt.Errorf("%w: %s", errTurnedAway, got.Error)
	}
	u, err := url.Parse(got.URI)
	if err != nil || u.Port() == "" || u.Path == "" || len(got.URI) >= 128 || !strings.HasPrefix(u.Scheme, "ws") || got.Muxs == "" {
		s.violate("router-info: %s", b)
		return "", errTurnedAway
	}
	return got.URI, nil
}

// received deals with a message of the server.
func (s *Station) received(b []byte, l *line) {
	var m struct {
		Type    string `json:"msgtype"`
		GPSTime int64  `json:"gpstime"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		s.violate("not JSON: %.40q", b)
		return
	}
	switch m.Type {
	case "router_config":
		s.configure(b)
	case "dnmsg":
		s.ordered(b, l)
	case "timesync":
		select {
		case s.synced <- m.GPSTime:
		default:
		}
	default:
		s.violate("message of type %q", m.Type)
	}
}

// configure starts the radio.
func (s *Station) configure(b []byte) {
	c, err := parseConfig(b)
	if err != nil {
		s.violate("router_config: %v", err)
		return
	}
	s.air.start(s.o.StartCount)
	s.change(func() {
		s.config = c
		s.stats.Configs++
		select {
		case <-s.ready:
		default:
			close(s.ready)
		}
	})
}

// ordered takes a dnmsg.
func (s *Station) ordered(b []byte, l *line) {
	c := s.current()
	if c == nil {
		s.violate("dnmsg before router_config")
		return
	}
	o, err := parseOrder(b, c)
	if err != nil {
		s.violate("dnmsg: %v", err)
		return
	}
	drop := false
	s.change(func() {
		s.stats.Downlinks++
		if drop = s.refuse > 0; drop {
			s.refuse--
		}
	})
	if !drop {
		s.send(o, c, l)
	}
}

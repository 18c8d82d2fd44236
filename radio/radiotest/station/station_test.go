package station_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/station"
)

// config is a router_config for one channel, 868.1 MHz, as of the
// documentation's example.
const config = `{"msgtype":"router_config","NetID":[1],"JoinEui":[[1,2]],"region":"EU863","hwspec":"sx1301/1","freq_range":[863000000,870000000],
"DRs":[[12,125,0],[11,125,0],[10,125,0],[9,125,0],[8,125,0],[7,125,0],[7,250,0],[0,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0]],
"upchannels":[[868100000,0,5]],
"sx1301_conf":[{"radio_0":{"enable":true,"freq":868500000},"chan_multiSF_0":{"enable":true,"radio":0,"if":-400000},"chan_FSK":{"enable":false}}]}`

// server is a network server by hand: each connection that a station keeps is
// one of conns.
type server struct {
	t     *testing.T
	http  *httptest.Server
	conns chan *websocket.Conn
	asked chan string
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, conns: make(chan *websocket.Conn, 4), asked: make(chan string, 4)}
	s.http = httptest.NewServer(s)
	t.Cleanup(s.http.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var u websocket.Upgrader
	conn, err := u.Upgrade(w, r, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	if r.URL.Path != "/router-info" {
		s.conns <- conn
		return
	}
	_, b, err := conn.ReadMessage()
	if err != nil {
		s.t.Error(err)
	}
	s.asked <- string(b)
	if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"router":"::1","muxs":"::0","uri":"ws://%s/muxs"}`, r.Host)); err != nil {
		s.t.Error(err)
	}
	_ = conn.Close()
}

func (s *server) next(conn *websocket.Conn) map[string]any {
	s.t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	_, b, err := conn.ReadMessage()
	if err != nil {
		s.t.Fatal(err)
	}
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *server) send(conn *websocket.Conn, format string, args ...any) {
	s.t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		s.t.Fatal(err)
	}
}

// power starts a station and configures it.
func power(t *testing.T, s *server) (*station.Station, *websocket.Conn) {
	t.Helper()
	st, err := station.New(station.Options{Server: strings.Replace(s.http.URL, "http", "ws", 1), Retry: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if got := <-s.asked; got != `{"router":"00aa:11bb:22cc:33dd"}` {
		t.Errorf("asked %s", got)
	}
	conn := <-s.conns
	if got := s.next(conn); got["msgtype"] != "version" || got["model"] != "linux" || got["protocol"] != json.Number("2") {
		t.Errorf("introduced as %v", got)
	}
	s.send(conn, "%s", config)
	<-st.Ready()
	return st, conn
}

func TestHear(t *testing.T) {
	t.Parallel()
	s := serve(t)
	st, conn := power(t, s)
	p := radiotest.Packet{Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -57, SNR: 9.5}
	for phy, want := range map[string]map[string]any{
		"\x40\xf1\x7d\xbe\xf9\x81\x02\x00\x02\x01\x95\x43\x78\x76\x2b\x11\xff\x8d": {
			"msgtype": "updf", "DevAddr": json.Number("-104956431"), "FOpts": "02", "FPort": json.Number("1"), "FRMPayload": "95437876",
			"MIC": json.Number("-1912663765"), "FCtrl": json.Number("129"),
		},
		"\x00\x77\x66\x55\x44\x33\x22\x11\x00\x77\x66\x55\x44\x33\x22\x11\xf0\xff\xff\x39\x3a\x1d\x36": {
			"msgtype": "jreq", "JoinEui": "00-11-22-33-44-55-66-77", "DevEui": "F0-11-22-33-44-55-66-77", "DevNonce": json.Number("65535"),
			"MIC": json.Number("907885113"),
		},
		"\xe0\x01": {"msgtype": "propdf", "FRMPayload": "e001"},
	} {
		p.Payload = []byte(phy)
		if err := st.Hear(p); err != nil {
			t.Fatal(err)
		}
		got := s.next(conn)
		for name, v := range want {
			if got[name] != v {
				t.Errorf("%s is %v, want %v", name, got[name], v)
			}
		}
		if got["DR"] != json.Number("5") || got["Freq"] != json.Number("868100000") {
			t.Errorf("got %v", got)
		}
	}
	p.Frequency = 868_300_000
	if err := st.Hear(p); !errors.Is(err, radiotest.ErrNoChannel) {
		t.Errorf("on another channel: %v", err)
	}
	p.Frequency, p.Payload = 868_100_000, []byte("\x60\x00")
	if err := st.Hear(p); err != nil {
		t.Errorf("a downlink of somebody else: %v", err)
	}
	st.Unplug()
	if err := st.Hear(p); !errors.Is(err, radiotest.ErrNotReceiving) {
		t.Errorf("unplugged: %v", err)
	}
	if err := st.Replug(); err != nil {
		t.Fatal(err)
	}
	if err := st.Replug(); err == nil {
		t.Error("plugged in twice")
	}
	if v := st.Violations(); len(v) != 0 {
		t.Errorf("violations %q", v)
	}
}

const dnmsg = `{"msgtype":"dnmsg","DevEui":"01-01-01-01-01-01-01-01","dC":%d,"diid":%d,"pdu":"600102","RxDelay":%d,%s,"priority":0,"xtime":%d,"rctx":0}`

func TestSend(t *testing.T) {
	t.Parallel()
	s := serve(t)
	st, conn := power(t, s)
	for id, tt := range map[int]struct {
		class, delay int
		windows      string
		after        time.Duration // 0: any
		dr           string
	}{
		1: {0, 1, `"RX1DR":5,"RX1Freq":868100000`, time.Second, "SF7BW125"},
		2: {0, 1, `"RX2DR":4,"RX2Freq":869525000`, 2 * time.Second, "SF8BW125"},
		3: {2, 1, `"RX2DR":4,"RX2Freq":869525000`, 0, "SF8BW125"},
	} {
		xtime := st.XTime()
		s.send(conn, dnmsg, tt.class, id, tt.delay, tt.windows, xtime)
		e := <-st.Emissions()
		if got := time.Duration(e.Count-uint32(xtime)) * time.Microsecond; tt.after != 0 && got != tt.after {
			t.Errorf("%d: after %s, want %s", id, got, tt.after)
		}
		if e.DataRate.String() != tt.dr || !e.InvertIQ || e.CRC || string(e.Payload) != "\x60\x01\x02" {
			t.Errorf("%d: %+v", id, e)
		}
		if got := s.next(conn); got["msgtype"] != "dntxed" || got["diid"] != json.Number(fmt.Sprint(id)) {
			t.Errorf("%d: %v", id, got)
		}
	}
	// One in the way of another, one too late, and one refused: silence.
	xtime := st.XTime()
	s.send(conn, dnmsg, 0, 10, 1, `"RX1DR":5,"RX1Freq":868100000`, xtime)
	s.send(conn, dnmsg, 0, 11, 1, `"RX1DR":5,"RX1Freq":868100000`, xtime+10_000)
	s.send(conn, dnmsg, 0, 12, 1, `"RX1DR":5,"RX1Freq":868100000`, xtime-1_000_000)
	if got := s.next(conn); got["diid"] != json.Number("10") {
		t.Errorf("got %v", got)
	}
	st.Refuse()
	s.send(conn, dnmsg, 2, 13, 1, `"RX2DR":5,"RX2Freq":868100000`, 0)
	s.send(conn, dnmsg, 2, 14, 1, `"RX2DR":5,"RX2Freq":868100000`, 0)
	if got := s.next(conn); got["diid"] != json.Number("14") {
		t.Errorf("got %v", got)
	}
	if v := st.Violations(); len(v) != 0 {
		t.Errorf("violations %q", v)
	}
	if got := st.Stats(); got.Downlinks != 8 || got.Emissions != 5 || got.Configs != 1 {
		t.Errorf("counted %+v", got)
	}
}

func TestViolations(t *testing.T) {
	t.Parallel()
	s := serve(t)
	st, conn := power(t, s)
	good := fmt.Sprintf(dnmsg, 0, 1, 1, `"RX1DR":5,"RX1Freq":868100000`, st.XTime())
	for _, change := range [][2]string{
		{`"dC":0`, `"dC":1`},
		{`"dC":0,`, ``},
		{`"RxDelay":1`, `"RxDelay":0`},
		{`600102`, ``},
		{`01-01-01-01-01-01-01-01`, `00-00-00-00-00-00-00-00`},
		{`"RX1DR":5,`, ``},
		{`"RX1DR":5`, `"RX1DR":9`},
		{`868100000`, `902000000`},
		{`"RX1DR":5,"RX1Freq":868100000,`, ``},
		{`"xtime":`, `"xtime":9`},
		{`"dnmsg"`, `"runcmd"`},
		{`{`, ``},
	} {
		s.send(conn, "%s", strings.Replace(good, change[0], change[1], 1))
	}
	for _, change := range [][2]string{{"sx1301/1", "sx1302/1"}, {"EU863", "IN865"}, {`[-1,0,0],`, ``}, {"-400000", "-500000"}, {"870000000", "863000000"}} {
		s.send(conn, "%s", strings.Replace(config, change[0], change[1], 1))
	}
	s.send(conn, `{"msgtype":"timesync","gpstime":5}`) // the last of all: then the others are dealt with
	<-st.Synced()
	if v := st.Violations(); len(v) != 17 {
		t.Errorf("%d violations: %q", len(v), v)
	}
}

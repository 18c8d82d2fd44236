package forwarder_test

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder"
)

// server is a network server by hand.
type server struct {
	t    *testing.T
	conn *net.UDPConn
	last *net.UDPAddr
}

func serve(t *testing.T) *server {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &server{t: t, conn: conn}
}

// next is the next datagram of that kind.
func (s *server) next(kind byte) []byte {
	s.t.Helper()
	buf := make([]byte, 2048)
	if err := s.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	for {
		n, from, err := s.conn.ReadFromUDP(buf)
		if err != nil {
			s.t.Fatal(err)
		}
		if n >= 12 && buf[3] == kind {
			s.last = from
			return buf[:n]
		}
	}
}

func (s *server) send(b string) {
	s.t.Helper()
	if _, err := s.conn.WriteToUDP([]byte(b), s.last); err != nil {
		s.t.Fatal(err)
	}
}

func power(t *testing.T, s *server, o forwarder.Options) *forwarder.Forwarder {
	t.Helper()
	o.Server = s.conn.LocalAddr().String()
	f, err := forwarder.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestPullAndDownlink(t *testing.T) {
	t.Parallel()
	s := serve(t)
	f := power(t, s, forwarder.Options{})
	pull := s.next(2)
	if len(pull) != 12 || radio.EUI64(pull[4:]) != f.Gateway() {
		t.Fatalf("PULL_DATA %x", pull)
	}
	s.send(string([]byte{2, pull[1], pull[2], 4}))
	<-f.Ready()
	f.Warn(12)
	s.send("\x02\x12\x34\x03" + `{"txpk":{"imme":true,"freq":869.525,"rfch":0,"powe":14,"modu":"LORA","datr":"SF9BW125","codr":"4/5","ipol":true,"size":3,"data":"AQID","ncrc":true}}`)
	if got := s.next(5); string(got[:4]) != "\x02\x12\x34\x05" || string(got[12:]) != `{"txpk_ack":{"warn":"TX_POWER","value":12}}` {
		t.Errorf("TX_ACK %q", got)
	}
	e := <-f.Emissions()
	if e.Frequency != 869_525_000 || e.DataRate.String() != "SF9BW125" || !e.InvertIQ || e.CRC || string(e.Payload) != "\x01\x02\x03" {
		t.Errorf("emitted %+v", e)
	}
	f.Refuse("TX_FREQ")
	s.send("\x02\x12\x35\x03" + `{"txpk":{"imme":true,"freq":868.8,"rfch":0,"powe":14,"modu":"FSK","datr":50000,"fdev":25000,"size":3,"data":"AQID"}}`)
	if got := s.next(5); !strings.Contains(string(got), "TX_FREQ") {
		t.Errorf("TX_ACK %q", got)
	}
	if v := f.Violations(); len(v) != 0 {
		t.Errorf("violations %q", v)
	}
	if st := f.Stats(); st.PullAcks != 1 || st.PullResps != 2 || st.Emissions != 1 {
		t.Errorf("counted %+v", st)
	}
}

func TestHear(t *testing.T) {
	t.Parallel()
	s := serve(t)
	f := power(t, s, forwarder.Options{Version: 1, StartCount: 77})
	for _, p := range []radiotest.Packet{
		{Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -57, SNR: 9.5, Payload: []byte{1}, Count: 5},
		{Frequency: 868_800_000, DataRate: radio.FSKDataRate(50_000), Payload: []byte{1}, CRC: radiotest.CRCBad},
		{Frequency: 868_800_000, DataRate: radio.LRFHSSDataRate(137_000), CodingRate: "1/3", Payload: []byte{1}, CRC: radiotest.CRCNone},
	} {
		if err := f.Hear(p); err != nil {
			t.Fatal(err)
		}
		got := s.next(0)
		var body struct {
			R []map[string]any `json:"rxpk"`
		}
		if err := json.Unmarshal(got[12:], &body); err != nil || got[0] != 1 || len(body.R) != 1 {
			t.Fatalf("%q: %v", got, err)
		}
		if body.R[0]["stat"] != map[radiotest.CRCStatus]float64{radiotest.CRCGood: 1, radiotest.CRCBad: -1, radiotest.CRCNone: 0}[p.CRC] {
			t.Errorf("%q", got)
		}
	}
	if err := f.Report(); err != nil {
		t.Fatal(err)
	}
	if got := s.next(0); !json.Valid(got[12:]) {
		t.Errorf("%q", got)
	}
	f.Unplug()
	if err := f.Hear(radiotest.Packet{}); !errors.Is(err, radiotest.ErrNotReceiving) {
		t.Errorf("unplugged: %v", err)
	}
	if err := f.Replug(); err != nil {
		t.Fatal(err)
	}
	if err := f.Replug(); err == nil {
		t.Error("plugged in twice")
	}
}

func TestViolations(t *testing.T) {
	t.Parallel()
	s := serve(t)
	f := power(t, s, forwarder.Options{KeepAlive: 10 * time.Millisecond})
	s.next(2)
	for _, b := range []string{
		"\x01\x00\x00\x04", "\x02\x00\x00\x09", "\x02\x00\x00\x03{", "\x02\x00\x00\x03{}",
		"\x02\x00\x00\x03" + `{"txpk":{"freq":1,"rfch":0,"powe":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","size":1,"data":"AQ=="}}`,
		"\x02\x00\x00\x03" + `{"txpk":{"imme":true,"freq":1,"rfch":0,"powe":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","size":2,"data":"AQ=="}}`,
		"\x02\x00\x00\x03" + `{"txpk":{"imme":true,"freq":1,"rfch":0,"powe":1,"modu":"LORA","datr":7,"codr":"4/5","size":1,"data":"AQ=="}}`,
		"\x02\x00\x00\x03" + `{"txpk":{"imme":true,"freq":1,"rfch":0,"powe":1,"modu":"FSK","datr":7,"size":1,"data":"AQ=="}}`,
	} {
		s.send(b)
	}
	pull := s.next(2)
	s.send(string([]byte{2, pull[1], pull[2], 4})) // the last of all: then the others are dealt with
	<-f.Ready()
	if v := f.Violations(); len(v) != 8 {
		t.Errorf("%d violations: %q", len(v), v)
	}
}

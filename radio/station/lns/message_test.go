package lns_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

// Messages as station 2.0.5 and 2.0.6 write them, and what is on air. The
// first join request and its parts are of a log in station's issue 173, the
// second with the frame beside it of ChirpStack's simulator.
func TestParse(t *testing.T) {
	t.Parallel()
	const info = `"RefTime":0.000000,"DR":5,"Freq":868100000,"upinfo":{"rctx":3,"xtime":58265322350106052,"gpstime":0,"fts":-1,"rssi":-33,"snr":9.25,"rxtime":1665031442.93}}`
	frame := func(phy string) lns.Frame {
		b, err := hex.DecodeString(phy)
		if err != nil {
			t.Fatal(err)
		}
		return lns.Frame{Payload: b, DataRate: 5, Frequency: 868_100_000, XTime: 58265322350106052, RCtx: 3, RSSI: -33, SNR: 9.25}
	}
	for name, tt := range map[string]struct {
		in   string
		want lns.Message
	}{
		"jreq": {
			`{"msgtype":"jreq","MHdr":0,"JoinEui":"00-00-00-00-00-00-00-00","DevEui":"8C-1F-64-4D-A0-01-4D-10","DevNonce":26309,"MIC":721429268,` + info,
			frame("000000000000000000104d01a04d641f8cc5661423002b"),
		},
		"jreq, new names": {
			`{"msgtype":"jreq","MHdr":0,"JoinEUI":"00-11-22-33-44-55-66-77","DevEUI":"0011:2233:4455:6677","DevNonce":0,"MIC":907885113,` + info,
			frame("00776655443322110077665544332211000000393a1d36"),
		},
		"rejoin": {
			`{"msgtype":"rejoin","MHdr":192,"JoinEui":"::1","DevEui":"::2","DevNonce":1,"MIC":-1,` + info,
			frame("c0010000000000000002000000000000000100ffffffff"),
		},
		// The example frame of LoRaWAN decoders everywhere, DevAddr 49be7df1.
		"updf": {
			`{"msgtype":"updf","MHdr":64,"DevAddr":1237220849,"FCtrl":0,"FCnt":2,"FOpts":"","FPort":1,"FRMPayload":"95437876","MIC":234819883,` + info,
			frame("40f17dbe4900020001954378762b11ff0d"),
		},
		"updf, negative numbers": {
			`{"msgtype":"updf","MHdr":128,"DevAddr":-16777216,"FCtrl":130,"FCnt":65535,"FOpts":"0306","FPort":0,"FRMPayload":"AABB","MIC":-2,` + info,
			frame("80000000ff82ffff030600aabbfeffffff"),
		},
		"updf, no FPort": {
			`{"msgtype":"updf","MHdr":64,"DevAddr":4278190080,"FCtrl":0,"FCnt":0,"FOpts":"","FPort":-1,"FRMPayload":"","MIC":4294967294,` + info,
			frame("40000000ff000000feffffff"),
		},
		"updf, FPort without payload": {
			`{"msgtype":"updf","MHdr":64,"DevAddr":0,"FCtrl":0,"FCnt":0,"FOpts":"","FPort":255,"FRMPayload":"","MIC":0,` + info,
			frame("4000000000000000ff00000000"),
		},
		"propdf":     {`{"msgtype":"propdf","FRMPayload":"E00102",` + info, frame("e00102")},
		"dntxed":     {`{"msgtype":"dntxed","seqno":9,"diid":12,"DR":5,"Freq":868100000,"DevEui":"01-01-01-01-01-01-01-01","rctx":0,"xtime":1,"txtime":1.5,"gpstime":0}`, lns.Transmitted{DIID: 12}},
		"old dntxed": {`{"msgtype":"dntxed","seqno":9,"DevEui":"01-01-01-01-01-01-01-01"}`, lns.Transmitted{DIID: 9}},
		"timesync":   {`{"msgtype":"timesync","txtime":123456789012}`, lns.TimeSync{TxTime: 123456789012}},
		"version": {
			`{"msgtype":"version","station":"2.0.5(corecell/std)","firmware":null,"package":null,"model":"corecell","protocol":2,"features":"rmtsh gps"}`,
			lns.Version{Station: "2.0.5(corecell/std)", Model: "corecell", Features: "rmtsh gps"},
		},
		"odd version": {`{"msgtype":"version","station":3,"features":["gps"]}`, lns.Version{Station: "3", Features: `["gps"]`}},
		"rmtsh":       {`{"msgtype":"rmtsh","rmtsh":[]}`, lns.Other{Type: "rmtsh"}},
		"no type":     {`{}`, lns.Other{}},
		"dndf":        {`{"msgtype":"dndf","MHdr":96}`, lns.Other{Type: "dndf"}},
	} {
		got, err := lns.Parse([]byte(tt.in))
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const info = `"DR":5,"Freq":868100000,"upinfo":{"rctx":0,"xtime":1}}`
	data := func(change ...string) string {
		return strings.NewReplacer(change...).Replace(`{"msgtype":"updf","MHdr":64,"DevAddr":0,"FCtrl":1,"FCnt":0,"FOpts":"02","FPort":1,"FRMPayload":"01","MIC":0,` + info)
	}
	if _, err := lns.Parse([]byte(data())); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"not JSON":         `{`,
		"no object":        `[]`,
		"type is a number": `{"msgtype":1}`,
		"no MHdr":          data(`"MHdr":64,`, ``),
		"no DevAddr":       data(`"DevAddr":0,`, ``),
		"no MIC":           data(`"MIC":0,`, ``),
		"MHdr":             data(`"MHdr":64`, `"MHdr":256`),
		"DevAddr":          data(`"DevAddr":0`, `"DevAddr":4294967296`),
		"MIC":              data(`"MIC":0`, `"MIC":-2147483649`),
		"MIC is text":      data(`"MIC":0`, `"MIC":"0"`),
		"FCnt":             data(`"FCnt":0`, `"FCnt":65536`),
		"FOpts length":     data(`"02"`, `""`),
		"FOpts digits":     data(`"02"`, `"0x"`),
		"FPort":            data(`"FPort":1`, `"FPort":256`),
		"FPort below":      data(`"FPort":1`, `"FPort":-2`),
		"no FPort":         data(`"FPort":1`, `"FPort":-1`),
		"payload":          data(`"01"`, `"1"`),
		"too long":         data(`"01"`, `"`+strings.Repeat("00", 256)+`"`),
		"no xtime":         data(`"xtime":1`, `"xtime":0`),
		"no DR":            data(`"DR":5,`, ``),
		"no Freq":          data(`868100000`, `0`),
		"empty propdf":     `{"msgtype":"propdf","FRMPayload":"",` + info,
		"no DevNonce":      `{"msgtype":"jreq","MHdr":0,"JoinEui":"::1","DevEui":"::1","MIC":0,` + info,
		"DevEui":           `{"msgtype":"jreq","MHdr":0,"JoinEui":"::1","DevEui":"x","DevNonce":1,"MIC":0,` + info,
		"no JoinEui":       `{"msgtype":"jreq","MHdr":0,"JoinEui":null,"DevEui":"::1","DevNonce":1,"MIC":0,` + info,
		"no diid":          `{"msgtype":"dntxed"}`,
		"txtime":           `{"msgtype":"timesync","txtime":"now"}`,
	} {
		if got, err := lns.Parse([]byte(s)); err == nil {
			t.Errorf("%s: %+v, want an error", name, got)
		}
	}
}

// The MIC that the node has made is right for what is rebuilt.
func TestMIC(t *testing.T) {
	t.Parallel()
	key := lorawan.AES128Key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	port := uint8(7)
	phy := lorawan.PHYPayload{
		MHDR: lorawan.MHDR{MType: lorawan.ConfirmedDataUp, Major: lorawan.LoRaWANR1},
		MACPayload: &lorawan.MACPayload{
			FHDR:  lorawan.FHDR{DevAddr: lorawan.DevAddr{0xfc, 0xfd, 0xfe, 0xff}, FCnt: 0x8001},
			FPort: &port, FRMPayload: []lorawan.Payload{&lorawan.DataPayload{Bytes: []byte{1, 2, 3}}},
		},
	}
	if err := phy.SetUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, key, key); err != nil {
		t.Fatal(err)
	}
	mic := int32(uint32(phy.MIC[0]) | uint32(phy.MIC[1])<<8 | uint32(phy.MIC[2])<<16 | uint32(phy.MIC[3])<<24)
	m, err := lns.Parse(fmt.Appendf(nil, `{"msgtype":"updf","MHdr":128,"DevAddr":%d,"FCtrl":0,"FCnt":32769,"FOpts":"","FPort":7,`+
		`"FRMPayload":"010203","MIC":%d,"DR":0,"Freq":868100000,"upinfo":{"xtime":1}}`, -0x03020101, mic))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := m.(lns.Frame)
	if !ok {
		t.Fatalf("%T", m)
	}
	got, err := radio.Decode(f.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := got.ValidateUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, key, key); err != nil || !ok {
		t.Errorf("%x: MIC right %t, %v", f.Payload, ok, err)
	}
}

func TestDownlink(t *testing.T) {
	t.Parallel()
	d := lns.Downlink{DIID: 7, Payload: []byte{0x60, 0xff}, DataRate: 0, Frequency: 869_525_000, XTime: 1 << 56, RCtx: 2}
	for want, got := range map[string][]byte{
		`{"msgtype":"dnmsg","DevEui":"01-01-01-01-01-01-01-01","dC":0,"diid":7,"pdu":"60ff","RxDelay":5,"RX1DR":0,"RX1Freq":869525000,"priority":0,"xtime":72057594037927936,"rctx":2}`: d.At(5),
		`{"msgtype":"dnmsg","DevEui":"01-01-01-01-01-01-01-01","dC":2,"diid":7,"pdu":"60ff","RxDelay":1,"RX2DR":0,"RX2Freq":869525000,"priority":0,"xtime":72057594037927936,"rctx":2}`: d.Soon(),
		`{"msgtype":"dnmsg","DevEui":"01-01-01-01-01-01-01-01","dC":2,"diid":0,"pdu":"","RxDelay":1,"RX2DR":0,"RX2Freq":0,"priority":0,"rctx":0}`:                                       lns.Downlink{}.Soon(),
	} {
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTimeSyncReply(t *testing.T) {
	t.Parallel()
	// 2017-01-01 00:00:00 UTC is second 1167264018 of GPS time (IERS Bulletin C 52).
	now := time.Date(2017, 1, 1, 0, 0, 0, 250_000_000, time.UTC)
	want := `{"msgtype":"timesync","txtime":42,"gpstime":1167264018250000,"MuxTime":1483228800.25}`
	if got := string(lns.TimeSyncReply(lns.TimeSync{TxTime: 42}, now)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Nothing panics, and a frame that is rebuilt is one that could have been on
// air.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"msgtype":"jreq","MHdr":0,"JoinEui":"::1","DevEui":"00-11-22-33-44-55-66-77","DevNonce":1,"MIC":-1,"DR":5,"Freq":868100000,"upinfo":{"rctx":0,"xtime":1}}`))
	f.Add([]byte(`{"msgtype":"updf","MHdr":64,"DevAddr":-1,"FCtrl":1,"FCnt":0,"FOpts":"02","FPort":1,"FRMPayload":"01","MIC":0,"DR":5,"Freq":868100000,"upinfo":{"xtime":-1}}`))
	f.Add([]byte(`{"msgtype":"propdf","FRMPayload":"E0","DR":5,"Freq":1,"upinfo":{"xtime":1}}`))
	f.Add([]byte(`{"msgtype":"dntxed","diid":1}`))
	f.Add([]byte(`{"msgtype":"updf"}`))
	f.Add([]byte(`{"msgtype":"version","features":[]}`))
	f.Add([]byte(`{"msgtype":"timesync","txtime":9e9}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := lns.Parse(b)
		if (m == nil) != (err != nil) {
			t.Errorf("%v, %v", m, err)
		}
		if got, ok := m.(lns.Frame); ok && (len(got.Payload) < 1 || len(got.Payload) > radio.MaxPHYPayload || got.XTime == 0 || got.Frequency == 0) {
			t.Errorf("%+v", got)
		}
	})
}

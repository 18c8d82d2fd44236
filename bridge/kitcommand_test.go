package bridge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseKit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		want Downlink
		err  string
	}{
		"text":                 {`{"fport":1,"payload":"on"}`, Downlink{FPort: 1, Payload: []byte("on")}, ""},
		"any case":             {`{"FPORT":1,"PayLoad":"on","Confirmed":true,"MessageID":"m"}`, Downlink{ID: "m", FPort: 1, Payload: []byte("on"), Confirmed: true}, ""},
		"base64":               {`{"fport":2,"rawPayload":"AQI="}`, Downlink{FPort: 2, Payload: []byte{1, 2}}, ""},
		"text before base64":   {`{"fport":2,"payload":"a","rawPayload":"AQI="}`, Downlink{FPort: 2, Payload: []byte("a")}, ""},
		"empty text, base64":   {`{"fport":2,"payload":"","rawPayload":"AQI="}`, Downlink{FPort: 2, Payload: []byte{1, 2}}, ""},
		"no payload":           {`{"fport":2}`, Downlink{FPort: 2}, ""},
		"MAC command":          {`{"macCommands":[{"cid":"DevStatusCmd"}]}`, Downlink{AskStatus: true}, ""},
		"MAC command, port 0":  {`{"fport":0,"macCommands":[{"CID":"devstatuscmd"}]}`, Downlink{AskStatus: true}, ""},
		"MAC command and data": {`{"fport":3,"payload":"x","macCommands":[{"cid":"DevStatusCmd"}]}`, Downlink{FPort: 3, Payload: []byte("x"), AskStatus: true}, ""},
		"other MAC command":    {`{"macCommands":[{"cid":"LinkADRCmd","dataRate":5}]}`, Downlink{}, "LinkADRCmd"},
		"no base64":            {`{"fport":2,"rawPayload":"!"}`, Downlink{}, "rawPayload"},
		"no port":              {`{"payload":"x"}`, Downlink{}, "fport"},
		"port 0 with payload":  {`{"fport":0,"payload":"x","macCommands":[{"cid":"DevStatusCmd"}]}`, Downlink{}, "fport"},
		"long id":              {`{"fport":1,"messageId":"` + strings.Repeat("x", 129) + `"}`, Downlink{}, "messageId"},
		"no JSON":              {`{`, Downlink{}, "JSON"},
	} {
		d, err := parseKit([]byte(tt.in))
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %+v, %v; want an error about %s", name, d, err, tt.err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, d); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for in, want := range map[string]bool{
		`{"fport":1}`: true, `{"fPort":1,"PayloadHex":"00"}`: false, `{"fPort":1,"payload":"AQ==","ttl":"2h"}`: false, `[1]`: false,
	} {
		if isKit([]byte(in)) != want {
			t.Errorf("isKit(%s) is %v", in, !want)
		}
	}
}

func TestKitSettings(t *testing.T) {
	t.Parallel()
	s, bad := kitSettings([]byte(`{"ClassType":"C","PreferredWindow":"2","Downlink":false,"SensorDecoder":"http://decoder/api/X",
		"RX1DROffset":1,"RX2DataRate":"3","RXDelay":0,"Deduplication":"drop","GatewayID":"","ABPRelaxMode":false,"Supports32BitFCnt":true,
		"KeepAliveTimeout":0,"AppKey":"00112233445566778899AABBCCDDEEFF","mine":1}`))
	if len(bad) != 0 {
		t.Errorf("refused: %v", bad)
	}
	if *s.Class != ClassC || !*s.Window || !*s.NoDownlinks || *s.Codec != "http://decoder/api/X" || *s.RX1DROffset != 1 || *s.RX2DataRate != 3 || *s.RXDelay != 1 {
		t.Errorf("got %+v", s)
	}
	_, bad = kitSettings([]byte(`{"ClassType":"B","PreferredWindow":3,"Downlink":"maybe","RX1DROffset":9,"RXDelay":16,"Deduplication":"Mark",
		"GatewayID":"pi2","ABPRelaxMode":true,"FCntUpStart":10,"FCntDownStart":1,"FCntResetCounter":2,"KeepAliveTimeout":60,"SensorDecoder":7}`))
	for _, name := range []string{
		"ClassType", "PreferredWindow", "Downlink", "RX1DROffset", "RXDelay", "Deduplication", "GatewayID", "ABPRelaxMode", "FCntUpStart",
		"FCntDownStart", "FCntResetCounter", "KeepAliveTimeout", "SensorDecoder",
	} {
		if bad[name] == "" {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestKitAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		commands []byte
		want     map[string]string
	}{
		"none":           {nil, nil},
		"status":         {[]byte{6, 127, 5}, map[string]string{"DevStatusCmd": `"Type: DevStatusCmd Answer, Battery Level: 127, Margin: 5"`}},
		"ADR and window": {[]byte{3, 5, 8}, map[string]string{"LinkADRCmd": `"Type: LinkADRCmd Answer, power: changed, data rate: not changed, channels: changed"`, "RXTimingCmd": `"Type: RXTimingCmd Answer"`}},
		"request first":  {[]byte{2, 13, 4}, map[string]string{"DutyCycleCmd": `"Type: DutyCycleCmd Answer"`}},
		"cut off":        {[]byte{4, 6, 1}, map[string]string{"DutyCycleCmd": `"Type: DutyCycleCmd Answer"`}},
		"unknown":        {[]byte{0x7F, 6, 1, 1}, nil},
	} {
		if diff := cmp.Diff(tt.want, kitAnswers(tt.commands)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestKitReportWorth(t *testing.T) {
	t.Parallel()
	dr := uint8(5)
	last := kitReport{DevAddr: "2601AB04", FCntUp: 100, FCntDown: 50, DataRate: &dr, StationEUI: "A"}
	other := uint8(4)
	for name, tt := range map[string]struct {
		change func(*kitReport)
		want   bool
	}{
		"the same":      {func(*kitReport) {}, false},
		"nine uplinks":  {func(r *kitReport) { r.FCntUp += 9 }, false},
		"ten uplinks":   {func(r *kitReport) { r.FCntUp += 10 }, true},
		"ten downlinks": {func(r *kitReport) { r.FCntDown += 10 }, true},
		"a new session": {func(r *kitReport) { r.FCntUp = 0 }, true},
		"data rate":     {func(r *kitReport) { r.DataRate = &other }, true},
		"station":       {func(r *kitReport) { r.StationEUI = "B" }, false},
	} {
		now := last
		tt.change(&now)
		if now.worth(last) != tt.want {
			t.Errorf("%s: worth is %v", name, !tt.want)
		}
	}
}

func FuzzParseKit(f *testing.F) {
	f.Add([]byte(`{"devEUI":"47AAC86800430028","fport":1,"confirmed":false,"payload":"text","rawPayload":"AQ==","messageId":"id","macCommands":[{"cid":"DevStatusCmd"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseKit(b)
		if err == nil && d.FPort == 0 && (len(d.Payload) > 0 || !d.AskStatus) {
			t.Errorf("%q became %+v", b, d)
		}
		if s, bad := kitSettings(json.RawMessage(b)); s.RXDelay != nil && (*s.RXDelay == 0 || *s.RXDelay > 15) {
			t.Errorf("%q became a delay of %d, %v", b, *s.RXDelay, bad)
		}
	})
}

package semtechudp

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

func payload(t *testing.T, s string) []byte {
	t.Helper()
	return unhex(t, s)
}

// What forwarders really send.
func TestParseRxpk(t *testing.T) {
	t.Parallel()
	sf7 := radio.LoRaDataRate(7, 125_000)
	for name, tt := range map[string]struct {
		body string
		want heard
	}{
		"PROTOCOL.TXT, no padding, both alphabets": {
			`{"time":"2013-03-31T16:21:17.528002Z","tmst":3512348611,"chan":2,"rfch":0,"freq":866.349812,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/6","rssi":-35,"lsnr":5.1,"size":32,"data":"-DS4CGaDCdG+48eJNM3Vai-zDpsR71Pn9CPA9uCON84"}`,
			heard{3512348611, crcGood, radio.Uplink{
				Payload:   payload(t, "f834b808668309d1bee3c78934cdd56a2fb30e9b11ef53e7f423c0f6e08e37ce"),
				Frequency: 866_349_812, DataRate: sf7, CodingRate: "4/6", RSSI: -35, SNR: 5.1, Channel: 2,
			}},
		},
		"PROTOCOL.TXT, FSK": {
			`{"time":"2013-03-31T16:21:17.530974Z","tmst":3512348514,"chan":9,"rfch":1,"freq":869.1,"stat":1,"modu":"FSK","datr":50000,"rssi":-75,"size":16,"data":"VEVTVF9QQUNLRVRfMTIzNA=="}`,
			heard{3512348514, crcGood, radio.Uplink{
				Payload: []byte("TEST_PACKET_1234"), Frequency: 869_100_000, DataRate: radio.FSKDataRate(50_000), RSSI: -75, Channel: 9, RFChain: 1,
			}},
		},
		"lora_pkt_fwd 4.0.1 on a PicoCell": {
			`{"tmst":15935543,"chan":0,"rfch":1,"freq":868.100000,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","lsnr":9.5,"rssi":-55,"size":17,"data":"QPF9vkkAAgABlUN4disR/w0="}`,
			heard{15935543, crcGood, radio.Uplink{
				Payload:   payload(t, "40f17dbe4900020001954378762b11ff0d"),
				Frequency: 868_100_000, DataRate: sf7, CodingRate: "4/5", RSSI: -55, SNR: 9.5, RFChain: 1,
			}},
		},
		"gateway v2 with antennas": {
			`{"aesk":0,"brd":0,"codr":"4/5","data":"QKydCyYAQwMB7iu5QD6sH5u1C+Yh","datr":"SF9BW125","freq":867.1,"jver":2,"modu":"LORA","rsig":[{"ant":0,"chan":0,"lsnr":3.2,"rssic":-50},{"ant":1,"chan":4,"lsnr":13.2,"rssic":-53}],"size":21,"stat":1,"time":"2023-02-22T01:53:31.306224Z","tmst":3800595284}`,
			heard{3800595284, crcGood, radio.Uplink{
				Payload:   payload(t, "40ac9d0b2600430301ee2bb9403eac1f9bb50be621"),
				Frequency: 867_100_000, DataRate: radio.LoRaDataRate(9, 125_000), CodingRate: "4/5", RSSI: -53, SNR: 13.2, Channel: 4,
			}},
		},
		"LR-FHSS": {
			`{"jver":2,"tmst":3512348513,"freq":865.4,"stat":1,"modu":"LR-FHSS","datr":"M0CW137","codr":"4/6","hpw":8,"size":5,"data":"AQIDBAU=","rsig":[{"ant":0,"chan":3,"rssic":-105}]}`,
			heard{3512348513, crcGood, radio.Uplink{
				Payload: []byte{1, 2, 3, 4, 5}, Frequency: 865_400_000, DataRate: radio.LRFHSSDataRate(137_000), CodingRate: "4/6", RSSI: -105, Channel: 3,
			}},
		},
		"numbers in quotes, with points and exponents": {
			`{"tmst":"1.5e6","freq":"868.3","chan":"1","stat":"1","rssi":"-35.0","lsnr":" 7 ","datr":"SF7BW125","data":"AQ=="}`,
			heard{1_500_000, crcGood, radio.Uplink{Payload: []byte{1}, Frequency: 868_300_000, DataRate: sf7, RSSI: -35, SNR: 7, Channel: 1}},
		},
		"FSK rate in quotes": {
			`{"tmst":1,"freq":868.8,"stat":1,"modu":"FSK","datr":"50000","codr":"OFF","data":"AQ"}`,
			heard{1, crcGood, radio.Uplink{Payload: []byte{1}, Frequency: 868_800_000, DataRate: radio.FSKDataRate(50_000)}},
		},
		"nulls, and what makes no sense": {
			`{"tmst":0,"freq":868.1,"chan":null,"rssi":null,"lsnr":"n/a","rfch":300,"codr":null,"rsig":null,"stat":null,"datr":"SF7BW125","modu":"lora","data":"AQID"}`,
			heard{0, crcGood, radio.Uplink{Payload: []byte{1, 2, 3}, Frequency: 868_100_000, DataRate: sf7}},
		},
		"line break within base64": {
			`{"tmst":1,"freq":868.1,"datr":"SF7BW125","stat":-1,"data":"AQID\nBAU="}`,
			heard{1, crcBad, radio.Uplink{Payload: []byte{1, 2, 3, 4, 5}, Frequency: 868_100_000, DataRate: sf7}},
		},
		"no CRC": {
			`{"tmst":1,"freq":868.1,"datr":"SF7BW125","stat":0,"data":"AQ=="}`,
			heard{1, crcNone, radio.Uplink{Payload: []byte{1}, Frequency: 868_100_000, DataRate: sf7}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseRxpk([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(heard{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRxpkRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no object":      `7`,
		"no tmst":        `{"freq":868.1,"datr":"SF7BW125","data":"AQ=="}`,
		"tmst too large": `{"tmst":4294967296,"freq":868.1,"datr":"SF7BW125","data":"AQ=="}`,
		"tmst negative":  `{"tmst":-1,"freq":868.1,"datr":"SF7BW125","data":"AQ=="}`,
		"no freq":        `{"tmst":1,"datr":"SF7BW125","data":"AQ=="}`,
		"freq 0":         `{"tmst":1,"freq":0,"datr":"SF7BW125","data":"AQ=="}`,
		"freq in Hz":     `{"tmst":1,"freq":868100000,"datr":"SF7BW125","data":"AQ=="}`,
		"no datr":        `{"tmst":1,"freq":868.1,"data":"AQ=="}`,
		"unknown datr":   `{"tmst":1,"freq":868.1,"datr":"SF17BW125","data":"AQ=="}`,
		"datr no LoRa":   `{"tmst":1,"freq":868.1,"modu":"LORA","datr":50000,"data":"AQ=="}`,
		"no data":        `{"tmst":1,"freq":868.1,"datr":"SF7BW125"}`,
		"empty data":     `{"tmst":1,"freq":868.1,"datr":"SF7BW125","data":""}`,
		"no base64":      `{"tmst":1,"freq":868.1,"datr":"SF7BW125","data":"AQ*="}`,
	} {
		if got, err := parseRxpk([]byte(body)); err == nil {
			t.Errorf("%s: %+v, want an error", name, got)
		}
	}
}

// One frame that makes no sense spoils no other.
func TestParsePush(t *testing.T) {
	t.Parallel()
	p, err := parsePush([]byte("{\"rxpk\":[{\"tmst\":1},7,{\"tmst\":2}],\"stat\":{}}\x00\n"))
	if err != nil || len(p.Frames) != 3 || string(p.Status) != "{}" {
		t.Errorf("%+v, %v", p, err)
	}
	for _, body := range []string{"", "{", `{"rxpk":{}}`, "[]x"} {
		if _, err := parsePush([]byte(body)); err == nil {
			t.Errorf("%q: want an error", body)
		}
	}
}

// Whatever is read is a frame that the rest of the program can take.
func FuzzRxpk(f *testing.F) {
	f.Add([]byte(`{"tmst":15935543,"chan":0,"rfch":1,"freq":868.100000,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","lsnr":9.5,"rssi":-55,"size":17,"data":"QPF9"}`))
	f.Add([]byte(`{"tmst":"1e3","freq":"868.1","datr":50000,"rsig":[{"rssic":-1,"lsnr":"x"}],"data":"AQ"}`))
	f.Add([]byte(`{"tmst":1e999,"freq":-0,"datr":{},"data":"\u0000"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseRxpk(b)
		if err != nil {
			return
		}
		u := h.uplink
		if n := len(u.Payload); n < 1 || n > radio.MaxPHYPayload {
			t.Errorf("%d bytes: %s", n, hex.EncodeToString(u.Payload))
		}
		if u.Frequency == 0 || len(u.CodingRate) != 0 && len(u.CodingRate) != 3 {
			t.Errorf("%+v", u)
		}
		if again, err := radio.ParseDataRate(u.DataRate.String()); err != nil || again != u.DataRate {
			t.Errorf("data rate %s: %v", u.DataRate, err)
		}
	})
}

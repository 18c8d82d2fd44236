package semtechudp

import (
	"errors"
	"testing"

	"gatewayd/radio"
)

func TestPullRespBody(t *testing.T) {
	t.Parallel()
	lora := radio.Downlink{
		Payload: []byte{0x60, 1, 2}, Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), Power: 14,
	}
	odd, fsk := lora, lora
	odd.Frequency, odd.Power = 923_300_001, -1
	fsk.DataRate, fsk.Frequency = radio.FSKDataRate(50_000), 868_800_000
	for name, tt := range map[string]struct {
		d    radio.Downlink
		soon bool
		want string
	}{
		"timed":     {lora, false, `{"txpk":{"imme":false,"tmst":4294967295,"freq":868.100000,"rfch":0,"powe":14,"modu":"LORA","datr":"SF7BW125","codr":"4/5","ipol":true,"prea":8,"size":3,"ncrc":true,"data":"YAEC"}}`},
		"immediate": {lora, true, `{"txpk":{"imme":true,"freq":868.100000,"rfch":0,"powe":14,"modu":"LORA","datr":"SF7BW125","codr":"4/5","ipol":true,"prea":8,"size":3,"ncrc":true,"data":"YAEC"}}`},
		"to the Hz": {odd, true, `{"txpk":{"imme":true,"freq":923.300001,"rfch":0,"powe":-1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","ipol":true,"prea":8,"size":3,"ncrc":true,"data":"YAEC"}}`},
		"FSK":       {fsk, true, `{"txpk":{"imme":true,"freq":868.800000,"rfch":0,"powe":14,"modu":"FSK","datr":50000,"fdev":25000,"ipol":false,"prea":5,"size":3,"ncrc":false,"data":"YAEC"}}`},
	} {
		got, err := pullRespBody(tt.d, 0xffffffff, tt.soon)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, tt.want)
		}
	}
}

func TestParseTxAck(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]radio.TxReason{
		"":                                            "",
		"\x00":                                        "",
		`{"txpk_ack":{"error":"NONE"}}`:               "",
		`{"txpk_ack":{"error":""}}`:                   "",
		`{"txpk_ack":{"error":null}}`:                 "",
		`{"txpk_ack":{}}`:                             "",
		`{}`:                                          "",
		`{"txpk_ack":{"error":"TOO_LATE"}}`:           radio.TxTooLate,
		`{"txpk_ack":{"error":"too_late"}}`:           radio.TxTooLate,
		`{"txpk_ack":{"error":"TOO_EARLY"}}`:          radio.TxTooEarly,
		`{"txpk_ack":{"error":"TX_FREQ"}}`:            radio.TxFrequency,
		`{"txpk_ack":{"error":"TX_POWER"}}`:           radio.TxPower,
		`{"txpk_ack":{"error":"QUEUE_FULL"}}`:         radio.TxQueueFull,
		`{"txpk_ack":{"error":"COLLISION_PACKET"}}`:   radio.TxCollision,
		`{"txpk_ack":{"error":"COLLISION_BEACON"}}`:   radio.TxCollision,
		`{"txpk_ack":{"error":"GPS_UNLOCKED"}}`:       radio.TxHardware,
		`{"txpk_ack":{"error":"out of cheese"}}`:      radio.TxHardware,
		`{"txpk_ack":{"warn":"TX_POWER","value":20}}`: "",
		`{"txpk_ack":{"error":"NONE","warn":"TX_POWER","value":"20"}}`: "",
		`{"txpk_ack":`: radio.TxHardware,
		`[]`:           radio.TxHardware,
	} {
		v := parseTxAck([]byte(body))
		te, ok := errors.AsType[*radio.TxError](v.err)
		if ok != (want != "") || ok && te.Reason != want {
			t.Errorf("%q: %v, want %q", body, v.err, want)
		}
	}
	if v := parseTxAck([]byte(`{"txpk_ack":{"warn":"TX_POWER","value":20}}`)); v.warn != "TX_POWER" {
		t.Errorf("warning %q", v.warn)
	}
}

func FuzzTxAck(f *testing.F) {
	f.Add([]byte(`{"txpk_ack":{"error":"TOO_LATE"}}`))
	f.Add([]byte(`{"txpk_ack":{"warn":"TX_POWER","value":20}}`))
	f.Add([]byte(`0`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := parseTxAck(b)
		if v.err != nil {
			if te, ok := errors.AsType[*radio.TxError](v.err); !ok || te.Reason == "" || len(te.Detail) > 80 {
				t.Errorf("%v", v.err)
			}
		}
		for _, r := range v.warn {
			if r < ' ' || r > '~' {
				t.Errorf("warning %q", v.warn)
			}
		}
	})
}

package codec

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		codec    string
		payload  []byte
		data     string
		warnings int
	}{
		{Hex, []byte{0, 0xff}, `"00ff"`, 0},
		{Hex, nil, `""`, 0},
		{Text, []byte("21.5 °C\n\"ok\""), `"21.5 °C\n\"ok\""`, 0},
		{Text, []byte{'a', 0xff}, `"a` + "\uFFFD" + `"`, 1},
		{None, []byte{1}, `null`, 0},
	} {
		c, err := Load(tt.codec, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []Result{c.DecodeUplink(t.Context(), Uplink{Bytes: tt.payload}), c.DecodeDownlink(t.Context(), Uplink{Bytes: tt.payload})} {
			if string(r.Data) != tt.data || len(r.Warnings) != tt.warnings || len(r.Errors) != 0 {
				t.Errorf("%v of %x: %s %q %q, want %s", c, tt.payload, r.Data, r.Warnings, r.Errors, tt.data)
			}
		}
	}
}

func TestPlainEncode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ codec, data, want, message string }{
		{Hex, `"0x00 FF:01"`, "\x00\xff\x01", ""},
		{Hex, `"0"`, "", "hexadecimal digits"},
		{Hex, `1`, "", "JSON string"},
		{Text, `"hé"`, "hé", ""},
		{Text, `{}`, "", "JSON string"},
		{None, `{"hex":"0102"}`, "\x01\x02", ""},
		{None, `{"bytes":[1,255]}`, "\x01\xff", ""},
		{None, `{"bytes":"AQI="}`, "\x01\x02", ""},
		{None, `{"bytes":[256]}`, "", "byte 0 is 256"},
		{None, `{"bytes":"?"}`, "", "or base64"},
		{None, `{}`, "", "without a codec"},
		{None, `{"hex":"00","bytes":[]}`, "", "without a codec"},
	} {
		c, err := Load(tt.codec, Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.EncodeDownlink(t.Context(), Command{FPort: 3, Data: json.RawMessage(tt.data)})
		switch {
		case tt.message != "":
			if err == nil || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("%v of %s: %v, want %s", c, tt.data, err, tt.message)
			}
		case err != nil || string(d.Bytes) != tt.want || d.FPort != 3:
			t.Errorf("%v of %s: %x on %d, %v, want %x", c, tt.data, d.Bytes, d.FPort, err, tt.want)
		}
	}
}

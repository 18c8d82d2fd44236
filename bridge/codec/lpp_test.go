package codec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// TestCayenne has the examples of myDevices' Cayenne LPP documentation, and one
// value of each further type.
func TestCayenne(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ payload, data string }{
		"two temperatures": {"03 67 01 10 05 67 00 FF", `{"temperature_3":27.2,"temperature_5":25.5}`},
		"below zero":       {"01 67 FF D7", `{"temperature_1":-4.1}`},
		"temperature and accelerometer": {
			"01 67 FF D7 06 71 04 D2 FB 2E 00 00",
			`{"temperature_1":-4.1,"accelerometer_6":{"x":1.234,"y":-1.234,"z":0}}`,
		},
		"GPS":           {"01 88 06 76 5F F2 96 0A 00 03 E8", `{"gps_1":{"latitude":42.3519,"longitude":-87.9094,"altitude":10}}`},
		"digital":       {"00 00 01 01 01 00", `{"digital_in_0":1,"digital_out_1":0}`},
		"analog":        {"02 02 FF 9C 03 03 04 D2", `{"analog_in_2":-1,"analog_out_3":12.34}`},
		"generic":       {"04 64 FF FF FF FF", `{"generic_4":4294967295}`},
		"luminosity":    {"05 65 FF FF", `{"luminosity_5":65535}`},
		"presence":      {"06 66 01", `{"presence_6":1}`},
		"humidity":      {"07 68 5B", `{"relative_humidity_7":45.5}`},
		"barometer":     {"08 73 27 94", `{"barometric_pressure_8":1013.2}`},
		"voltage":       {"09 74 01 4A", `{"voltage_9":3.3}`},
		"current":       {"0A 75 05 DC", `{"current_10":1.5}`},
		"frequency":     {"0B 76 33 BC A1 00", `{"frequency_11":868000000}`},
		"percentage":    {"0C 78 64", `{"percentage_12":100}`},
		"altitude":      {"0D 79 FF FE", `{"altitude_13":-2}`},
		"load":          {"0E 7A FF FF FF", `{"load_14":-0.001}`},
		"concentration": {"0F 7D 01 F4", `{"concentration_15":500}`},
		"power":         {"10 80 03 E8", `{"power_16":1000}`},
		"distance":      {"11 82 00 00 04 D2", `{"distance_17":1.234}`},
		"energy":        {"12 83 00 00 04 D2", `{"energy_18":1.234}`},
		"direction":     {"13 84 01 67", `{"direction_19":359}`},
		"unix time":     {"14 85 65 9F 3F 80", `{"unix_time_20":1704935296}`},
		"gyrometer":     {"15 86 00 64 FF 9C 00 01", `{"gyrometer_21":{"x":1,"y":-1,"z":0.01}}`},
		"colour":        {"16 87 FF 80 00", `{"colour_22":{"r":255,"g":128,"b":0}}`},
		"switch":        {"FF 8E 01", `{"switch_255":1}`},
		"empty":         {"", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := ParseHex(tt.payload)
			if err != nil {
				t.Fatal(err)
			}
			r := cayenne{}.decodeUplink(t.Context(), Uplink{Bytes: b})
			if string(r.Data) != tt.data || len(r.Errors)+len(r.Warnings) > 0 {
				t.Errorf("decoded %s, want %s; %q %q", r.Data, tt.data, r.Warnings, r.Errors)
			}
			d, err := cayenne{}.encodeDownlink(t.Context(), Command{FPort: 2, Data: json.RawMessage(tt.data)})
			if err != nil || !bytes.Equal(d.Bytes, b) || d.FPort != 2 {
				t.Errorf("encoded %x, %v, want %x", d.Bytes, err, b)
			}
		})
	}
}

func TestCayenneDamaged(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]struct{ data, message string }{
		"0167FFD70268":     {`{"temperature_1":-4.1}`, "byte 4: relative_humidity of channel 2 has 1 bytes, and 0 are left"},
		"0167FFD702FF0102": {`{"temperature_1":-4.1}`, "byte 4: type 255 is not one of Cayenne LPP"},
		"01":               {`{}`, "byte 0: a channel without a type"},
		"0100010100":       {`{"digital_in_1":1}`, "digital_in of channel 1 has 1 bytes"},
		"010001010000":     {`{"digital_in_1":1}`, "digital_in_1 comes more than once"},
	} {
		b, err := hex.DecodeString(payload)
		if err != nil {
			t.Fatal(err)
		}
		r := cayenne{}.decodeUplink(t.Context(), Uplink{Bytes: b})
		if text := strings.Join(append(r.Errors, r.Warnings...), "; "); string(r.Data) != want.data || !strings.Contains(text, want.message) {
			t.Errorf("%s: %s %q, want %s and %q", payload, r.Data, text, want.data, want.message)
		}
	}
}

func TestCayenneRefuses(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`[]`:                                   `data of cayenne-lpp is an object`,
		`{"temperature":1}`:                    `temperature: want a type and a channel`,
		`{"temperature_256":1}`:                `want a type and a channel`,
		`{"warmth_1":1}`:                       `"warmth" is not a type`,
		`{"temperature_1":"x"}`:                `want a number`,
		`{"temperature_1":null}`:               `want a number`,
		`{"temperature_1":4000}`:               `4000 is out of range, want -3276.8 to 3276.7`,
		`{"gps_1":1}`:                          `want an object with the members of gps`,
		`{"gps_1":{"latitude":1}}`:             `longitude: want a number`,
		`{"gps_1":{"latitude":91}}`:            `latitude: 91 is out of range, want -90 to 90`,
		`{"digital_out_1":-1}`:                 `out of range, want 0 to 255`,
		`{"digital_out_1":true,"switch_1":{}}`: `switch_1: want a number`,
		`{"digital_out_1":1`:                   `not JSON`,
	} {
		_, err := cayenne{}.encodeDownlink(t.Context(), Command{Data: json.RawMessage(data)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

// FuzzCayenne wants JSON of whatever comes, and the same bytes back when all
// of it was understood.
func FuzzCayenne(f *testing.F) {
	for _, seed := range []string{"0367011005", "018806765ff2960a0003e8", "0671", "ff8e01ff8e02", "00"} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := cayenne{}.decodeUplink(t.Context(), Uplink{Bytes: b})
		if !json.Valid(r.Data) {
			t.Fatalf("%x: not JSON: %s", b, r.Data)
		}
		if len(r.Errors)+len(r.Warnings) > 0 || len(b) > maxPayload || strings.Contains(string(r.Data), "gps_") {
			return // a position may be off the globe
		}
		d, err := cayenne{}.encodeDownlink(t.Context(), Command{Data: r.Data})
		if err != nil || !bytes.Equal(d.Bytes, b) {
			t.Errorf("%x became %s became %x, %v", b, r.Data, d.Bytes, err)
		}
	})
}

package modem

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

func allKinds() []Kind { return []Kind{RN2483, RUI3, RAK811, LoRaE5} }

// table is the module of a kind, which exists.
func table(t testing.TB, k Kind) *module {
	t.Helper()
	m, err := lookup(k)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParse(t *testing.T) {
	t.Parallel()
	frame := func(rssi, snr float32, b ...byte) event {
		return event{kind: evFrame, payload: b, levels: levels{rssi, snr}}
	}
	kind := func(k eventKind) event { return event{kind: k} }
	full := strings.Repeat("5A", radio.MaxPHYPayload)
	for _, tt := range []struct {
		kind Kind
		text string
		want event
	}{
		{RN2483, "radio_rx  40F17DBE", frame(0, 0, 0x40, 0xf1, 0x7d, 0xbe)},
		{RN2483, "radio_rx 40f17dbe", frame(0, 0, 0x40, 0xf1, 0x7d, 0xbe)},
		{RN2483, "radio_rx  40F", kind(evMalformed)},
		{RN2483, "radio_rx  " + full + "00", kind(evMalformed)},
		{RN2483, "radio_rx  ", kind(evOther)},
		{RN2483, "radio_rx  40F1 7DBE", kind(evOther)},
		{RN2483, "radio_rx  40?1", kind(evOther)},
		{RN2483, "radio_err", kind(evBad)},
		{RN2483, "RN2483 1.0.5 Oct 31 2018 15:06:52", kind(evBanner)},
		{RN2483, "RN2903 1.0.5 Nov 06 2018 10:45:27", kind(evBanner)},
		{RN2483, "RN2483A 1.0.3 Mar 22 2017 06:00:42", kind(evBanner)},
		{RN2483, "ok", kind(evOther)},
		{RUI3, "+EVT:RXP2P:-28:5:0A1B", frame(-28, 5, 0x0a, 0x1b)},
		{RUI3, "+EVT:RXP2P:-128:-19:0a1b", frame(-128, -19, 0x0a, 0x1b)},
		{RUI3, "+EVT:RXP2P:-99999:5:0A1B", kind(evMalformed)},
		{RUI3, "+EVT:RXP2P:-28:5:0A1", kind(evMalformed)},
		{RUI3, "+EVT:RXP2P RECEIVE ERROR", kind(evBad)},
		{RUI3, "+EVT:RXP2P RECEIVE TIMEOUT", kind(evEnded)},
		{RUI3, "+EVT:TXP2P DONE", kind(evOther)},
		{RUI3, "RAKwireless RAK3172-E", kind(evBanner)},
		{RUI3, "Current Work Mode: LoRa P2P.", kind(evBanner)},
		{RAK811, "at+recv=-69,6,3:313030", frame(-69, 6, 0x31, 0x30, 0x30)},
		{RAK811, "at+recv=0,-69,6,3:313030", frame(-69, 6, 0x31, 0x30, 0x30)},
		{RAK811, "at+recv=-69,6,2:313030", kind(evMalformed)},
		{RAK811, "at+recv=3,0,0", kind(evOther)},
		{RAK811, "Initialization OK", kind(evBanner)},
		{LoRaE5, "+TEST: LEN:17, RSSI:-45, SNR:9", event{kind: evLevels, levels: levels{-45, 9}, size: 17}},
		{LoRaE5, "+TEST: LEN:0, RSSI:-45, SNR:9", kind(evMalformed)},
		{LoRaE5, "+TEST: LEN:256, RSSI:-45, SNR:9", kind(evMalformed)},
		{LoRaE5, "+TEST: LEN:9999999999999999999999, RSSI:-45, SNR:9", kind(evMalformed)},
		{LoRaE5, `+TEST: RX "00112233"`, frame(0, 0, 0, 0x11, 0x22, 0x33)},
		{LoRaE5, `+TEST: RX "0011223"`, kind(evMalformed)},
		{LoRaE5, `+TEST: RX ""`, kind(evOther)},
		{LoRaE5, "+RESET: OK", kind(evBanner)},
	} {
		if diff := cmp.Diff(tt.want, table(t, tt.kind).parse(tt.text), cmp.AllowUnexported(event{}, levels{})); diff != "" {
			t.Errorf("%s: %q (-want +got):\n%s", tt.kind, tt.text, diff)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text   string
		want   version
		before bool // of 1.0.5
	}{
		{"1.0.5", version{1, 0, 5}, false},
		{"1.0.3", version{1, 0, 3}, true},
		{"0.9.9", version{0, 9, 9}, true},
		{"1.1.0", version{1, 1, 0}, false},
		{"2", version{2, 0, 0}, false},
		{"", version{}, true},
	} {
		got := parseVersion(tt.text)
		if got != tt.want || got.before(version{1, 0, 5}) != tt.before {
			t.Errorf("%q: %v, before 1.0.5: %v", tt.text, got, !tt.before)
		}
	}
}

// Nothing panics, and a frame is what its line says.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"radio_rx  40F17DBE", "radio_err", "RN2483 1.0.5 Oct 31 2018 15:06:52", "+EVT:RXP2P:-28:5:0A1B",
		"at+recv=1,-69,6,3:313030", "+TEST: LEN:17, RSSI:-45, SNR:9", `+TEST: RX "00112233"`,
	} {
		f.Add(s)
	}
	var modules []*module
	for _, k := range allKinds() {
		modules = append(modules, table(f, k))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range modules {
			e := m.parse(text)
			if (e.kind == evFrame) != (len(e.payload) > 0) || len(e.payload) > radio.MaxPHYPayload {
				t.Errorf("%s: %q gives %+v", m.kind, text, e)
			}
			if e.kind == evFrame && !strings.Contains(strings.ToUpper(text), fmt.Sprintf("%X", e.payload)) {
				t.Errorf("%s: %q gives payload %X", m.kind, text, e.payload)
			}
		}
	})
}

package capture

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const text = `# what a neighbour sent

40DA1B0126800100012D
QNobASaAAQABLQ==
QNobASaAAQABLQ
40:DA:1B 01-26-80
{"seq":7,"at":"2026-01-31T12:00:00.5Z","direction":"up","verdict":"accepted","size":3,"phyPayload":"AQID","frequency":868300000,"dataRate":"SF9BW125","rssi":-97.5,"snr":-3.5}
{"at":"2026-01-31T12:00:01Z","direction":"down","phyPayload":"AQID"}
{"rxpk":[{"time":"2026-01-31T12:00:02.000001Z","tmst":3512348611,"freq":866.349812,"datr":"SF7BW125","codr":"4/6","stat":1,"rssi":-35,"lsnr":5.1,"data":"AQID"},{"stat":-1,"data":"AQID"},{"time":"soon","freq":868.8,"datr":50000,"data":"AQI="}]}
{"stat":{"time":"2014-01-12 08:59:28 GMT"}}
`
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	known := []byte{0x40, 0xDA, 0x1B, 0x01, 0x26, 0x80, 0x01, 0x00, 0x01, 0x2D}
	want := []Frame{
		{Line: 3, Payload: known},
		{Line: 4, Payload: known},
		{Line: 5, Payload: known},
		{Line: 6, Payload: known[:6]},
		{Line: 7, Payload: []byte{1, 2, 3}, At: at.Add(500 * time.Millisecond), Frequency: 868_300_000, DataRate: "SF9BW125", RSSI: -97.5, SNR: -3.5},
		{Line: 8, Payload: []byte{1, 2, 3}, At: at.Add(time.Second), Downlink: true},
		{Line: 9, Payload: []byte{1, 2, 3}, At: at.Add(2*time.Second + time.Microsecond), Frequency: 866_349_812, DataRate: "SF7BW125", CodingRate: "4/6", RSSI: -35, SNR: 5.1},
		{Line: 9, Payload: []byte{1, 2}, Frequency: 868_800_000, DataRate: "50000"},
	}
	var got []Frame
	err := Read("x", strings.NewReader(text), func(f Frame) error {
		got = append(got, f)
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestReadSaysWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4\n":                                    "x:1: a frame is hexadecimal",
		"40\nz!":                                 "x:2: a frame is hexadecimal",
		"\n{":                                    "x:2: neither a frame",
		`{"a":1}`:                                "x:1: neither phyPayload nor rxpk",
		`{"rxpk":[{"data":""}]}`:                 "x:1: rxpk[0]: data: the frame is empty",
		`{"rxpk":[{"freq":1e9,"data":"AQ=="}]}`:  "x:1: rxpk[0]: freq",
		strings.Repeat("00", 256):                "x:1: the frame has 256 bytes",
		"00\n" + strings.Repeat("0", maxLine+1):  "x:2: longer than",
		`{"phyPayload":"?"}`:                     "x:1: neither a frame",
		`{"at":"yesterday","phyPayload":"AQID"}`: "x:1: neither a frame",
		`{"rxpk":[{"data":"AQ=="},{"data":"#"}]}`:    "x:1: rxpk[1]: data: a frame is",
		"0x40\n# fine\n" + `{"phyPayload":"AQID"} 1`: "x:3: neither a frame",
	} {
		err := Read("x", strings.NewReader(text), func(Frame) error { return nil })
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
	enough := errors.New("enough")
	if err := Read("x", strings.NewReader("00\n"), func(Frame) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want what each says", err)
	}
	if err := Read("x", io.MultiReader(strings.NewReader("00\n"), broken{}), func(Frame) error { return nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want what the reader says", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func FuzzRead(f *testing.F) {
	f.Add("40DA1B0126800100012D\n# x\nQNobASaAAQABLQ==")
	f.Add(`{"at":"2026-01-31T12:00:00.5Z","direction":"up","phyPayload":"AQID","frequency":868300000,"dataRate":"SF9BW125"}`)
	f.Add(`{"rxpk":[{"time":"2026-01-31T12:00:02Z","freq":866.3,"datr":50000,"stat":1,"data":"AQID"}],"stat":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		_ = Read("x", strings.NewReader(text), func(fr Frame) error {
			if len(fr.Payload) == 0 || len(fr.Payload) > maxPayload || fr.Line < 1 {
				t.Errorf("%+v", fr)
			}
			return nil
		})
	})
}

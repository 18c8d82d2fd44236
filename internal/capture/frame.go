package capture

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Frame is one recorded frame. What was not recorded is zero.
type Frame struct {
	Line       int // of the capture
	Payload    []byte
	At         time.Time
	Frequency  uint32 // Hz
	DataRate   string // e.g. SF7BW125
	CodingRate string
	RSSI, SNR  float32 // dBm, dB
	Downlink   bool
}

// maxLine bounds a line of a capture, in bytes.
const maxLine = 1 << 20

// Read calls each with every frame of r, in order, until it returns an error. A
// line is an object of "gatewayd tail --json", the JSON of a packet forwarder's
// PUSH_DATA ({"rxpk":[...]}), or a PHYPayload in hexadecimal digits or base64;
// empty lines and those that begin with # are nothing. Errors name the place, with
// name for the file.
func Read(name string, r io.Reader, each func(Frame) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, maxLine)
	line := 0
	for scan.Scan() {
		line++
		frames, err := parseLine(strings.TrimSpace(scan.Text()))
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
		for _, f := range frames {
			f.Line = line
			if err := each(f); err != nil {
				return err
			}
		}
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: longer than %d bytes: is it a capture?", name, line+1, maxLine)
	}
	return scan.Err()
}

// recorded is an object of "gatewayd tail --json", or a PUSH_DATA.
type recorded struct {
	PHYPayload []byte    `json:"phyPayload"`
	At         time.Time `json:"at"`
	Direction  string    `json:"direction"`
	Frequency  uint32    `json:"frequency"`
	DataRate   string    `json:"dataRate"`
	RSSI       float32   `json:"rssi"`
	SNR        float32   `json:"snr"`

	RXPK []rxpk `json:"rxpk"`
	Stat any    `json:"stat"`
}

// rxpk is a frame as packet forwarders write it.
type rxpk struct {
	Time       string          `json:"time"` // RFC 3339, where the gateway has one
	Frequency  float64         `json:"freq"` // MHz
	DataRate   json.RawMessage `json:"datr"` // a text, or a number for FSK
	CodingRate string          `json:"codr"`
	CRC        *int            `json:"stat"`
	RSSI       float32         `json:"rssi"`
	SNR        float32         `json:"lsnr"`
	Data       string          `json:"data"`
}

func parseLine(text string) ([]Frame, error) {
	switch {
	case text == "" || text[0] == '#':
		return nil, nil
	case text[0] != '{':
		payload, err := ParsePayload(text)
		return []Frame{{Payload: payload}}, err
	}
	var r recorded
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("neither a frame of gatewayd tail --json nor a PUSH_DATA: %w", err)
	}
	switch {
	case len(r.PHYPayload) > 0:
		return []Frame{{
			Payload: r.PHYPayload, At: r.At, Frequency: r.Frequency, DataRate: r.DataRate,
			RSSI: r.RSSI, SNR: r.SNR, Downlink: r.Direction == "down",
		}}, nil
	case r.RXPK == nil && r.Stat == nil:
		return nil, errors.New("neither phyPayload nor rxpk is in it")
	}
	var frames []Frame
	for i, p := range r.RXPK {
		if p.CRC != nil && *p.CRC < 0 {
			continue // heard with a bad CRC
		}
		f, err := p.frame()
		if err != nil {
			return nil, fmt.Errorf("rxpk[%d]: %w", i, err)
		}
		frames = append(frames, f)
	}
	return frames, nil
}

func (p rxpk) frame() (f Frame, err error) {
	if f.Payload, err = ParsePayload(p.Data); err != nil {
		return f, fmt.Errorf("data: %w", err)
	}
	if p.Frequency < 0 || p.Frequency*1e6 > math.MaxUint32 {
		return f, fmt.Errorf("freq: %g MHz", p.Frequency)
	}
	f.Frequency = uint32(math.Round(p.Frequency * 1e6))
	if json.Unmarshal(p.DataRate, &f.DataRate) != nil {
		f.DataRate = string(p.DataRate)
	}
	f.At, _ = time.Parse(time.RFC3339Nano, p.Time) // many gateways write none, or nonsense
	f.CodingRate, f.RSSI, f.SNR = p.CodingRate, p.RSSI, p.SNR
	return f, nil
}

// maxPayload is the largest PHYPayload, in bytes.
const maxPayload = 255

// ParsePayload reads a PHYPayload as people have it: hexadecimal digits, also
// with spaces, colons or dashes between them, or base64 with or without
// padding.
func ParsePayload(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	digits := strings.NewReplacer(" ", "", ":", "", "-", "").Replace(strings.TrimPrefix(text, "0x"))
	raw, err := hex.DecodeString(digits)
	if err != nil {
		raw, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	switch {
	case err != nil:
		return nil, errors.New("a frame is hexadecimal digits or base64")
	case len(raw) == 0:
		return nil, errors.New("the frame is empty")
	case len(raw) > maxPayload:
		return nil, fmt.Errorf("the frame has %d bytes: at most %d go on the air", len(raw), maxPayload)
	}
	return raw, nil
}

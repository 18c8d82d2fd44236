package semtechudp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"gatewayd/radio"
)

// pushBody is the JSON of PUSH_DATA. Frames are kept apart, so that one that
// makes no sense spoils no other.
type pushBody struct {
	Frames []json.RawMessage `json:"rxpk"`
	Status json.RawMessage   `json:"stat"`
}

// parsePush reads the JSON of PUSH_DATA.
func parsePush(b []byte) (pushBody, error) {
	var p pushBody
	if json.Unmarshal(trim(b), &p) != nil {
		return p, errJSON
	}
	return p, nil
}

// crcStatus is what a concentrator says of a frame's CRC: "stat".
type crcStatus int8

const (
	crcGood crcStatus = 1
	crcNone crcStatus = 0
	crcBad  crcStatus = -1
)

// rxpk is one frame as forwarders write it.
type rxpk struct {
	Count     number   `json:"tmst"`
	Frequency number   `json:"freq"` // MHz
	Status    number   `json:"stat"`
	Modu      text     `json:"modu"`
	DataRate  text     `json:"datr"`
	CodeRate  text     `json:"codr"`
	Data      text     `json:"data"`
	Antennas  []signal `json:"rsig"`
	RFChain   number   `json:"rfch"`
	signal             // of a concentrator with one antenna
}

// signal is how one antenna heard a frame.
type signal struct {
	Channel     number `json:"chan"`
	RSSI        number `json:"rssi"`
	RSSIChannel number `json:"rssic"` // of "rsig", in place of rssi
	SNR         number `json:"lsnr"`
}

// level is the signal's power and SNR.
func (s signal) level() (rssi, snr float32) {
	if s.RSSIChannel.set {
		return float32(s.RSSIChannel.value), float32(s.SNR.value)
	}
	return float32(s.RSSI.value), float32(s.SNR.value)
}

// heard is a frame read: an Uplink without the gateway's part.
type heard struct {
	count  uint32
	status crcStatus
	uplink radio.Uplink
}

var (
	errJSON      = errors.New("not the JSON of the protocol")
	errCount     = errors.New("tmst is missing or no 32-bit number")
	errFrequency = errors.New("freq is missing or out of range")
	errData      = errors.New("data is missing, no base64, or more than 255 bytes")
)

// parseRxpk reads one element of "rxpk".
func parseRxpk(b []byte) (heard, error) {
	var p rxpk
	if json.Unmarshal(b, &p) != nil {
		return heard{}, errJSON
	}
	count, ok := p.Count.whole(math.MaxUint32)
	if !ok {
		return heard{}, errCount
	}
	frequency, ok := number{p.Frequency.value * 1e6, p.Frequency.set}.whole(math.MaxUint32)
	if !ok || frequency == 0 {
		return heard{}, errFrequency
	}
	dr, err := p.dataRate()
	if err != nil {
		return heard{}, err
	}
	data, err := decode(string(p.Data))
	if err != nil {
		return heard{}, err
	}
	best := p.best()
	rssi, snr := best.level()
	return heard{
		count: uint32(count), status: p.crc(),
		uplink: radio.Uplink{
			Payload: data, Frequency: uint32(frequency), DataRate: dr, CodingRate: p.codingRate(),
			RSSI: rssi, SNR: snr, Channel: best.Channel.small(), RFChain: p.RFChain.small(),
		},
	}, nil
}

// decode reads base64 with or without padding, in either alphabet: the
// examples of PROTOCOL.TXT mix them.
func decode(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	data, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(data) == 0 || len(data) > radio.MaxPHYPayload {
		return nil, errData
	}
	return data, nil
}

// dataRate checks that "datr" and "modu" agree. Some forwarders leave "modu"
// out.
func (p *rxpk) dataRate() (radio.DataRate, error) {
	dr, err := radio.ParseDataRate(string(p.DataRate))
	if err != nil {
		return dr, err
	}
	want := map[radio.Modulation]string{radio.LoRa: "LORA", radio.FSK: "FSK", radio.LRFHSS: "LR-FHSS"}[dr.Modulation]
	if modu := strings.ToUpper(string(p.Modu)); modu != "" && modu != want {
		return dr, fmt.Errorf("modu is %.16q, but datr %s", string(p.Modu), dr)
	}
	return dr, nil
}

// codingRate is "codr", which is "OFF" for frames without.
func (p *rxpk) codingRate() string {
	if len(p.CodeRate) != 3 || p.CodeRate[1] != '/' {
		return ""
	}
	return string(p.CodeRate)
}

// crc is "stat". Forwarders that do not send it pass on good frames only.
func (p *rxpk) crc() crcStatus {
	switch {
	case !p.Status.set || p.Status.value > 0:
		return crcGood
	case p.Status.value < 0:
		return crcBad
	default:
		return crcNone
	}
}

// best is the antenna with the best SNR, and of those the strongest.
func (p *rxpk) best() signal {
	if len(p.Antennas) == 0 {
		return p.signal
	}
	best := p.Antennas[0]
	for _, s := range p.Antennas[1:] {
		rssi, snr := s.level()
		if bestRSSI, bestSNR := best.level(); snr > bestSNR || snr == bestSNR && rssi > bestRSSI {
			best = s
		}
	}
	return best
}

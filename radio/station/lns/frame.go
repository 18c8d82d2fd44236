package lns

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"gatewayd/radio"
)

// Frame is one frame that a station heard.
type Frame struct {
	Payload   []byte // PHYPayload, as it was on air
	DataRate  uint8  // index into the plan's data rates
	Frequency uint32 // Hz
	// XTime is the station's time at the end of the frame: microseconds in the
	// lower 48 bits, above them what tells its sessions and antennas apart.
	XTime int64
	RCtx  int64   // the antenna, as the station likes to call it
	RSSI  float32 // dBm
	SNR   float32 // dB
}

// frameMessage is jreq, rejoin, updf or propdf: the fields of all of them.
type frameMessage struct {
	MHdr       *uint8 `json:"MHdr"`
	JoinEui    eui    `json:"JoinEui"` // or JoinEUI: names are matched without case
	DevEui     eui    `json:"DevEui"`
	DevNonce   *uint16
	DevAddr    *word
	FCtrl      *uint8
	FCnt       *uint16
	FOpts      hexBytes
	FPort      *int
	FRMPayload hexBytes
	MIC        *word

	DR     *uint8
	Freq   *uint32
	UpInfo struct {
		RCtx  int64   `json:"rctx"`
		XTime int64   `json:"xtime"`
		RSSI  float32 `json:"rssi"`
		SNR   float32 `json:"snr"`
	} `json:"upinfo"`
}

// Why a message is no frame.
var (
	errFields  = errors.New("a field is missing")
	errFOpts   = errors.New("length of FOpts is not what FCtrl says")
	errFPort   = errors.New("FPort is out of range, or there is a payload without one")
	errLength  = errors.New("length is not that of a PHYPayload")
	errTime    = errors.New("no xtime: it could not be answered")
	errUnknown = errors.New("unknown kind of frame")
)

// frame rebuilds the frame of a message of that type.
func (m *frameMessage) frame(msgtype string) (Frame, error) {
	phy, err := m.phyPayload(msgtype)
	switch {
	case err != nil:
		return Frame{}, fmt.Errorf("%s: %w", msgtype, err)
	case m.DR == nil || m.Freq == nil || *m.Freq == 0:
		return Frame{}, fmt.Errorf("%s: DR or Freq: %w", msgtype, errFields)
	case m.UpInfo.XTime == 0:
		return Frame{}, fmt.Errorf("%s: %w", msgtype, errTime)
	case len(phy) < 1 || len(phy) > radio.MaxPHYPayload:
		return Frame{}, fmt.Errorf("%s: %w", msgtype, errLength)
	}
	return Frame{
		Payload: phy, DataRate: *m.DR, Frequency: *m.Freq,
		XTime: m.UpInfo.XTime, RCtx: m.UpInfo.RCtx, RSSI: m.UpInfo.RSSI, SNR: m.UpInfo.SNR,
	}, nil
}

func (m *frameMessage) phyPayload(msgtype string) ([]byte, error) {
	switch msgtype {
	case "jreq", "rejoin":
		return m.join()
	case "updf":
		return m.data()
	case "propdf":
		return m.FRMPayload, nil // MHDR and all
	default:
		return nil, errUnknown
	}
}

// join is MHDR | JoinEUI | DevEUI | DevNonce | MIC, little-endian. That is
// all a station says of a rejoin request too; it forwards none of another
// length.
func (m *frameMessage) join() ([]byte, error) {
	if m.MHdr == nil || !m.JoinEui.set || !m.DevEui.set || m.DevNonce == nil || m.MIC == nil {
		return nil, errFields
	}
	phy := []byte{*m.MHdr}
	phy = binary.LittleEndian.AppendUint64(phy, binary.BigEndian.Uint64(m.JoinEui.EUI64[:]))
	phy = binary.LittleEndian.AppendUint64(phy, binary.BigEndian.Uint64(m.DevEui.EUI64[:]))
	phy = binary.LittleEndian.AppendUint16(phy, *m.DevNonce)
	return binary.LittleEndian.AppendUint32(phy, uint32(*m.MIC)), nil
}

// data is MHDR | DevAddr | FCtrl | FCnt | FOpts | FPort | FRMPayload | MIC.
func (m *frameMessage) data() ([]byte, error) {
	if m.MHdr == nil || m.DevAddr == nil || m.FCtrl == nil || m.FCnt == nil || m.MIC == nil {
		return nil, errFields
	}
	if int(*m.FCtrl&0x0f) != len(m.FOpts) {
		return nil, errFOpts
	}
	phy := binary.LittleEndian.AppendUint32([]byte{*m.MHdr}, uint32(*m.DevAddr))
	phy = append(phy, *m.FCtrl)
	phy = binary.LittleEndian.AppendUint16(phy, *m.FCnt)
	phy = append(phy, m.FOpts...)
	const noFPort = -1
	switch {
	case m.FPort != nil && *m.FPort >= 0 && *m.FPort <= math.MaxUint8:
		phy = append(append(phy, byte(*m.FPort)), m.FRMPayload...)
	case m.FPort != nil && *m.FPort != noFPort, len(m.FRMPayload) > 0:
		return nil, errFPort
	}
	return binary.LittleEndian.AppendUint32(phy, uint32(*m.MIC)), nil
}

// word is 32 bits that stations write as a signed number, others as an
// unsigned one.
type word uint32

// UnmarshalJSON takes both.
func (w *word) UnmarshalJSON(b []byte) error {
	n, ok := fromNumber(string(b))
	if signed := int64(n); !ok || signed < math.MinInt32 || signed > math.MaxUint32 {
		return fmt.Errorf("%.40s is not a number of 32 bits", b)
	}
	*w = word(uint32(n))
	return nil
}

// hexBytes is a string of hexadecimal digits.
type hexBytes []byte

// UnmarshalText is hex.DecodeString.
func (h *hexBytes) UnmarshalText(b []byte) error {
	v, err := hex.DecodeString(string(b))
	*h = v
	return err
}

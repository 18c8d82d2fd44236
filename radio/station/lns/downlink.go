package lns

import "encoding/hex"

// someDevEUI stands in every dnmsg. Which node a downlink is for is none of
// the station's business, but it confirms none whose DevEui is absent or 0.
const someDevEUI = "01-01-01-01-01-01-01-01"

// Device classes of dnmsg, which are modes of sending.
const (
	classA = 0 // RxDelay after xtime
	classC = 2 // as soon as possible
)

// MaxRxDelay is the largest RxDelay of dnmsg, in seconds; the least is 1.
const MaxRxDelay = 15

// Downlink is a frame for the station to send.
type Downlink struct {
	DIID      int64 // comes back in Transmitted
	Payload   []byte
	DataRate  uint8  // index into the plan's data rates
	Frequency uint32 // Hz
	// XTime and RCtx are those of the uplink that is answered.
	XTime int64
	RCtx  int64
}

type dnmsg struct {
	Type     string  `json:"msgtype"`
	DevEui   string  `json:"DevEui"`
	Class    int     `json:"dC"`
	DIID     int64   `json:"diid"`
	PDU      string  `json:"pdu"`
	RxDelay  int     `json:"RxDelay"`
	RX1DR    *uint8  `json:"RX1DR,omitempty"`
	RX1Freq  *uint32 `json:"RX1Freq,omitempty"`
	RX2DR    *uint8  `json:"RX2DR,omitempty"`
	RX2Freq  *uint32 `json:"RX2Freq,omitempty"`
	Priority int     `json:"priority"`
	XTime    int64   `json:"xtime,omitempty"`
	RCtx     int64   `json:"rctx"`
}

func (d Downlink) dnmsg(class int) dnmsg {
	return dnmsg{
		Type: "dnmsg", DevEui: someDevEUI, Class: class, DIID: d.DIID, PDU: hex.EncodeToString(d.Payload),
		RxDelay: 1, XTime: d.XTime, RCtx: d.RCtx,
	}
}

// At is the message that lets the station send at exactly XTime and delay
// seconds, 1 to MaxRxDelay. Whichever window that is for the node, it is RX1
// to the station: it would move the frame to RX2 by itself if it had one.
func (d Downlink) At(delay int) []byte {
	m := d.dnmsg(classA)
	m.RxDelay, m.RX1DR, m.RX1Freq = delay, &d.DataRate, &d.Frequency
	return encode(m)
}

// Soon is the message that lets the station send as soon as it can. It tries
// for about a second. XTime may be 0.
func (d Downlink) Soon() []byte {
	m := d.dnmsg(classC)
	m.RX2DR, m.RX2Freq = &d.DataRate, &d.Frequency
	return encode(m)
}

package station

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// order is a dnmsg.
type order struct {
	Type     string  `json:"msgtype"`
	DevEui   string  `json:"DevEui"`
	Class    *int    `json:"dC"`
	DIID     *int64  `json:"diid"`
	PDU      string  `json:"pdu"`
	RxDelay  *int    `json:"RxDelay"`
	RX1DR    *int    `json:"RX1DR"`
	RX1Freq  *uint32 `json:"RX1Freq"`
	RX2DR    *int    `json:"RX2DR"`
	RX2Freq  *uint32 `json:"RX2Freq"`
	Priority int     `json:"priority"`
	XTime    int64   `json:"xtime"`
	RCtx     *int64  `json:"rctx"`
	MuxTime  float64 `json:"MuxTime"`

	payload []byte
}

// parseOrder reads a dnmsg; the error says what the server did wrong.
func parseOrder(b []byte, c *config) (*order, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, err
	}
	for _, name := range []string{"DevEui", "dC", "diid", "pdu", "RxDelay", "priority", "rctx"} {
		if _, ok := fields[name]; !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	o := &order{}
	if err := json.Unmarshal(b, o); err != nil {
		return nil, err
	}
	var err error
	if o.payload, err = hex.DecodeString(o.PDU); err != nil || len(o.payload) == 0 || len(o.payload) > 255 {
		return nil, fmt.Errorf("pdu %q", o.PDU)
	}
	switch {
	case *o.Class != 0 && *o.Class != 2:
		return nil, fmt.Errorf("class %d", *o.Class)
	case *o.RxDelay < 1 || *o.RxDelay > 15:
		return nil, fmt.Errorf("RxDelay %d", *o.RxDelay)
	case o.DevEui == "" || o.DevEui == "00-00-00-00-00-00-00-00":
		return nil, fmt.Errorf("no DevEui: it would not be confirmed")
	}
	err = o.checkWindows(c)
	return o, err
}

func (o *order) checkWindows(c *config) error {
	if o.RX1Freq == nil && o.RX2Freq == nil {
		return fmt.Errorf("neither RX1 nor RX2")
	}
	for _, w := range []struct {
		dr        *int
		frequency *uint32
	}{{o.RX1DR, o.RX1Freq}, {o.RX2DR, o.RX2Freq}} {
		switch {
		case (w.dr == nil) != (w.frequency == nil):
			return fmt.Errorf("DR without Freq, or Freq without DR")
		case w.dr == nil:
			continue
		case *w.frequency < c.FreqRange[0] || *w.frequency > c.FreqRange[1]:
			return fmt.Errorf("%d Hz is out of freq_range", *w.frequency)
		}
		if _, ok := c.rate(*w.dr); !ok {
			return fmt.Errorf("DR%d is undefined", *w.dr)
		}
	}
	return nil
}

// send does what o says, or nothing if that is not possible.
func (s *Station) send(o *order, c *config, l *line) {
	if *o.Class == 2 {
		s.sendSoon(o, c, l)
		return
	}
	at, ok := s.air.host(o.XTime)
	if !ok {
		s.violate("xtime %#x is of another session", o.XTime)
		return
	}
	at = at.Add(time.Duration(*o.RxDelay) * time.Second)
	if o.RX1Freq != nil && s.put(o, c, l, *o.RX1DR, *o.RX1Freq, at) {
		return
	}
	if o.RX2Freq != nil {
		s.put(o, c, l, *o.RX2DR, *o.RX2Freq, at.Add(time.Second))
	}
}

// sendSoon tries now and a few times more.
func (s *Station) sendSoon(o *order, c *config, l *line) {
	dr, frequency := o.RX2DR, o.RX2Freq
	if dr == nil {
		dr, frequency = o.RX1DR, o.RX1Freq
	}
	at := time.Now().Add(aimGap + minGap)
	for range backoffs {
		if s.put(o, c, l, *dr, *frequency, at) {
			return
		}
		at = at.Add(backoff)
	}
}

func (s *Station) put(o *order, c *config, l *line, dr int, frequency uint32, at time.Time) bool {
	rate, _ := c.rate(dr)
	em := radiotest.Emission{
		Frequency: frequency, DataRate: rate, Power: c.power(frequency), InvertIQ: true, Preamble: 8, Payload: o.payload,
		Airtime: airtime(rate, len(o.payload), false),
	}
	if rate.Modulation == radio.LoRa {
		em.CodingRate = "4/5"
	} else {
		em.Preamble = 5
	}
	return s.air.add(em, at, func(xtime int64) {
		_ = l.write(fmt.Sprintf(
			`{"msgtype":"dntxed","seqno":%d,"diid":%d,"DR":%d,"Freq":%d,"DevEui":%q,"rctx":%d,"xtime":%d,"txtime":%.6f,"gpstime":0}`,
			*o.DIID, *o.DIID, dr, frequency, o.DevEui, *o.RCtx, xtime, float64(time.Now().UnixMicro())/1e6)) // a lost line is the server's to notice
	})
}

// power is the station's own choice, in dBm.
func (c *config) power(frequency uint32) int8 {
	switch {
	case c.Region == "EU863" && frequency >= 869_400_000 && frequency <= 869_650_000:
		return 27
	case c.Region == "EU863":
		return 16
	default:
		return 14
	}
}

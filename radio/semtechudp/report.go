package semtechudp

import (
	"encoding/json"
	"math"
)

// Report is what a gateway says of itself every half minute or so: "stat" of
// PUSH_DATA. What it does not say is 0.
type Report struct {
	Received, CRCOK, Forwarded uint32  // frames: rxnb, rxok, rxfw
	Acknowledged               float64 // % of its datagrams: ackr
	Downlinks, Emitted         uint32  // dwnb, txnb
	Latitude, Longitude        float64 // degrees
	Altitude                   float64 // m
	Temperature                float64 // °C
}

// parseReport reads "stat".
func parseReport(b []byte) (Report, error) {
	var s struct {
		Received     number `json:"rxnb"`
		CRCOK        number `json:"rxok"`
		Forwarded    number `json:"rxfw"`
		Acknowledged number `json:"ackr"`
		Downlinks    number `json:"dwnb"`
		Emitted      number `json:"txnb"`
		Latitude     number `json:"lati"`
		Longitude    number `json:"long"`
		Altitude     number `json:"alti"`
		Temperature  number `json:"temp"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return Report{}, err
	}
	count := func(n number) uint32 {
		v, _ := n.whole(math.MaxUint32)
		return uint32(v)
	}
	return Report{
		Received: count(s.Received), CRCOK: count(s.CRCOK), Forwarded: count(s.Forwarded), Acknowledged: s.Acknowledged.value,
		Downlinks: count(s.Downlinks), Emitted: count(s.Emitted),
		Latitude: s.Latitude.value, Longitude: s.Longitude.value, Altitude: s.Altitude.value, Temperature: s.Temperature.value,
	}, nil
}

package regional

import (
	"fmt"
	"slices"
	"time"

	"gatewayd/radio"
)

// Region is one channel plan. It is never changed once made.
type Region struct {
	name     string
	rates    []Rate // by data rate index
	channels Channels
	own      int  // how many of the first channels no network may redefine
	fixed    bool // channels are fixed: enabled and disabled, never defined

	rx2Rate   uint8
	rx2Hz     uint32
	downRates [2]uint8 // lowest and highest data rate index of a downlink
	downHz    raster   // where the network may put a downlink
	upHz      raster   // where it may put a channel
	rx1Hz     func(c Channel) uint32
	rx1Rate   func(up, offset uint8, dwell bool) uint8
	maxOffset uint8 // of RX1DROffset

	mask       func(c Channels, cntl uint8, mask uint16) (Channels, error)
	step       uint32 // Hz that one unit of a frequency field stands for
	maxPower   uint8  // TXPower index
	codingRate string
	dwell      bool // TxParamSetupReq is for this region
	dwellUp    bool // UplinkDwellTime at boot
}

// Rate is one data rate and the application payload it bears in a frame
// without FOpts, in bytes: without and with a dwell time limit.
type Rate struct {
	radio.DataRate
	max, maxDwell int
}

// raster is a range of frequencies, every step Hz.
type raster struct{ low, high, step uint32 }

// has reports whether hz lies on the raster.
func (r raster) has(hz uint32) bool {
	return hz >= r.low && hz <= r.high && (hz-r.low)%max(1, r.step) == 0
}

// String is the region's name, e.g. "EU868".
func (r Region) String() string { return r.name }

// Channels are those of a node that has just started.
func (r Region) Channels() Channels { return r.channels.clone() }

// RX2 is the default of the second receive window: data rate index and Hz.
func (r Region) RX2() (rate uint8, hz uint32) { return r.rx2Rate, r.rx2Hz }

// CodingRate of every LoRa frame, e.g. "4/5".
func (r Region) CodingRate() string { return r.codingRate }

// MaxPower is the highest TXPower index: the least power.
func (r Region) MaxPower() uint8 { return r.maxPower }

// HasTxParamSetup reports whether nodes obey TxParamSetupReq; elsewhere they
// ignore it.
func (r Region) HasTxParamSetup() bool { return r.dwell }

// UplinkDwell reports whether uplinks are limited to 400 ms from the start.
func (r Region) UplinkDwell() bool { return r.dwellUp }

// Own is how many channels, from index 0 on, no network may redefine.
func (r Region) Own() int { return r.own }

// Fixed reports whether the channels are fixed, so that a network can only
// enable and disable them.
func (r Region) Fixed() bool { return r.fixed }

// Rate is the data rate with index dr; false if the region has none.
func (r Region) Rate(dr uint8) (radio.DataRate, bool) {
	if int(dr) >= len(r.rates) || r.rates[dr].Modulation == 0 {
		return radio.DataRate{}, false
	}
	return r.rates[dr].DataRate, true
}

// Index is the lowest index of rate among those downlinks may have.
func (r Region) Index(rate radio.DataRate) (uint8, bool) {
	for dr := r.downRates[0]; dr <= r.downRates[1]; dr++ {
		if got, ok := r.Rate(dr); ok && got == rate {
			return dr, true
		}
	}
	return 0, false
}

// MaxPayload is how many bytes of FOpts and FRMPayload fit a frame at data
// rate dr. dwell says whether the dwell time is limited.
func (r Region) MaxPayload(dr uint8, dwell bool) int {
	if int(dr) >= len(r.rates) {
		return 0
	}
	if dwell {
		return r.rates[dr].maxDwell
	}
	return r.rates[dr].max
}

// MinRate is the lowest data rate whose frames keep the dwell time.
func (r Region) MinRate(dwell bool) uint8 {
	for dr := range r.rates {
		if r.MaxPayload(uint8(dr), dwell) > 0 {
			return uint8(dr)
		}
	}
	return 0
}

// RX1 is the first receive window of an uplink on c at data rate dr: Hz and
// data rate.
func (r Region) RX1(c Channel, dr, offset uint8, dwell bool) (uint32, radio.DataRate) {
	hz := c.DownHz
	if hz == 0 {
		hz = r.rx1Hz(c)
	}
	rate, _ := r.Rate(r.rx1Rate(dr, offset, dwell))
	return hz, rate
}

// CheckOffset reports an RX1DROffset that the region does not have.
func (r Region) CheckOffset(offset uint8) error {
	if offset > r.maxOffset {
		return fmt.Errorf("RX1DROffset %d: %s allows 0 to %d", offset, r, r.maxOffset)
	}
	return nil
}

// CheckRX2Rate reports a data rate that downlinks of the region do not have.
func (r Region) CheckRX2Rate(dr uint8) error {
	if _, ok := r.Rate(dr); !ok || dr < r.downRates[0] || dr > r.downRates[1] {
		return fmt.Errorf("RX2 data rate %d: %s allows %d to %d", dr, r, r.downRates[0], r.downRates[1])
	}
	return nil
}

// Frequency reads a frequency field of three bytes.
func (r Region) Frequency(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * r.step
}

// AllowsDownlink reports whether a downlink may be on hz.
func (r Region) AllowsDownlink(hz uint32) bool { return r.downHz.has(hz) }

// AllowsUplink reports whether a channel may be on hz.
func (r Region) AllowsUplink(hz uint32) bool { return r.upHz.has(hz) }

// dwellLimit is what one transmission may last where the dwell time is
// limited.
const dwellLimit = 400 * time.Millisecond

// KeepsDwell reports whether a transmission of that length keeps the dwell
// time limit.
func KeepsDwell(airtime time.Duration) bool { return airtime <= dwellLimit }

// dwellRates copies rates with other limits under a dwell time.
func dwellRates(rates []Rate, limits ...int) []Rate {
	out := slices.Clone(rates)
	for i := range out {
		out[i].maxDwell = limits[i]
	}
	return out
}

// lora is a LoRa data rate with one limit.
func lora(sf uint8, bandwidth uint32, limit int) Rate {
	return Rate{radio.LoRaDataRate(sf, bandwidth), limit, limit}
}

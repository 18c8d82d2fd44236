package mac

import (
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
)

// Start is what a node uses from its activation on: what the join accept told
// it, or what an ABP node was made with. Everything else is the region's.
type Start struct {
	OTAA bool

	RX1DROffset  uint8
	RX2DataRate  uint8
	RX2Frequency uint32 // Hz; a join accept cannot change the region's
	RXDelay      uint8  // seconds; 0 means 1

	// UplinkDwell and DownlinkDwell are what the node takes for granted until
	// TxParamSetupReq tells it.
	UplinkDwell, DownlinkDwell bool

	CFList   *lorawan.CFList  // of the join accept
	Channels []region.Channel // of an ABP node, behind the region's default channels
}

// RegionStart is what a node of a region starts with that was told nothing.
func RegionStart(r *region.Region) Start {
	d := r.Defaults()
	return Start{
		RX2DataRate: d.JoinRX2DataRate, RX2Frequency: d.JoinRX2Frequency,
		RXDelay: uint8(d.RX1Delay / time.Second),
	}
}

// apply adds the channels of s to p, which has the region's default ones.
func (s Start) apply(p *Params) {
	p.addChannels(s.Channels)
	if s.CFList == nil {
		return
	}
	switch list := s.CFList.Payload.(type) {
	case *lorawan.CFListChannelPayload:
		p.addFrequencies(list.Channels[:])
	case *lorawan.CFListChannelMaskPayload:
		p.Link.Mask = region.Mask{}
		for i, word := range list.ChannelMasks {
			for bit, on := range word {
				if i < len(p.Link.Mask) && on {
					p.Link.Mask.Set(16*i+bit, true)
				}
			}
		}
	}
}

// addFrequencies adds the channels of a CFList of type 0: those behind the
// default ones, with the data rates of the default ones. Frequency 0 leaves
// out a channel number.
func (p *Params) addFrequencies(frequencies []uint32) {
	channels := make([]region.Channel, 0, len(frequencies))
	for _, f := range frequencies {
		channels = append(channels, region.Channel{Frequency: f, MinDR: p.Channels[0].MinDR, MaxDR: p.Channels[0].MaxDR})
	}
	p.addChannels(channels)
}

func (p *Params) addChannels(channels []region.Channel) {
	at := 0
	for at < maxChannels && p.Channels[at].Frequency != 0 {
		at++
	}
	for i, c := range channels {
		if c.Frequency != 0 && at+i < maxChannels {
			p.setChannel(at+i, c)
		}
	}
}

// setChannel creates or changes a channel, which is enabled by that and
// answered on its own frequency; frequency 0 removes it (LoRaWAN 1.0.4 section
// 5.6).
func (p *Params) setChannel(i int, c region.Channel) {
	if c.Frequency == 0 {
		c = region.Channel{}
	}
	p.Channels[i], p.Downlinks[i] = c, 0
	p.Link.Mask.Set(i, c.Frequency != 0)
}

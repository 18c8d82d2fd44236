package region

import "github.com/brocaar/lorawan"

// cfChannels is how many frequencies fit into a CFList.
const cfChannels = 5

// CFList is the channel list of a join accept, nil if none is due. v103: the
// node follows LoRaWAN 1.0.3 or later.
//
// Dynamic plans send type 0: the frequencies of the channels after the default
// ones, usable at the default channels' data rates. Channels with other data
// rates leave a gap, so that numbers stay, and need NewChannelReq, as do those
// that do not fit. Fixed plans send type 1, masks, which nodes before 1.0.3 do
// not know.
func (r *Region) CFList(v103 bool) *lorawan.CFList {
	if !r.fixed {
		return r.frequencyList()
	}
	if !v103 || r.mask == r.defaultMask {
		return nil
	}
	pl := &lorawan.CFListChannelMaskPayload{}
	for g := range (len(r.channels) + 15) / 16 {
		pl.ChannelMasks = append(pl.ChannelMasks, chMask(r.mask[g]))
	}
	return &lorawan.CFList{CFListType: lorawan.CFListChannelMask, Payload: pl}
}

func (r *Region) frequencyList() *lorawan.CFList {
	own := r.defaultMask.Count()
	pl := &lorawan.CFListChannelPayload{}
	due := false
	for i, c := range r.channels[own:] {
		if i == cfChannels {
			break
		}
		if c.MinDR != r.channels[0].MinDR || c.MaxDR != r.channels[0].MaxDR {
			continue
		}
		// The codec counts in steps of 100 Hz, whatever the region.
		pl.Channels[i] = c.Frequency / (r.step() / frequencyStep)
		due = true
	}
	if !due {
		return nil
	}
	return &lorawan.CFList{CFListType: lorawan.CFListChannel, Payload: pl}
}

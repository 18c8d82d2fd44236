package bridge

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/brocaar/lorawan"
)

// kitAnswers are the MAC commands of an uplink as the starter kit tells them: by
// its names, each with a sentence in quotes. Commands that are no answers, and
// what follows one that cannot be read, are left out.
func kitAnswers(commands []byte) map[string]string {
	answers := map[string]string{}
	for len(commands) > 0 {
		cid := lorawan.CID(commands[0])
		payload, size, err := lorawan.GetMACPayloadAndSize(true, cid)
		if err != nil { // no payload, or not known
			size = 0
			if !bareAnswer(cid) {
				break
			}
		}
		if len(commands) < 1+size {
			break
		}
		if payload != nil && payload.UnmarshalBinary(commands[1:1+size]) != nil {
			break
		}
		commands = commands[1+size:]
		if name, text := kitAnswer(cid, payload); name != "" {
			answers[name] = strconv.Quote("Type: " + name + " Answer" + text)
		}
	}
	if len(answers) == 0 {
		return nil
	}
	return answers
}

// bareAnswer reports whether cid has no payload on the way up.
func bareAnswer(cid lorawan.CID) bool {
	return slices.Contains([]lorawan.CID{
		lorawan.LinkCheckReq, lorawan.DutyCycleAns, lorawan.RXTimingSetupAns, lorawan.TXParamSetupAns, lorawan.DeviceTimeReq,
	}, cid)
}

// kitAnswer is the kit's name of an answer, and what it says; "" for commands
// that are none.
func kitAnswer(cid lorawan.CID, payload lorawan.MACCommandPayload) (name, text string) {
	done := func(ok bool, yes string) string {
		if ok {
			return yes
		}
		return "not " + yes
	}
	switch p := payload.(type) {
	case *lorawan.DevStatusAnsPayload:
		return "DevStatusCmd", fmt.Sprintf(", Battery Level: %d, Margin: %d", p.Battery, p.Margin)
	case *lorawan.LinkADRAnsPayload:
		return "LinkADRCmd", fmt.Sprintf(", power: %s, data rate: %s, channels: %s",
			done(p.PowerACK, "changed"), done(p.DataRateACK, "changed"), done(p.ChannelMaskACK, "changed"))
	case *lorawan.RXParamSetupAnsPayload:
		return "RXParamCmd", fmt.Sprintf(", rx1 datarate offset ack: %t, rx2 datarate ack: %t, channel ack: %t",
			p.RX1DROffsetACK, p.RX2DataRateACK, p.ChannelACK)
	case *lorawan.NewChannelAnsPayload:
		return "NewChannelCmd", fmt.Sprintf(", data rate: %s, frequency: %s",
			done(p.DataRateRangeOK, "updated"), done(p.ChannelFrequencyOK, "updated"))
	}
	return map[lorawan.CID]string{
		lorawan.DutyCycleAns: "DutyCycleCmd", lorawan.RXTimingSetupAns: "RXTimingCmd", lorawan.TXParamSetupAns: "TxParamSetupCmd",
	}[cid], ""
}

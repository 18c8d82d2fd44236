package bridge

import (
	"go.uber.org/zap"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// answer is a sealed downlink that is due after an uplink.
type answer struct {
	node    *nodeState
	up      radio.Uplink
	payload []byte
	join    bool
}

// answerData adds the acknowledgement of a data uplink: an empty downlink
// with the ACK bit for a confirmed one, without it where the node only asked
// for a sign of life (ADRACKReq). Its FCntDown is spent in the same commit.
func (b *Bridge) answerData(bt *batch, up radio.Uplink, m match) {
	st := bt.edit(m.node)
	s := &st.active
	if m.joining {
		s = &st.joining
	}
	if s.fCntDown == ^uint32(0) {
		b.log.Warn("the downlink counter is used up: the node must join anew", zap.String("node", m.node.node.Name))
		return
	}
	raw, err := sealEmpty(s, up.Payload[0]>>5 == byte(lorawan.ConfirmedDataUp))
	s.fCntDown++
	if err != nil {
		b.log.Error("seal downlink", zap.String("node", m.node.node.Name), zap.Error(err))
		return
	}
	bt.answers = append(bt.answers, answer{node: m.node, up: up, payload: raw})
}

// sealEmpty builds a downlink without payload, with the session's next
// FCntDown.
func sealEmpty(s *session, ack bool) ([]byte, error) {
	phy := lorawan.PHYPayload{
		MHDR: lorawan.MHDR{MType: lorawan.UnconfirmedDataDown, Major: lorawan.LoRaWANR1},
		MACPayload: &lorawan.MACPayload{FHDR: lorawan.FHDR{
			DevAddr: s.devAddr,
			FCtrl:   lorawan.FCtrl{ACK: ack},
			FCnt:    s.fCntDown,
		}},
	}
	if err := phy.SetDownlinkDataMIC(lorawan.LoRaWAN1_0, 0, lorawan.AES128Key(s.nwkSKey.Reveal())); err != nil {
		return nil, err
	}
	return phy.MarshalBinary()
}

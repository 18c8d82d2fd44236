package radiotest

import "gatewayd/radio"

// received is what the answer to b says of a packet heard by chain n.
func (s *settings) received(n int, p Packet, count uint32) received {
	conf := s.ifs[n]
	rf := s.rf[conf.radio]
	r := received{
		frequency: uint32(int64(rf.frequency) + int64(conf.offset)),
		chain:     uint8(n), rfChain: conf.radio, status: p.CRC.wire(), count: count,
		rssi: measuredRSSI(p.RSSI, rf.rssiOffset, n < chainStd),
		crc:  p.CRC16, payload: append([]byte(nil), p.Payload...),
		bandwidth: conf.bandwidth,
	}
	if p.DataRate.Modulation == radio.FSK {
		r.modulation, r.datarate = modulationFSK, conf.datarate
		r.snr = [3]float32{-128, -128, -128}
		return r
	}
	r.modulation, r.datarate = modulationLoRa, sfBit(p.DataRate.SpreadingFactor)
	r.coderate = codingRate(p.CodingRate)
	r.snr = measuredSNR(p.SNR)
	return r
}

// wire is the status byte of the answer to b.
func (s CRCStatus) wire() byte {
	switch s {
	case CRCBad:
		return statCRCBad
	case CRCNone:
		return statNoCRC
	default:
		return statCRCOK
	}
}

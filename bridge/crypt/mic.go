package crypt

import (
	"encoding/binary"

	"github.com/brocaar/lorawan"
)

// Direction of a data frame, as it stands in the blocks.
type Direction byte

// The directions.
const (
	Up   Direction = 0
	Down Direction = 1
)

// micBlock is B0 (LoRaWAN 1.0.4, section 4.4; 1.1, section 4.4.1).
func micBlock(dir Direction, addr lorawan.DevAddr, fCnt uint32, length int) (b [size]byte) {
	b[0] = 0x49
	b[5] = byte(dir)
	putAddr(b[6:], addr)
	binary.LittleEndian.PutUint32(b[10:], fCnt)
	b[15] = byte(length)
	return b
}

// putAddr writes addr as it is on the air, least significant byte first.
func putAddr(b []byte, addr lorawan.DevAddr) {
	b[0], b[1], b[2], b[3] = addr[3], addr[2], addr[1], addr[0]
}

// UplinkMIC is the MIC of a LoRaWAN 1.0 uplink, and cmacF of a 1.1 uplink:
// nwkSKey or FNwkSIntKey, the 32-bit counter, and the frame without its MIC.
func UplinkMIC(key *Key, addr lorawan.DevAddr, fCnt uint32, msg []byte) lorawan.MIC {
	b0 := micBlock(Up, addr, fCnt, len(msg))
	mac := key.cmac(&b0, msg)
	return lorawan.MIC(mac[:4])
}

// Air is what the MIC of a LoRaWAN 1.1 uplink covers beside the frame.
type Air struct {
	ConfFCnt uint16 // of the confirmed downlink that the frame acknowledges, else 0
	DataRate uint8
	Channel  uint8
}

// UplinkMIC11 is the MIC of a LoRaWAN 1.1 uplink (1.1, section 4.4.2).
func UplinkMIC11(fNwkSInt, sNwkSInt *Key, addr lorawan.DevAddr, fCnt uint32, air Air, msg []byte) lorawan.MIC {
	f := UplinkMIC(fNwkSInt, addr, fCnt, msg)
	b1 := micBlock(Up, addr, fCnt, len(msg))
	binary.LittleEndian.PutUint16(b1[1:], air.ConfFCnt)
	b1[3], b1[4] = air.DataRate, air.Channel
	s := sNwkSInt.cmac(&b1, msg)
	return lorawan.MIC{s[0], s[1], f[0], f[1]}
}

// DownlinkMIC is the MIC of a downlink: nwkSKey or SNwkSIntKey. confFCnt is
// that of the confirmed uplink which a LoRaWAN 1.1 downlink acknowledges,
// else 0.
func DownlinkMIC(key *Key, addr lorawan.DevAddr, fCnt uint32, confFCnt uint16, msg []byte) lorawan.MIC {
	b0 := micBlock(Down, addr, fCnt, len(msg))
	binary.LittleEndian.PutUint16(b0[1:], confFCnt)
	mac := key.cmac(&b0, msg)
	return lorawan.MIC(mac[:4])
}

// JoinMIC is the MIC of a join request or rejoin request without its MIC.
func JoinMIC(key *Key, msg []byte) lorawan.MIC {
	mac := key.cmac(nil, msg)
	return lorawan.MIC(mac[:4])
}

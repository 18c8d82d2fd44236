package mac

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// device is a node's MAC layer as LoRaWAN 1.0 to 1.0.4 and 1.1 describe it. It
// shares nothing with what it tests but the version's name.
type device struct {
	random  *rand.Rand
	version Version
	fixed   bool // fixed channel plan of US915: 64 and 8 channels
	maxDR   uint8
	adr     bool

	mask               map[int]bool
	frequency, rx1     map[int]uint32 // of a dynamic channel plan
	maxOf              map[int]uint8
	defaults           int // channels
	dr, power, nbTrans uint8
	rx1Offset, rx2DR   uint8
	rx2                uint32
	delay              uint8
	duty               uint8
	txParam            uint8
	adrParam, rejoin   uint8

	fCnt     uint32
	silence  int // ADR_ACK_CNT
	answers  []byte
	repeated []byte // answers that go into every uplink until a downlink comes
	rekey    bool
}

func newDevice(v Version, region string, random *rand.Rand) *device {
	d := &device{
		random: random, version: v, fixed: region == "US915", maxDR: 5, adr: true, rekey: v == V1_1_0,
		mask: map[int]bool{}, frequency: map[int]uint32{}, rx1: map[int]uint32{}, maxOf: map[int]uint8{},
		nbTrans: 1, delay: 1, adrParam: 0x65, rejoin: 0xff,
	}
	var defaults []uint32
	switch region {
	case "EU868":
		d.rx2, defaults = 869_525_000, []uint32{868_100_000, 868_300_000, 868_500_000}
	case "AS923":
		d.rx2, d.rx2DR, defaults = 923_200_000, 2, []uint32{923_200_000, 923_400_000}
		d.dr = 2
	case "US915":
		d.rx2, d.rx2DR, d.defaults, d.maxDR = 923_300_000, 8, 72, 3
	}
	for i, f := range defaults {
		d.frequency[i], d.defaults = f, len(defaults)
	}
	d.allChannels()
	return d
}

func (d *device) allChannels() {
	for i := range d.defaults {
		d.mask[i] = true
	}
}

// uplink is the next frame: its commands and the channel it is sent on.
func (d *device) uplink() (commands []byte, channel int, adrAckReq bool) {
	d.fCnt++
	d.silence++
	if d.adr {
		d.fallBack()
	}
	if d.rekey {
		commands = append(commands, 0x0b, 1)
	}
	commands = append(commands, d.repeated...)
	commands = append(commands, d.answers...)
	d.answers = nil
	return commands, d.channel(), d.silence >= 64
}

// channel picks one that is enabled and carries the data rate.
func (d *device) channel() int {
	var usable []int
	for i, on := range d.mask {
		if on && (!d.fixed || (i >= 64) == (d.dr == 4)) {
			usable = append(usable, i)
		}
	}
	if len(usable) == 0 {
		return -1
	}
	slices.Sort(usable)
	return usable[d.random.IntN(len(usable))]
}

// fallBack is section 4.3.1.1 of LoRaWAN 1.0.4, with its example of limits 64
// and 32.
func (d *device) fallBack() {
	if d.silence < 96 || (d.silence-64)%32 != 0 {
		return
	}
	switch {
	case d.power > 0:
		d.power = 0
	case d.dr > 0:
		d.dr--
	default:
		d.nbTrans = 1
		d.allChannels()
	}
}

// downlink takes in the commands of a downlink in a class A window.
func (d *device) downlink(b []byte) {
	d.silence, d.repeated = 0, nil
	for len(b) > 0 {
		n := d.command(b)
		if n == 0 {
			return
		}
		b = b[n:]
	}
}

// command deals with the first command of b and says how long it is; a block
// of LinkADRReq counts as one. 0: unknown.
func (d *device) command(b []byte) int {
	switch cid := b[0]; {
	case cid == 0x03:
		return d.linkADR(b)
	case cid == 0x04:
		d.duty = b[1]
		d.answers = append(d.answers, 4)
		return 2
	case cid == 0x05:
		return d.rxParam(b)
	case cid == 0x06:
		d.answers = append(d.answers, 6, 200, 5)
		return 1
	case cid == 0x07 && !d.fixed:
		return d.newChannel(b)
	case cid == 0x08:
		d.delay = max(b[1]&15, 1)
		d.sticky(d.version >= V1_0_1, 8)
		return 2
	case cid == 0x09 && d.version >= V1_0_2:
		d.txParam = b[1]
		d.sticky(d.version == V1_0_4, 9)
		return 2
	case cid == 0x0a && d.version >= V1_0_2 && !d.fixed:
		return d.dlChannel(b)
	case cid == 0x0b && d.version == V1_1_0:
		d.rekey = d.rekey && b[1] != 1
		return 2
	case cid == 0x0c && d.version == V1_1_0:
		d.adrParam = b[1]
		d.answers = append(d.answers, 0x0c)
		return 2
	case cid == 0x0f && d.version == V1_1_0:
		d.rejoin = b[1]
		d.answers = append(d.answers, 0x0f, 1)
		return 2
	}
	return 0
}

func (d *device) sticky(sticky bool, answer ...byte) {
	if sticky {
		d.repeated = append(d.repeated, answer...)
	} else {
		d.answers = append(d.answers, answer...)
	}
}

func hz(b []byte) uint32 { return 100 * (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) }

func (d *device) rxParam(b []byte) int {
	d.rx1Offset, d.rx2DR, d.rx2 = b[1]>>4&7, b[1]&15, hz(b[2:])
	d.sticky(d.version >= V1_0_1, 5, 7)
	return 5
}

func (d *device) newChannel(b []byte) int {
	i := int(b[1])
	if i < d.defaults || i > 15 {
		d.answers = append(d.answers, 7, 0)
		return 6
	}
	d.frequency[i], d.maxOf[i], d.mask[i] = hz(b[2:]), b[5]>>4, true
	delete(d.rx1, i)
	d.answers = append(d.answers, 7, 3)
	return 6
}

func (d *device) dlChannel(b []byte) int {
	status := byte(1)
	if i := int(b[1]); d.frequency[i] != 0 {
		d.rx1[i], status = hz(b[2:]), 3
	}
	d.sticky(true, 0x0a, status)
	return 5
}

// linkADR is a contiguous block: all or nothing.
func (d *device) linkADR(b []byte) (size int) {
	mask := map[int]bool{}
	for i, on := range d.mask {
		mask[i] = on
	}
	status, blocks := byte(7), 0
	var last []byte
	for size+5 <= len(b) && b[size] == 3 {
		last = b[size+1 : size+5]
		if !d.applyMask(mask, binary.LittleEndian.Uint16(last[1:]), last[3]>>4&7) {
			status &^= 1
		}
		size += 5
		blocks++
	}
	d.setLink(mask, last, &status)
	if d.version == V1_1_0 {
		blocks = 1
	}
	for range blocks {
		d.answers = append(d.answers, 3, status)
	}
	return size
}

func (d *device) setLink(mask map[int]bool, last []byte, status *byte) {
	dr, power := last[0]>>4, last[0]&15
	some := false
	for _, on := range mask {
		some = some || on
	}
	if !some {
		*status &^= 1
	}
	if dr > d.maxDR {
		*status &^= 2
	}
	if power > 7 {
		*status &^= 4
	}
	switch {
	case d.adr && *status == 7:
		d.dr, d.power, d.nbTrans, d.mask = dr, power, max(last[3]&15, 1), mask
	case !d.adr && *status&1 != 0:
		d.nbTrans, d.mask, *status = max(last[3]&15, 1), mask, 1
	}
}

func (d *device) applyMask(mask map[int]bool, bits uint16, control byte) bool {
	first, n := 16*int(control), 16
	switch {
	case !d.fixed && control != 0:
		return false
	case d.fixed && control >= 6:
		for i := range 64 {
			mask[i] = control == 6
		}
		first, n = 64, 8
	case d.fixed && control == 5:
		return false
	case d.fixed && control == 4:
		n = 8
	}
	for i := range n {
		on := bits&(1<<i) != 0
		if on && !d.fixed && d.frequency[i] == 0 {
			return false
		}
		mask[first+i] = on
	}
	return true
}

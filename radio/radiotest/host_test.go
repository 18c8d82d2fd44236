package radiotest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"
)

// host is a minimal host side of the protocol: what picoGW_hal does from open
// to receiving, over any means of exchanging a command for its answer.
type host struct {
	t        *testing.T
	exchange func(command []byte) []byte
	skip     string // a step to leave out
	waitCal  func()
}

// unhex reads hexadecimal with any spacing.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// do sends a command and returns status and data of its answer.
func (h *host) do(id, address byte, data ...byte) (status byte, answer []byte) {
	h.t.Helper()
	request := append([]byte{id, byte(len(data) >> 8), byte(len(data)), address}, data...)
	a := h.exchange(request)
	if len(a) < headerSize || a[0] != id {
		h.t.Fatalf("%c: answer % x", id, a)
	}
	end := headerSize + dataLength(a)
	if len(a) < end {
		h.t.Fatalf("%c: torn answer % x", id, a)
	}
	return a[3], a[headerSize:end]
}

func (h *host) w(addr, v byte) {
	h.t.Helper()
	if status, _ := h.do('w', addr, v); status != statusOK {
		h.t.Fatalf("w %d: KO", addr)
	}
}

func (h *host) r(addr byte) byte {
	h.t.Helper()
	_, data := h.do('r', addr, 0)
	return data[0]
}

// set writes a register field the way picoGW_hal does.
func (h *host) set(f field, v uint32) {
	h.t.Helper()
	if !global(f.addr) {
		h.w(regPage, f.page)
	}
	switch {
	case f.offs == 0 && f.len == 8:
		h.w(f.addr, byte(v))
	case f.offs+f.len <= 8:
		mask := byte(1<<f.len-1) << f.offs
		h.w(f.addr, h.r(f.addr)&^mask|byte(v)<<f.offs&mask)
	default:
		b := binary.LittleEndian.AppendUint32(nil, v)
		h.do('a', f.addr, b[:(f.len+7)/8]...)
	}
}

func (h *host) radio(n int, addr, v byte) {
	b := bridges[n]
	h.set(field{2, b.cs, 0, 1}, 0)
	h.set(field{2, b.addr, 0, 8}, uint32(0x80|addr))
	h.set(field{2, b.data, 0, 8}, uint32(v))
	h.set(field{2, b.cs, 0, 1}, 1)
	h.set(field{2, b.cs, 0, 1}, 0)
}

func (h *host) radioRead(n int, addr byte) byte {
	b := bridges[n]
	h.set(field{2, b.cs, 0, 1}, 0)
	h.set(field{2, b.addr, 0, 8}, uint32(addr))
	h.set(field{2, b.data, 0, 8}, 0)
	h.set(field{2, b.cs, 0, 1}, 1)
	h.set(field{2, b.cs, 0, 1}, 0)
	h.w(regPage, 2)
	return h.r(b.readback)
}

// load uploads a firmware image and reports whether it reads back.
func (h *host) load(core int, img []byte) bool {
	h.t.Helper()
	h.set(fieldMCUReset(core), 1)
	h.set(fieldMCUMux(core), 0)
	h.w(regPROMAddr, 0)
	for at := 0; at < len(img); at += maxWriteBurst {
		chunk := img[at:min(at+maxWriteBurst, len(img))]
		h.do(burstID("xyz", at, len(chunk), len(img)), regPROMData, chunk...)
	}
	h.r(regPROMData)
	var back []byte
	for at := 0; at < len(img); at += maxReadBurst {
		n := min(maxReadBurst, len(img)-at)
		_, b := h.do(burstID("stu", at, n, len(img)), regPROMData, byte(n>>8), byte(n))
		back = append(back, b...)
	}
	h.set(fieldMCUMux(core), 1)
	return bytes.Equal(back, img)
}

func burstID(ids string, at, n, size int) byte {
	switch {
	case at == 0:
		return ids[0]
	case at+n == size:
		return ids[2]
	}
	return ids[1]
}

func (h *host) ram(core int) byte {
	addr, data := byte(regARBDataAddr), byte(regARBData)
	if core == coreAGC {
		addr, data = regAGCDataAddr, regAGCData
	}
	h.set(field{2, addr, 0, 8}, ramVersion)
	h.w(regPage, 2)
	return h.r(data)
}

// The EU868 configuration of the vendor's PicoCell file, by chain.
var (
	testRadios = [2]uint32{867500000, 868500000}
	testChain  = [chains]byte{1, 1, 1, 0, 0, 0, 0, 0, 1, 1}
	testIF     = [chains]int32{-400000, -200000, 0, -400000, -200000, 0, 200000, 400000, -200000, 300000}
	testGains  = []gain{{0, 0, 3, 5, -2}, {0, 0, 3, 5, 8}, {0, 0, 3, 10, 18}, {0, 0, 3, 11, 20}, {0, 0, 3, 12, 21}}
)

func (h *host) configure() {
	if h.skip != "i" {
		h.do('i', 0, 1, 1, 0, 0)
	}
	for n, f := range testRadios {
		h.do('c', byte(n), rfData(f, -166, n == 0)...)
	}
	for n := range chains {
		h.do('d', byte(n), ifData(n)...)
	}
	h.do('h', 0, gainData(testGains)...)
}

func rfData(f uint32, offset float32, tx bool) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0}, f)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(offset))
	b = append(b, typeSX1257, 0, 0, 0, 0, 0, 0, 0)
	if tx {
		b[16] = 1
	}
	return b
}

func ifData(n int) []byte {
	b := make([]byte, ifSize)
	b[0], b[1], b[8] = 1, testChain[n], bandwidth125
	binary.LittleEndian.PutUint32(b[4:], uint32(testIF[n]))
	rate := allSF
	switch n {
	case chainStd:
		b[8], rate = bandwidth250, sfBit(7)
	case chainFSK:
		rate = 50000
	}
	binary.LittleEndian.PutUint32(b[12:], rate)
	return b
}

func gainData(gains []gain) []byte {
	b := make([]byte, lutSize)
	for i, g := range gains {
		copy(b[i*gainSize:], []byte{g.dig, g.pa, g.dac, g.mix, byte(g.power)})
	}
	b[lutSize-1] = byte(len(gains))
	return b
}

func (h *host) calibrate(file string, start, nb byte) byte {
	h.w(regPage, 0x80)
	h.set(fieldGlobalEnable, 0)
	h.set(fieldClock32Enable, 0)
	h.set(fieldRadioReset, 1)
	h.set(fieldRadioReset, 0)
	for n, f := range testRadios {
		pll := uint64(f) * 256 / 15625
		h.radio(n, sx1257PLL, byte(pll>>16))
		h.radio(n, sx1257PLL+1, byte(pll>>8))
		h.radio(n, sx1257PLL+2, byte(pll))
		h.radio(n, sx1257Mode, 1)
		h.radio(n, sx1257Mode, 3)
		if h.radioRead(n, sx1257Status)&2 == 0 {
			h.t.Errorf("radio %d: PLL not locked", n)
		}
	}
	h.set(fieldGlobalEnable, 1)
	h.set(fieldClock32Enable, 1)
	if !h.load(coreAGC, StandInImages()[file]) {
		h.t.Log("image reads back wrong")
		return 0
	}
	h.set(fieldForceRadioCtrl, 0)
	h.set(fieldRadioSelect, 0x17)
	h.set(fieldMCUReset(coreAGC), 0)
	if v := h.ram(coreAGC); v != 2 {
		h.t.Errorf("calibration firmware version %d", v)
	}
	h.w(regPage, 3)
	h.set(field{0, regEmergency, 0, 1}, 0)
	if h.waitCal != nil {
		h.waitCal()
	}
	h.set(field{0, regEmergency, 0, 1}, 1)
	status := h.r(regAGCStatus)
	if h.skip != "j" {
		h.do('j', 0, start, nb)
	}
	return status
}

func (h *host) modems() {
	for _, k := range append(constants(), driftConstants(testRadios[0])...) {
		if k.name != h.skip {
			h.set(k.field, k.value)
		}
	}
	h.set(fieldFSKPatternHigh, 0xC194C100)
	h.set(fieldFSKPatternLow, 0)
	for _, f := range []field{fieldSyncPeak1, fieldMBWSSFSyncPeak1, fieldTXSyncPeak1} {
		h.set(f, 3)
	}
	for _, f := range []field{fieldSyncPeak2, fieldMBWSSFSyncPeak2, fieldTXSyncPeak2} {
		h.set(f, 4)
	}
	for n, hz := range testIF {
		h.set(fieldIF(n), uint32(int64(hz)*32/15625))
		if n < chainStd {
			h.set(fieldCorrelator(n), allSF)
		}
	}
	h.set(fieldConcentratorEnable, 1)
	h.set(fieldMBWSSFRadio, 1)
	h.set(fieldMBWSSFBandwidth, 1)
	h.set(fieldMBWSSFSF, 7)
	h.set(fieldMBWSSFEnable, 1)
	h.set(fieldFSKRadio, 1)
	h.set(fieldFSKBitRateRatio, 32000000/50000)
	h.set(fieldFSKBandwidth, uint32(bandwidth125))
	h.set(fieldFSKEnable, 1)
}

// step is one exchange with the AGC; it returns the status.
func (h *host) step(v byte) byte {
	h.set(fieldRadioSelect, agcWait)
	h.set(fieldRadioSelect, uint32(v))
	return h.r(regAGCStatus)
}

func (h *host) start() {
	h.modems()
	h.load(coreARB, StandInImages()["arb_fw.var"])
	h.load(coreAGC, StandInImages()["agc_fw.var"])
	for _, f := range []field{fieldForceRadioCtrl, fieldForceFECtrl, fieldForceFilterGain} {
		h.set(f, 0)
	}
	h.set(fieldRadioSelect, 0)
	h.set(fieldMCUReset(coreARB), 0)
	h.set(fieldMCUReset(coreAGC), 0)
	if agc, arb := h.ram(coreAGC), h.ram(coreARB); agc != 4 || arb != 1 {
		h.t.Errorf("firmware versions: AGC %d, arbiter %d", agc, arb)
	}
	h.expect("AGC status", h.r(regAGCStatus), 0x10)
	for i, v := range agcGainValues(testGains) {
		h.expect("gain", h.step(v), 0x30+byte(i))
	}
	h.expect("abort", h.step(agcAbort), 0x30)
	h.expect("TX frequency", h.step(3), 0x33)
	h.expect("option", h.step(0), 0x30)
	if h.skip != "agc" {
		h.expect("radio select", h.step(0x07), 0x40)
	}
}

func (h *host) expect(what string, got, want byte) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("%s: status 0x%02x, want 0x%02x", what, got, want)
	}
}

// bringUp runs everything from open to the first b.
func (h *host) bringUp() {
	h.t.Helper()
	if status, _ := h.do('l', 0, 0x01, 0x0A, 0x00, 0x06); status != statusOK {
		h.t.Fatal("l: KO")
	}
	h.expect("VERSION", h.r(regVersion), chipVersion)
	h.w(regPage, 0)
	h.configure()
	h.expect("calibration 5-12", h.calibrate("cal_fw5-12.var", 5, 8), 0x81|0x02|0x04|0x08|0x10|0x20)
	h.expect("calibration 8-15", h.calibrate("cal_fw.var", 8, 8), 0x81|0x02|0x04|0x08|0x10|0x20)
	h.start()
}

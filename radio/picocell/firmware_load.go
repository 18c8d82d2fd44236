package picocell

import (
	"bytes"
	"fmt"
	"time"
)

// core is one of the SX1308's two microcontrollers.
type core struct {
	name     string
	reset    registerID
	mux      registerID // 0: the host reaches the program memory
	ramAddr  registerID
	ramData  registerID
	version  uint8 // of the image it runs when receiving
	imageOf  func(Images) []byte
	stepName string
}

func arbiter() core {
	return core{
		name: "ARB", reset: regMCURst0, mux: regMCUSelectMux0,
		ramAddr: regDbgARBMCURAMAddr, ramData: regDbgARBMCURAMData, version: 1,
		imageOf: func(i Images) []byte { return i.ARB }, stepName: "load " + ImageARB,
	}
}

func gainControl() core {
	return core{
		name: "AGC", reset: regMCURst1, mux: regMCUSelectMux1,
		ramAddr: regDbgAGCMCURAMAddr, ramData: regDbgAGCMCURAMData, version: 4,
		imageOf: func(i Images) []byte { return i.AGC }, stepName: "load " + ImageAGC,
	}
}

// versionAddr is where in its RAM a core shows the version of its image.
const versionAddr = 0x20

// loadFirmware writes an image into a core's program memory, reads it back,
// and leaves the core in reset.
func (b *bridge) loadFirmware(c core, image []byte) {
	b.set(c.reset, 1)
	b.set(c.mux, 0)
	b.set(regMCUPROMAddr, 0)
	port := registers[regMCUPROMData].addr
	b.writeBurst(port, image)
	b.readByte(port) // the memory's pipeline gives one stale byte first
	back := b.readBurst(port, len(image))
	if b.err == nil && !bytes.Equal(back, image) {
		at := firstDifference(back, image)
		b.fail(&BringUpError{
			Register: fmt.Sprintf("%s program memory at %d", c.name, at),
			Want:     hexByte(image[at]), Got: hexByte(back[at]),
			Hint: "the image does not arrive intact: check the cable, the USB port and its power",
		})
	}
	b.set(c.mux, 1)
}

// firstDifference returns the first index at which two slices of the same
// length differ.
func firstDifference(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return 0
}

// ram reads one byte of a core's RAM.
func (b *bridge) ram(c core, addr uint8) uint8 {
	b.set(c.ramAddr, int64(addr))
	return b.get(c.ramData)
}

// checkVersion compares what the core runs with what was loaded.
func (b *bridge) checkVersion(c core, want uint8) {
	if got := b.ram(c, versionAddr); b.err == nil && got != want {
		b.fail(&BringUpError{
			Register: c.name + " firmware version", Want: hexByte(want), Got: hexByte(got),
			Hint: "the image is not the one of picoGW_hal V0.2.3: " + installHint,
		})
	}
}

// Waits of the gain control's handshake.
const (
	handshakeShort = time.Millisecond
	handshakeLong  = 10 * time.Millisecond
)

const (
	agcReady = 0x10 // status once the firmware runs
	agcArmed = 0x40 // status once it has all it needs
	agcWait  = 16   // opens a transaction
	agcAbort = 17   // ends the gain table early
)

// handshake gives the gain control its table and lets it start.
func (b *bridge) handshake(board *Board) {
	for i, g := range board.TxGains {
		b.agcStep(int64(g.Mix)+16*int64(g.DAC)+64*int64(g.PA), 0x30+uint8(i), handshakeShort)
	}
	if len(board.TxGains) < maxGains {
		b.agcStep(agcAbort, 0x30, handshakeLong)
	}
	b.agcStep(3, 0x33, handshakeLong) // MSBs of the transmit frequency: 3 for every band in use
	b.agcStep(0, 0x30, handshakeLong) // no channel selection by firmware
	b.agcStep(board.radioSelect(), agcArmed, handshakeLong)
}

// agcStep passes one value in the handshake and checks the status after it.
func (b *bridge) agcStep(value int64, want uint8, wait time.Duration) {
	b.set(regRadioSelect, agcWait)
	b.pause(wait)
	b.set(regRadioSelect, value)
	b.pause(wait)
	b.expect(regMCUAGCStatus, want, "")
}

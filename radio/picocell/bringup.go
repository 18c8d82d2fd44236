package picocell

import (
	"fmt"
	"time"

	"gatewayd/radio"
)

// chipVersion is what register 1 of every SX1301 and SX1308 reads.
const chipVersion = 103

// bringUp takes the device from power-up, or from whatever an earlier run left
// behind, to receiving. progress is told each step.
type bringUp struct {
	bridge
	board    *Board
	images   Images
	progress func(step string)
	warnings []string
}

// run returns the device's unique id. Order and values follow lgw_connect,
// the setconf functions and lgw_start of picoGW_hal.
func (b *bringUp) run() (radio.EUI64, error) {
	id := b.identify()
	b.configure()
	for i, c := range calibrations(b.images) {
		if i > 0 {
			b.pause(5 * time.Millisecond)
		}
		b.begin(fmt.Sprintf("calibration %d of 2 with %s", i+1, c.name))
		b.corrected(c)
	}
	b.start()
	return id, b.err
}

// corrected runs a calibration until every correction has succeeded, or it is
// plain that one will not: then the concentrator is of some use without it.
func (b *bringUp) corrected(c calibration) {
	var left []string
	for range calibrationRuns {
		left = b.calibrate(b.board, c)
		if len(left) == 0 || b.err != nil {
			return
		}
	}
	for _, part := range left {
		b.warnings = append(b.warnings, c.name+": "+part)
	}
}

// begin names the step at hand, for progress and errors.
func (b *bringUp) begin(step string) {
	b.at(step)
	if b.err == nil {
		b.progress(step)
	}
}

// at names a small step, for errors only.
func (b *bringUp) at(step string) {
	if b.err == nil {
		b.step = step
	}
}

// identify makes sure that this is a PicoCell with the firmware we speak to.
func (b *bringUp) identify() radio.EUI64 {
	b.begin("version check")
	r, err := b.do(helloCommand())
	if err != nil {
		b.fail(&BringUpError{Err: err})
		return radio.EUI64{}
	}
	id, err := parseHello(r.data)
	if err != nil {
		b.fail(&BringUpError{Err: err})
	} else if !r.ok {
		b.fail(&BringUpError{
			Err:  fmt.Errorf("board %s does not run MCU firmware %08X", id, uint32(firmwareVersion)),
			Hint: "flash picoGW_mcu V0.2.1 (pgw_fw_usb.dfu) with dfu-util",
		})
	}
	b.expect(regVersion, chipVersion, "no SX1308 behind this port")
	b.selectPage(0)
	return id
}

// configure fills the MCU's own copy of the settings. It restarts the radio
// from it after each emission.
func (b *bringUp) configure() {
	b.begin("settings")
	b.run0(boardCommand(b.board))
	for i, r := range b.board.Radios {
		b.at(fmt.Sprintf("settings of radio %d", i))
		b.run0(radioCommand(uint8(i), r))
	}
	for i := range chains {
		if c := b.board.chain(i); c.Enable {
			b.at(fmt.Sprintf("settings of channel %d", i))
			b.run0(chainCommand(uint8(i), c))
		}
	}
	b.at("gain table")
	b.run0(gainsCommand(b.board.TxGains))
}

// run0 sends a command whose answer has no data.
func (b *bringUp) run0(c command) { b.bridge.run(c, 0) }

// start programs the modems and starts both cores. No reset may come between
// the calibrations and this.
func (b *bringUp) start() {
	b.begin("modem settings")
	b.set(regGpioMode, 31)
	b.set(regGpioSelectOutput, 0)
	b.program(constants(b.board.LoRaWANPublic))
	b.program(demodulators(b.board))
	arb, agc := arbiter(), gainControl()
	for _, c := range []core{arb, agc} {
		b.begin(c.stepName)
		b.loadFirmware(c, c.imageOf(b.images))
	}
	b.begin("start of " + ImageARB + " and " + ImageAGC)
	b.program([]setting{
		{regForceHostRadioCtrl, 0},
		{regForceHostFeCtrl, 0},
		{regForceDecFilterGain, 0},
		{regRadioSelect, 0},
		{arb.reset, 0},
		{agc.reset, 0},
	})
	b.checkVersion(agc, agc.version)
	b.checkVersion(arb, arb.version)
	b.pause(handshakeLong)
	b.expect(regMCUAGCStatus, agcReady, "")
	b.begin("gain control handshake")
	b.handshake(b.board)
	b.set(regGPSEn, 0)
}

package picocell

import (
	"fmt"
	"time"
)

// calibrationTime is how long the calibration firmware needs, with margin.
const calibrationTime = 2300 * time.Millisecond

// calibrationRuns is how often a calibration is tried whose corrections did
// not succeed: a strong signal on the air meanwhile may be all there is to it.
const calibrationRuns = 3

// calibrationVersion is the version of both calibration images.
const calibrationVersion = 2

// calibration is one of the two runs: the firmware, and which entries of the
// MCU's table of TX DC offsets (by mixer gain) it fills.
type calibration struct {
	name  string
	image []byte
	start uint8
	n     uint8
}

func calibrations(i Images) [2]calibration {
	return [2]calibration{
		{name: ImageCal5to12, image: i.Cal5to12, start: 5, n: 8},
		{name: ImageCal, image: i.Cal, start: 8, n: 8},
	}
}

// Bits of the status that the calibration firmware leaves.
const (
	calDone   = 0x81
	calRadioA = 0x02 // radio A was reachable; B is the next bit, and so on
	calImageA = 0x08
	calTxA    = 0x20
)

// calibrate resets the chip, sets the radios up and runs one calibration. It
// returns warnings: corrections that did not succeed.
func (b *bridge) calibrate(board *Board, c calibration) (warnings []string) {
	b.softReset()
	b.set(regGlobalEn, 0)
	b.set(regClk32mEn, 0)
	b.set(regRadioRst, 1)
	b.pause(5 * time.Millisecond)
	b.set(regRadioRst, 0)
	for i, r := range board.Radios {
		b.setUpRadio(i, r, board.ClockSource)
	}
	b.set(regGlobalEn, 1)
	b.set(regClk32mEn, 1)
	agc := gainControl()
	b.loadFirmware(agc, c.image)
	b.set(regForceHostRadioCtrl, 0)
	b.set(regRadioSelect, calibrationCommand(board))
	b.set(agc.reset, 0)
	b.checkVersion(agc, calibrationVersion)
	b.selectPage(3) // the firmware waits for this page
	b.set(regEmergencyForceHostCtrl, 0)
	b.pause(calibrationTime)
	b.set(regEmergencyForceHostCtrl, 1)
	warnings = b.calibrationStatus(board)
	for i := range c.n {
		// The MCU reads the same cells at the commit below. Here the reads
		// only keep to the vendor's sequence.
		for _, base := range [...]uint8{0xA0, 0xA8, 0xB0, 0xB8} {
			b.ram(agc, base+i)
		}
	}
	b.run(commitCalibrationCommand(c.start, c.n), 0)
	return warnings
}

// calibrationCommand tells the firmware what to calibrate.
func calibrationCommand(board *Board) int64 {
	cmd := int64(0x10) // DAC gain 3
	for i, r := range board.Radios {
		if r.Enable {
			cmd |= 1 << i
		}
		if r.Enable && r.TxEnable {
			cmd |= 4 << i
		}
	}
	if board.Radios[0].Type == SX1255 {
		cmd |= 0x20
	}
	return cmd
}

// calibrationStatus judges the result.
func (b *bridge) calibrationStatus(board *Board) (warnings []string) {
	status := b.get(regMCUAGCStatus)
	if b.err != nil {
		return nil
	}
	refuse := func(want, hint string) {
		b.fail(&BringUpError{Register: registers[regMCUAGCStatus].name, Want: want, Got: hexByte(status), Hint: hint})
	}
	if status&calDone != calDone {
		refuse("bits 0x81", "the calibration did not end; if it stays so, unplug the board and plug it in again")
	}
	for i, r := range board.Radios {
		name := 'A' + rune(i)
		if r.Enable && status&(calRadioA<<i) == 0 {
			refuse(fmt.Sprintf("bit 0x%02X", calRadioA<<i), fmt.Sprintf("radio %c does not answer: is it on this board?", name))
		}
		if r.Enable && status&(calImageA<<i) == 0 {
			warnings = append(warnings, fmt.Sprintf("radio %c: RX image rejection", name))
		}
		if r.Enable && r.TxEnable && status&(calTxA<<i) == 0 {
			warnings = append(warnings, fmt.Sprintf("radio %c: TX DC offset", name))
		}
	}
	return warnings
}

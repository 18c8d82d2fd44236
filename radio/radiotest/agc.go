package radiotest

import "time"

// agcPhase is the step of the AGC firmware's start-up dialogue.
type agcPhase uint8

const (
	agcIdle agcPhase = iota
	agcGains
	agcTXFrequency
	agcOption
	agcRadioSelect
	agcRunning
)

const (
	agcWait     = 16
	agcAbort    = 17
	agcMaxGains = 16
)

// agc is the dialogue's state. The host talks through RADIO_SELECT (16 opens a
// step, the next value is its argument) and reads MCU_AGC_STATUS.
// Source: lgw_start in loragw_hal.c of picoGW_hal.
type agc struct {
	phase       agcPhase
	waiting     bool // the next value is an argument
	status      byte
	gains       []byte
	radioSelect byte
	calDone     instant // a calibration started; its result shows from then on
	calStatus   byte
}

// release starts the dialogue if the AGC firmware was found.
func (a *agc) release(running image) {
	*a = agc{}
	if running == imageAGC {
		a.phase, a.status = agcGains, 0x10
	}
}

// step takes a value written to RADIO_SELECT.
func (a *agc) step(v byte) {
	if a.phase == agcIdle || a.phase == agcRunning {
		return
	}
	if !a.waiting {
		a.waiting = v == agcWait
		return
	}
	if v == agcWait {
		return
	}
	a.waiting = false
	switch a.phase {
	case agcGains:
		a.gain(v)
	case agcTXFrequency, agcOption:
		a.status = 0x30 | v&0x0F
		a.phase++
	default:
		a.radioSelect, a.status, a.phase = v, 0x40, agcRunning
	}
}

func (a *agc) gain(v byte) {
	if v == agcAbort {
		a.status, a.phase = 0x30, agcTXFrequency
		return
	}
	a.status = 0x30 + byte(len(a.gains))
	a.gains = append(a.gains, v)
	if len(a.gains) == agcMaxGains {
		a.phase = agcTXFrequency
	}
}

// Bits of the calibration command in RADIO_SELECT, and of the status.
const (
	calRadioA, calRadioB       = 0x01, 0x02
	calTXA, calTXB             = 0x04, 0x08
	calFinished                = 0x81
	statusRadioA, statusRadioB = 0x02, 0x04
	statusRXImageA             = 0x08
	statusRXImageB             = 0x10
	statusTXOffsetA            = 0x20
	statusTXOffsetB            = 0x40
)

// calibrate runs the calibration firmware once the host has let go of the
// radios. Its result shows after delay.
func (c *chip) calibrate(now instant, delay time.Duration) {
	if c.cores[coreAGC].running != imageCal {
		return
	}
	cmd := byte(c.regs.get(fieldRadioSelect))
	c.agc.calDone = now.add(delay)
	c.agc.calStatus = calibrationResult(cmd)
	if c.faults.strike(RadioUnreachable) {
		c.agc.calStatus &^= statusRadioA | statusRadioB
	}
	if c.faults.strike(ImageRejection) {
		c.agc.calStatus &^= statusRXImageA | statusRXImageB
	}
	if c.faults.strike(CalibrationFailure) {
		c.agc.calStatus = 0
	}
	ram := &c.cores[coreAGC].ram
	for i := range 8 { // TX offsets: I and Q of radio A, then of B; signed
		ram[0xA0+i], ram[0xA8+i] = byte(i), byte(-i)
		ram[0xB0+i], ram[0xB8+i] = byte(i+1), byte(-i-1)
	}
}

// calibrationResult is the status of a calibration that went well.
func calibrationResult(cmd byte) byte {
	s := byte(calFinished)
	for _, b := range []struct{ command, status byte }{
		{calRadioA, statusRadioA | statusRXImageA},
		{calRadioB, statusRadioB | statusRXImageB},
		{calTXA, statusTXOffsetA},
		{calTXB, statusTXOffsetB},
	} {
		if cmd&b.command != 0 {
			s |= b.status
		}
	}
	return s
}

// agcStatus is MCU_AGC_STATUS.
func (c *chip) agcStatus(now instant) byte {
	if c.agc.calStatus != 0 {
		if now < c.agc.calDone {
			return 0
		}
		return c.agc.calStatus
	}
	if c.agc.phase == agcGains && len(c.agc.gains) == 1 && c.faults.strike(AGCStuck) {
		return 0x10
	}
	return c.agc.status
}

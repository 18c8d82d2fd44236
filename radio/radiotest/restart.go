package radiotest

// restart is the firmware's own bring-up after an emission: program memories
// and radios are as they were, everything else comes from the settings.
// It reports whether the receiver runs again.
// Source: lgw_start in loragw_hal.cpp of picoGW_mcu.
func (c *chip) restart(s *settings) bool {
	c.softReset()
	c.regs.set(fieldRadioReset, 0)
	if s.rf[0].frequency == 0 {
		return false
	}
	c.regs.set(fieldGlobalEnable, 1)
	c.regs.set(fieldClock32Enable, 1)
	for _, k := range append(constants(), driftConstants(s.rf[0].frequency)...) {
		c.regs.set(k.field, k.value)
	}
	c.restoreSync(s)
	c.restoreChains(s)
	for _, f := range []field{fieldForceRadioCtrl, fieldForceFECtrl, fieldForceFilterGain} {
		c.regs.set(f, 0)
	}
	for n := range c.cores {
		c.regs.set(fieldMCUMux(n), 1)
		c.regs.set(fieldMCUReset(n), 0)
		c.cores[n].release(true)
	}
	c.regs[0][regPage] = 2 // the last register it wrote was there
	if c.cores[coreAGC].running != imageAGC || c.cores[coreARB].running != imageARB {
		return false
	}
	c.agc = agc{phase: agcRunning, status: 0x40, radioSelect: s.radioSelect(), gains: agcGainValues(s.gains)}
	c.regs.set(fieldRadioSelect, uint32(s.radioSelect()))
	return true
}

func (c *chip) restoreSync(s *settings) {
	peak1, peak2 := uint32(1), uint32(2)
	if s.public {
		peak1, peak2 = 3, 4
	}
	for _, f := range []field{fieldSyncPeak1, fieldMBWSSFSyncPeak1, fieldTXSyncPeak1} {
		c.regs.set(f, peak1)
	}
	for _, f := range []field{fieldSyncPeak2, fieldMBWSSFSyncPeak2, fieldTXSyncPeak2} {
		c.regs.set(f, peak2)
	}
}

func (c *chip) restoreChains(s *settings) {
	for n, conf := range s.ifs {
		c.regs.set(fieldIF(n), uint32(int64(conf.offset)*32/15625))
		if n < chainStd && conf.enable {
			c.regs.set(fieldCorrelator(n), conf.datarate)
		}
	}
	c.regs.set(fieldConcentratorEnable, 1)
	if std := s.ifs[chainStd]; std.enable {
		c.regs.set(fieldMBWSSFRadio, uint32(std.radio))
		c.regs.set(fieldMBWSSFBandwidth, uint32(bandwidth125-std.bandwidth))
		c.regs.set(fieldMBWSSFSF, uint32(oneSF(std.datarate)))
		c.regs.set(fieldMBWSSFEnable, 1)
	}
	fsk := s.ifs[chainFSK]
	pattern := fsk.pattern()
	c.regs.set(fieldFSKPatternSize, uint32(fsk.syncSize)-1)
	c.regs.set(fieldFSKTXPatternSize, uint32(fsk.syncSize)-1)
	c.regs.set(fieldFSKPatternLow, uint32(pattern))
	c.regs.set(fieldFSKPatternHigh, uint32(pattern>>32))
	if fsk.enable {
		c.regs.set(fieldFSKRadio, uint32(fsk.radio))
		c.regs.set(fieldFSKBitRateRatio, 32000000/fsk.datarate)
		c.regs.set(fieldFSKBandwidth, uint32(fsk.bandwidth))
		c.regs.set(fieldFSKEnable, 1)
	}
}

// agcGainValues is how the AGC dialogue carries the gain table.
func agcGainValues(gains []gain) []byte {
	out := make([]byte, len(gains))
	for i, g := range gains {
		out[i] = g.mix + 16*g.dac + 64*g.pa
	}
	return out
}

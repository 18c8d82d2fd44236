package picocell

// crystal is the reference of the chip, Hz.
const crystal = 32_000_000

// constants is the part of the modems' set-up that depends on nothing but the
// network's sync word.
func constants(public bool) []setting {
	peak1, peak2 := int64(1), int64(2)
	if public {
		peak1, peak2 = 3, 4
	}
	return []setting{
		{regRSSIBbFilterAlpha, 6},
		{regRSSIDecFilterAlpha, 7},
		{regRSSIChannFilterAlpha, 7},
		{regRSSIBbDefaultValue, 23},
		{regRSSIChannDefaultValue, 85},
		{regRSSIDecDefaultValue, 66},
		{regDecGainOffset, 7},
		{regChanGainOffset, 6},
		{regSNRAvgCst, 3},
		{regFrameSynchPeak1Pos, peak1},
		{regFrameSynchPeak2Pos, peak2},
		{regMBWSSFFrameSynchPeak1Pos, peak1},
		{regMBWSSFFrameSynchPeak2Pos, peak2},
		{regAdjustModemStartOffsetRdx4, 1},
		{regAdjustModemStartOffsetSF12Rdx4, 4094},
		{regCorrMacGain, 7},
		{regFSKRxInvert, 1},
		{regFSKModemInvertIQ, 1},
		{regFSKRSSILength, 4},
		{regFSKPktMode, 1},
		{regFSKCRCEn, 1},
		{regFSKDcfreeEnc, 2},
		{regFSKErrorOsrTol, 10},
		{regFSKPktLength, 255},
		{regFSKPatternTimeoutCfg, 128},
		{regTxStartDelay, 1500},
		{regTxSwapIQ, 1},
		{regTxFrameSynchPeak1Pos, peak1},
		{regTxFrameSynchPeak2Pos, peak2},
		{regFSKTxGaussianSelectBt, 2},
	}
}

// demodulators is the set-up of every chain, for a valid board.
func demodulators(b *Board) []setting {
	f0 := int64(b.Radios[0].Frequency)
	s := []setting{
		{regFreqToTimeDrift, min(63, 4_096_000_000/(f0>>1))},
		{regMBWSSFFreqToTimeDrift, min(63, 4_096_000_000/(f0>>3))},
	}
	for i, c := range b.Chains {
		s = append(s, setting{regIFFreq0 + registerID(i), c.ifRegister()})
	}
	for i, c := range b.Chains {
		mask := int64(0)
		if c.Enable {
			mask = int64(c.SpreadingFactors)
		}
		s = append(s, setting{regCorr0DetectEn + registerID(i), mask})
	}
	s = append(s, setting{regPPMOffset, 0x60}, setting{regConcentratorModemEnable, 1})
	s = append(s, std(b.Std)...)
	return append(s, fsk(b.FSK)...)
}

// ifRegister is the IF in the chip's unit, towards zero.
func (c Chain) ifRegister() int64 {
	if !c.Enable {
		return 0
	}
	return int64(c.IF) * 32 / 15_625
}

// std is the set-up of the LoRa chain with one spreading factor.
func std(c Chain) []setting {
	s := []setting{{regIFFreq8, c.ifRegister()}}
	if !c.Enable {
		return append(s, setting{regMBWSSFModemEnable, 0})
	}
	sf, _ := c.SpreadingFactors.single()
	code, _ := bandwidthCode(c.Bandwidth)
	return append(s,
		setting{regMBWSSFRadioSelect, int64(c.Radio)},
		setting{regMBWSSFModemBW, bw125 - int64(code)},
		setting{regMBWSSFRateSF, int64(sf)},
		setting{regMBWSSFPPMOffset, int64(flag(slowSymbols(sf, c.Bandwidth)))},
		setting{regMBWSSFModemEnable, 1})
}

// slowSymbols says whether a symbol is so long (16 ms) that the low data rate
// optimisation applies.
func slowSymbols(sf uint8, bandwidth uint32) bool {
	return bandwidth == 125_000 && sf >= 11 || bandwidth == 250_000 && sf == 12
}

// fsk is the set-up of the FSK chain.
func fsk(c Chain) []setting {
	word, size := c.syncWord()
	pattern := word << (8 * (8 - uint(size)))
	s := []setting{
		{regIFFreq9, c.ifRegister()},
		{regFSKPsize, int64(size) - 1},
		{regFSKTxPsize, int64(size) - 1},
		{regFSKRefPatternLsb, int64(uint32(pattern))},
		{regFSKRefPatternMsb, int64(pattern >> 32)},
	}
	if !c.Enable {
		return append(s, setting{regFSKModemEnable, 0})
	}
	code, _ := bandwidthCode(c.Bandwidth)
	return append(s,
		setting{regFSKRadioSelect, int64(c.Radio)},
		setting{regFSKBrRatio, int64(crystal / c.BitRate)},
		setting{regFSKChBWExpo, int64(code)},
		setting{regFSKModemEnable, 1})
}

// radioSelect has bit i set if chain i listens through radio B.
func (b *Board) radioSelect() int64 {
	var v int64
	for i, c := range b.Chains {
		if c.Enable && c.Radio == 1 {
			v |= 1 << i
		}
	}
	return v
}

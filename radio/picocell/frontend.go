package picocell

import (
	"time"
)

// pllAttempts is how often a radio may try to lock its PLL.
const pllAttempts = 5

// Registers of the SX1255/SX1257 (Semtech's data sheets).
const (
	sxMode       = 0x00
	sxFreqMSB    = 0x01 // of three
	sxTxGain     = 0x08
	sxTxBW       = 0x0A
	sxTxDACBW    = 0x0B
	sxRxGain     = 0x0C
	sxRxBW       = 0x0D
	sxRxPLLBW    = 0x0E
	sxClock      = 0x10
	sxStatus     = 0x11
	sx1257Xtal   = 0x26
	sx1255Xtal   = 0x28
	xtalStartup  = 13 + 2*16 // oscillator's gain; disabled, a TCXO feeds the chip
	pllLocked    = 0x02
	clockOut     = 2
	dacClock     = 1
	modeStandby  = 1
	modeReceive  = 3
	pllLockPause = time.Millisecond
)

// spiRegisters are the SX1308 registers that make up the SPI master to radio
// n.
type spiRegisters struct{ data, readback, addr, cs registerID }

func spiOf(n int) spiRegisters {
	if n == 0 {
		return spiRegisters{regSPIRadioAData, regSPIRadioADataReadback, regSPIRadioAAddr, regSPIRadioACS}
	}
	return spiRegisters{regSPIRadioBData, regSPIRadioBDataReadback, regSPIRadioBAddr, regSPIRadioBCS}
}

// transfer makes one SPI access; the SX1308 performs it when CS rises.
func (b *bridge) transfer(s spiRegisters, addr, data uint8) {
	b.program([]setting{{s.cs, 0}, {s.addr, int64(addr)}, {s.data, int64(data)}, {s.cs, 1}, {s.cs, 0}})
}

func (b *bridge) radioWrite(s spiRegisters, addr, v uint8) { b.transfer(s, addr|0x80, v) }

func (b *bridge) radioRead(s spiRegisters, addr uint8) uint8 {
	b.transfer(s, addr, 0)
	return b.get(s.readback)
}

// setUpRadio brings radio n from reset to receiving, or leaves a disabled one
// in standby.
func (b *bridge) setUpRadio(n int, r Radio, clockSource uint8) {
	s := spiOf(n)
	clock := uint8(dacClock)
	if int(clockSource) == n {
		clock |= clockOut
	}
	b.radioWrite(s, sxClock, clock)
	if r.Type == SX1255 {
		b.radioWrite(s, sx1255Xtal, xtalStartup)
	} else {
		b.radioWrite(s, sx1257Xtal, xtalStartup)
	}
	if !r.Enable {
		return
	}
	for _, w := range [...][2]uint8{
		{sxTxGain, 0x2E},
		{sxTxBW, 0x20},
		{sxTxDACBW, 5},
		{sxRxGain, 0x39},
		{sxRxBW, 0xF8},
		{sxRxPLLBW, 0},
	} {
		b.radioWrite(s, w[0], w[1])
	}
	for i, v := range pll(r.Type, r.Frequency) {
		b.radioWrite(s, sxFreqMSB+uint8(i), v)
	}
	b.lockPLL(s, n)
}

// pll is the three register bytes for a frequency.
func pll(t RadioType, frequency uint32) [3]uint8 {
	whole, fraction := frequency/4_000_000, frequency%4_000_000*256/15_625
	if t == SX1255 {
		whole, fraction = frequency/2_000_000, frequency%2_000_000*512/15_625
	}
	return [3]uint8{byte(whole), byte(fraction >> 8), byte(fraction)}
}

// lockPLL switches the radio on.
func (b *bridge) lockPLL(s spiRegisters, n int) {
	for range pllAttempts {
		b.radioWrite(s, sxMode, modeStandby)
		b.radioWrite(s, sxMode, modeReceive)
		b.pause(pllLockPause)
		if b.radioRead(s, sxStatus)&pllLocked != 0 || b.err != nil {
			return
		}
	}
	b.fail(&BringUpError{
		Register: "PLL lock of radio " + string(rune('0'+n)), Want: "1", Got: "0",
		Hint: "check the radio's type and frequency in the configuration; else the board may be faulty",
	})
}

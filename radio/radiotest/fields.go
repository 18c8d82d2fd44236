package radiotest

// field is one SX1308 register in the sense of loragw_reg.h: len bits from bit
// offs of the byte at addr, on a page. Longer ones continue in the following
// bytes, least significant first.
type field struct{ page, addr, offs, len uint8 }

// The registers that the simulator acts on; the rest are plain memory.
// Source: loragw_reg.h of picoGW_hal.
var (
	fieldMBWSSFEnable       = field{0, 16, 0, 1}
	fieldConcentratorEnable = field{0, 16, 1, 1}
	fieldFSKEnable          = field{0, 16, 2, 1}
	fieldGlobalEnable       = field{0, 16, 3, 1}
	fieldClock32Enable      = field{0, 17, 0, 1}

	fieldRadioSelect     = field{0, 35, 0, 8}
	fieldSyncPeak1       = field{0, 95, 0, 4}
	fieldSyncPeak2       = field{0, 95, 4, 4}
	fieldForceRadioCtrl  = field{0, 105, 1, 1}
	fieldForceFECtrl     = field{0, 105, 2, 1}
	fieldForceFilterGain = field{0, 105, 3, 1}

	fieldTXSyncPeak1      = field{1, 36, 0, 4}
	fieldTXSyncPeak2      = field{1, 36, 4, 4}
	fieldMBWSSFSyncPeak1  = field{1, 46, 0, 4}
	fieldMBWSSFSyncPeak2  = field{1, 46, 4, 4}
	fieldMBWSSFBandwidth  = field{1, 58, 0, 2}
	fieldMBWSSFRadio      = field{1, 58, 2, 1}
	fieldMBWSSFSF         = field{1, 60, 0, 4}
	fieldFSKBandwidth     = field{1, 63, 0, 3}
	fieldFSKPatternSize   = field{1, 64, 0, 3}
	fieldFSKRadio         = field{1, 65, 7, 1}
	fieldFSKBitRateRatio  = field{1, 66, 0, 16}
	fieldFSKPatternLow    = field{1, 68, 0, 32}
	fieldFSKPatternHigh   = field{1, 72, 0, 32}
	fieldFSKTXPatternSize = field{1, 77, 5, 3}

	fieldRadioReset = field{2, 43, 2, 1}
)

// fieldIF is the intermediate frequency of an IF chain 0..9, signed, in units
// of 15625/32 Hz.
func fieldIF(chain int) field { return field{0, uint8(36 + 2*chain), 0, 13} }

// fieldCorrelator is the set of spreading factors of a multi-SF chain 0..7.
func fieldCorrelator(chain int) field { return field{0, uint8(65 + chain), 0, 7} }

// fieldMCUReset and fieldMCUMux belong to core 0 (arbiter) or 1 (AGC).
func fieldMCUReset(core int) field { return field{0, 106, uint8(core), 1} }
func fieldMCUMux(core int) field   { return field{0, 106, uint8(2 + core), 1} }

// Addresses with side effects.
const (
	regPage       = 0
	regVersion    = 1
	regPROMAddr   = 9
	regPROMData   = 10
	regFIFOStored = 11
	regAGCStatus  = 32
	regEmergency  = 127

	regRadioSelect = 35  // page 0
	regMCUControl  = 106 // page 0

	regTXStatus = 62 // page 1

	regRadioReset  = 43 // page 2
	regARBData     = 64
	regAGCData     = 65
	regTimestamp   = 70
	regARBDataAddr = 80
	regAGCDataAddr = 81
)

const chipVersion = 103

// registers is the register file: four pages of 128 bytes, of which addresses
// 0-32 and 125-127 are the same on every page and live on page 0.
type registers [4][128]byte

// resetRegisters holds every value that is not 0 after a soft reset.
func resetRegisters() registers {
	return registers{
		{
			1: chipVersion, 17: 1, 35: 240, 127: 1,
			36: 0x80, 37: 0x1E, 38: 0x80, 39: 0x1F, 40: 0x80, 42: 0x80, 43: 0x01, // IF -384, -128, 128, 384
			44: 0x80, 45: 0x1E, 46: 0x80, 47: 0x1F, 48: 0x80, 50: 0x80, 51: 0x01,
			78: 5 << 4, 83: 0xFC, 84: 0x0F, 93: 9, 95: 0x21, 99: 2 << 4, 104: 0x78,
			105: 0x0E, 106: 0x03, 108: 32, 109: 100, 110: 100, 111: 7, 112: 5, 113: 8,
		},
		{36: 0x21, 42: 0x80, 46: 0x21, 53: 36, 60: 7, 62: 128},
		{43: 0x04},
	}
}

func global(addr uint8) bool { return addr <= 32 || addr >= 125 }

// at returns the byte behind an address on a page.
func (r *registers) at(page, addr uint8) *byte {
	addr &= 0x7F
	if global(addr) {
		page = 0
	}
	return &r[page&3][addr]
}

// page is the one selected.
func (r *registers) page() uint8 { return r[0][regPage] & 3 }

// get reads a field, unsigned.
func (r *registers) get(f field) uint32 {
	var v uint64
	for i := range (f.offs + f.len + 7) / 8 {
		v |= uint64(*r.at(f.page, f.addr+i)) << (8 * i)
	}
	return uint32(v >> f.offs & (1<<f.len - 1))
}

// getSigned reads a field in two's complement.
func (r *registers) getSigned(f field) int32 {
	shift := 32 - f.len
	return int32(r.get(f)<<shift) >> shift
}

// set writes a field and leaves its neighbours alone.
func (r *registers) set(f field, value uint32) {
	mask := uint64(1<<f.len-1) << f.offs
	bits := uint64(value) << f.offs & mask
	for i := range (f.offs + f.len + 7) / 8 {
		b := r.at(f.page, f.addr+i)
		*b = *b&^byte(mask>>(8*i)) | byte(bits>>(8*i))
	}
}

// readOnly reports whether writes to an address are ignored.
func readOnly(page, addr uint8) bool {
	switch {
	case addr == regVersion, addr == regAGCStatus:
		return true
	case page == 1:
		return addr == regTXStatus
	case page == 2:
		return addr == 34 || addr == 39 || addr == regARBData || addr == regAGCData ||
			addr >= regTimestamp && addr < regTimestamp+4
	}
	return false
}

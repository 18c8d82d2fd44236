package picocell

import "testing"

func TestPLL(t *testing.T) {
	tests := []struct {
		radio     RadioType
		frequency uint32
		want      [3]byte
	}{
		{SX1257, 868_000_000, [3]byte{217, 0, 0}},
		{SX1257, 868_500_000, [3]byte{217, 0x20, 0}},
		{SX1257, 867_500_000, [3]byte{216, 0xE0, 0}},
		{SX1257, 904_300_000, [3]byte{226, 0x13, 0x33}},
		{SX1255, 434_000_000, [3]byte{217, 0, 0}},
		{SX1255, 433_500_000, [3]byte{216, 0xC0, 0}},
	}
	for _, tt := range tests {
		if got := pll(tt.radio, tt.frequency); got != tt.want {
			t.Errorf("%d Hz: got %x, want %x", tt.frequency, got, tt.want)
		}
	}
}

// value returns the last value that a programme gives to a register.
func value(t *testing.T, s []setting, id registerID) int64 {
	t.Helper()
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].id == id {
			return s[i].value
		}
	}
	t.Fatalf("%s is not set", registers[id].name)
	return 0
}

func TestDemodulators(t *testing.T) {
	b := EU868()
	eu := demodulators(&b)
	us, err := US915(2)
	if err != nil {
		t.Fatal(err)
	}
	usa := demodulators(&us)
	slow := EU868()
	slow.Std.SpreadingFactors = SF(12)
	slow.Chains[7].Enable = false
	slow.FSK.SyncWord, slow.FSK.SyncWordSize = 0x1234, 2
	other := demodulators(&slow)
	tests := []struct {
		name string
		s    []setting
		id   registerID
		want int64
	}{
		{"drift", eu, regFreqToTimeDrift, 9},
		{"drift", eu, regMBWSSFFreqToTimeDrift, 37},
		{"IF -400 kHz", eu, regIFFreq0, -819},
		{"IF 0", eu, regIFFreq2, 0},
		{"IF 400 kHz", eu, regIFFreq7, 819},
		{"IF of std", eu, regIFFreq8, -409},
		{"IF of FSK", eu, regIFFreq9, 614},
		{"mask", eu, regCorr0DetectEn, 0x7E},
		{"ppm", eu, regPPMOffset, 0x60},
		{"std radio", eu, regMBWSSFRadioSelect, 1},
		{"std 250 kHz", eu, regMBWSSFModemBW, 1},
		{"std SF7", eu, regMBWSSFRateSF, 7},
		{"std short symbols", eu, regMBWSSFPPMOffset, 0},
		{"std on", eu, regMBWSSFModemEnable, 1},
		{"FSK sync size", eu, regFSKPsize, 2},
		{"FSK sync size", eu, regFSKTxPsize, 2},
		{"FSK sync", eu, regFSKRefPatternLsb, 0},
		{"FSK sync", eu, regFSKRefPatternMsb, 0xC194C100},
		{"FSK divider", eu, regFSKBrRatio, 640},
		{"FSK bandwidth", eu, regFSKChBWExpo, 3},
		{"FSK on", eu, regFSKModemEnable, 1},
		{"std 500 kHz", usa, regMBWSSFModemBW, 2},
		{"std SF8", usa, regMBWSSFRateSF, 8},
		{"FSK off", usa, regFSKModemEnable, 0},
		{"FSK off, IF", usa, regIFFreq9, 0},
		{"slow symbols", other, regMBWSSFPPMOffset, 1},
		{"disabled chain, mask", other, regCorr7DetectEn, 0},
		{"disabled chain, IF", other, regIFFreq7, 0},
		{"FSK sync of 2 bytes", other, regFSKRefPatternMsb, 0x12340000},
		{"FSK sync of 2 bytes", other, regFSKTxPsize, 1},
	}
	for _, tt := range tests {
		if got := value(t, tt.s, tt.id); got != tt.want {
			t.Errorf("%s: %s is %d, want %d", tt.name, registers[tt.id].name, got, tt.want)
		}
	}
	if got := b.radioSelect(); got != 0b0000_0111 {
		t.Errorf("EU868: radio select %08b", got)
	}
	if got := us.radioSelect(); got != 0b1111_0000 {
		t.Errorf("US915: radio select %08b", got)
	}
}

func TestSyncWordOfTheNetwork(t *testing.T) {
	for public, want := range map[bool]int64{true: 3, false: 1} {
		s := constants(public)
		for _, id := range []registerID{regFrameSynchPeak1Pos, regMBWSSFFrameSynchPeak1Pos, regTxFrameSynchPeak1Pos} {
			if got := value(t, s, id); got != want {
				t.Errorf("public %t: %s is %d, want %d", public, registers[id].name, got, want)
			}
			if got := value(t, s, id+1); got != want+1 {
				t.Errorf("public %t: %s is %d, want %d", public, registers[id+1].name, got, want+1)
			}
		}
	}
}

func TestCalibrationCommand(t *testing.T) {
	b := EU868()
	if got := calibrationCommand(&b); got != 0x17 {
		t.Errorf("EU868: %#x", got)
	}
	b.Radios[0].Type, b.Radios[1].Enable = SX1255, false
	if got := calibrationCommand(&b); got != 0x35 {
		t.Errorf("one SX1255: %#x", got)
	}
}

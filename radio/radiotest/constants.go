package radiotest

// constant is a register that every bring-up sets to the same value.
type constant struct {
	name  string
	field field
	value uint32
}

// constants returns the values that both picoGW_hal and the firmware's own
// restart program, whatever the configuration.
// Source: lgw_constant_adjust and lgw_start in loragw_hal.c of picoGW_hal.
func constants() []constant {
	return []constant{
		{"GPIO_SELECT_OUTPUT", field{0, 28, 0, 4}, 0},
		{"GPIO_MODE", field{0, 29, 0, 5}, 31},
		{"FSK_MODEM_INVERT_IQ", field{0, 33, 5, 1}, 1},
		{"CORR_MAC_GAIN", field{0, 78, 4, 3}, 7},
		{"ADJUST_MODEM_START_OFFSET_RDX4", field{0, 81, 0, 12}, 1},
		{"ADJUST_MODEM_START_OFFSET_SF12_RDX4", field{0, 83, 0, 12}, 4094},
		{"SNR_AVG_CST", field{0, 99, 4, 2}, 3},
		{"PPM_OFFSET", field{0, 100, 0, 7}, 0x60},
		{"DEC_GAIN_OFFSET", field{0, 104, 0, 4}, 7},
		{"CHAN_GAIN_OFFSET", field{0, 104, 4, 4}, 6},
		{"RSSI_BB_DEFAULT_VALUE", field{0, 108, 0, 8}, 23},
		{"RSSI_DEC_DEFAULT_VALUE", field{0, 109, 0, 8}, 66},
		{"RSSI_CHANN_DEFAULT_VALUE", field{0, 110, 0, 8}, 85},
		{"RSSI_BB_FILTER_ALPHA", field{0, 111, 0, 5}, 6},
		{"RSSI_DEC_FILTER_ALPHA", field{0, 112, 0, 5}, 7},
		{"RSSI_CHANN_FILTER_ALPHA", field{0, 113, 0, 5}, 7},
		{"TX_START_DELAY", field{1, 34, 0, 16}, 1500},
		{"TX_SWAP_IQ", field{1, 42, 7, 1}, 1},
		{"FSK_RSSI_LENGTH", field{1, 63, 3, 3}, 4},
		{"FSK_RX_INVERT", field{1, 63, 6, 1}, 1},
		{"FSK_PKT_MODE", field{1, 63, 7, 1}, 1},
		{"FSK_CRC_EN", field{1, 64, 3, 1}, 1},
		{"FSK_DCFREE_ENC", field{1, 64, 4, 2}, 2},
		{"FSK_ERROR_OSR_TOL", field{1, 65, 0, 5}, 10},
		{"FSK_PKT_LENGTH", field{1, 76, 0, 8}, 255},
		{"FSK_TX_GAUSSIAN_SELECT_BT", field{1, 77, 1, 2}, 2},
		{"FSK_PATTERN_TIMEOUT_CFG", field{1, 83, 0, 10}, 128},
	}
}

// driftConstants are the ones that follow from the frequency of radio 0.
func driftConstants(frequency uint32) []constant {
	drift := func(shift uint) uint32 { return min(63, 4096000000/max(1, frequency>>shift)) }
	return []constant{
		{"FREQ_TO_TIME_DRIFT", field{0, 93, 0, 6}, drift(1)},
		{"MBWSSF_FREQ_TO_TIME_DRIFT", field{1, 53, 0, 6}, drift(3)},
	}
}

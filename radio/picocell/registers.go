package picocell

// register is a bit field of the SX1308: on one of its four pages or, with
// page anyPage, on all of them.
type register struct {
	name  string
	page  int8
	addr  uint8
	shift uint8 // of the lowest bit; 0 if bits > 8
	bits  uint8
}

// anyPage marks a register that is reached without selecting a page.
const anyPage = -1

// registerID names an entry of the register map.
type registerID uint8

// The registers that bring-up uses, by their names in loragw_reg.h. Those of
// numbered things (chains, radios) follow each other, so that base+n works.
const (
	regPage registerID = iota
	regVersion
	regMCUPROMAddr
	regMCUPROMData
	regMBWSSFModemEnable
	regConcentratorModemEnable
	regFSKModemEnable
	regGlobalEn
	regClk32mEn
	regGpioSelectOutput
	regGpioMode
	regMCUAGCStatus
	regEmergencyForceHostCtrl
	regFSKModemInvertIQ
	regRadioSelect
	regIFFreq0
	regIFFreq1
	regIFFreq2
	regIFFreq3
	regIFFreq4
	regIFFreq5
	regIFFreq6
	regIFFreq7
	regIFFreq8
	regIFFreq9
	regCorr0DetectEn
	regCorr1DetectEn
	regCorr2DetectEn
	regCorr3DetectEn
	regCorr4DetectEn
	regCorr5DetectEn
	regCorr6DetectEn
	regCorr7DetectEn
	regCorrMacGain
	regAdjustModemStartOffsetRdx4
	regAdjustModemStartOffsetSF12Rdx4
	regFreqToTimeDrift
	regFrameSynchPeak1Pos
	regFrameSynchPeak2Pos
	regSNRAvgCst
	regPPMOffset
	regDecGainOffset
	regChanGainOffset
	regForceHostRadioCtrl
	regForceHostFeCtrl
	regForceDecFilterGain
	regMCURst0
	regMCURst1
	regMCUSelectMux0
	regMCUSelectMux1
	regRSSIBbDefaultValue
	regRSSIDecDefaultValue
	regRSSIChannDefaultValue
	regRSSIBbFilterAlpha
	regRSSIDecFilterAlpha
	regRSSIChannFilterAlpha
	regTxStartDelay
	regTxFrameSynchPeak1Pos
	regTxFrameSynchPeak2Pos
	regTxSwapIQ
	regMBWSSFFrameSynchPeak1Pos
	regMBWSSFFrameSynchPeak2Pos
	regMBWSSFFreqToTimeDrift
	regMBWSSFModemBW
	regMBWSSFRadioSelect
	regMBWSSFPPMOffset
	regMBWSSFRateSF
	regFSKChBWExpo
	regFSKRSSILength
	regFSKRxInvert
	regFSKPktMode
	regFSKPsize
	regFSKCRCEn
	regFSKDcfreeEnc
	regFSKErrorOsrTol
	regFSKRadioSelect
	regFSKBrRatio
	regFSKRefPatternLsb
	regFSKRefPatternMsb
	regFSKPktLength
	regFSKTxGaussianSelectBt
	regFSKTxPsize
	regFSKPatternTimeoutCfg
	regSPIRadioAData
	regSPIRadioADataReadback
	regSPIRadioAAddr
	regSPIRadioACS
	regSPIRadioBData
	regSPIRadioBDataReadback
	regSPIRadioBAddr
	regSPIRadioBCS
	regRadioRst
	regDbgARBMCURAMData
	regDbgAGCMCURAMData
	regDbgARBMCURAMAddr
	regDbgAGCMCURAMAddr
	regGPSEn
)

// registers is the register map, in part: loragw_reg.c of picoGW_hal. Never
// written to.
var registers = [...]register{
	regPage:                           {"PAGE_REG", anyPage, 0, 0, 2},
	regVersion:                        {"VERSION", anyPage, 1, 0, 8},
	regMCUPROMAddr:                    {"MCU_PROM_ADDR", anyPage, 9, 0, 8},
	regMCUPROMData:                    {"MCU_PROM_DATA", anyPage, 10, 0, 8},
	regMBWSSFModemEnable:              {"MBWSSF_MODEM_ENABLE", anyPage, 16, 0, 1},
	regConcentratorModemEnable:        {"CONCENTRATOR_MODEM_ENABLE", anyPage, 16, 1, 1},
	regFSKModemEnable:                 {"FSK_MODEM_ENABLE", anyPage, 16, 2, 1},
	regGlobalEn:                       {"GLOBAL_EN", anyPage, 16, 3, 1},
	regClk32mEn:                       {"CLK32M_EN", anyPage, 17, 0, 1},
	regGpioSelectOutput:               {"GPIO_SELECT_OUTPUT", anyPage, 28, 0, 4},
	regGpioMode:                       {"GPIO_MODE", anyPage, 29, 0, 5},
	regMCUAGCStatus:                   {"MCU_AGC_STATUS", anyPage, 32, 0, 8},
	regEmergencyForceHostCtrl:         {"EMERGENCY_FORCE_HOST_CTRL", anyPage, 127, 0, 1},
	regFSKModemInvertIQ:               {"FSK_MODEM_INVERT_IQ", 0, 33, 5, 1},
	regRadioSelect:                    {"RADIO_SELECT", 0, 35, 0, 8},
	regIFFreq0:                        {"IF_FREQ_0", 0, 36, 0, 13},
	regIFFreq1:                        {"IF_FREQ_1", 0, 38, 0, 13},
	regIFFreq2:                        {"IF_FREQ_2", 0, 40, 0, 13},
	regIFFreq3:                        {"IF_FREQ_3", 0, 42, 0, 13},
	regIFFreq4:                        {"IF_FREQ_4", 0, 44, 0, 13},
	regIFFreq5:                        {"IF_FREQ_5", 0, 46, 0, 13},
	regIFFreq6:                        {"IF_FREQ_6", 0, 48, 0, 13},
	regIFFreq7:                        {"IF_FREQ_7", 0, 50, 0, 13},
	regIFFreq8:                        {"IF_FREQ_8", 0, 52, 0, 13},
	regIFFreq9:                        {"IF_FREQ_9", 0, 54, 0, 13},
	regCorr0DetectEn:                  {"CORR0_DETECT_EN", 0, 65, 0, 7},
	regCorr1DetectEn:                  {"CORR1_DETECT_EN", 0, 66, 0, 7},
	regCorr2DetectEn:                  {"CORR2_DETECT_EN", 0, 67, 0, 7},
	regCorr3DetectEn:                  {"CORR3_DETECT_EN", 0, 68, 0, 7},
	regCorr4DetectEn:                  {"CORR4_DETECT_EN", 0, 69, 0, 7},
	regCorr5DetectEn:                  {"CORR5_DETECT_EN", 0, 70, 0, 7},
	regCorr6DetectEn:                  {"CORR6_DETECT_EN", 0, 71, 0, 7},
	regCorr7DetectEn:                  {"CORR7_DETECT_EN", 0, 72, 0, 7},
	regCorrMacGain:                    {"CORR_MAC_GAIN", 0, 78, 4, 3},
	regAdjustModemStartOffsetRdx4:     {"ADJUST_MODEM_START_OFFSET_RDX4", 0, 81, 0, 12},
	regAdjustModemStartOffsetSF12Rdx4: {"ADJUST_MODEM_START_OFFSET_SF12_RDX4", 0, 83, 0, 12},
	regFreqToTimeDrift:                {"FREQ_TO_TIME_DRIFT", 0, 93, 0, 6},
	regFrameSynchPeak1Pos:             {"FRAME_SYNCH_PEAK1_POS", 0, 95, 0, 4},
	regFrameSynchPeak2Pos:             {"FRAME_SYNCH_PEAK2_POS", 0, 95, 4, 4},
	regSNRAvgCst:                      {"SNR_AVG_CST", 0, 99, 4, 2},
	regPPMOffset:                      {"PPM_OFFSET", 0, 100, 0, 7},
	regDecGainOffset:                  {"DEC_GAIN_OFFSET", 0, 104, 0, 4},
	regChanGainOffset:                 {"CHAN_GAIN_OFFSET", 0, 104, 4, 4},
	regForceHostRadioCtrl:             {"FORCE_HOST_RADIO_CTRL", 0, 105, 1, 1},
	regForceHostFeCtrl:                {"FORCE_HOST_FE_CTRL", 0, 105, 2, 1},
	regForceDecFilterGain:             {"FORCE_DEC_FILTER_GAIN", 0, 105, 3, 1},
	regMCURst0:                        {"MCU_RST_0", 0, 106, 0, 1},
	regMCURst1:                        {"MCU_RST_1", 0, 106, 1, 1},
	regMCUSelectMux0:                  {"MCU_SELECT_MUX_0", 0, 106, 2, 1},
	regMCUSelectMux1:                  {"MCU_SELECT_MUX_1", 0, 106, 3, 1},
	regRSSIBbDefaultValue:             {"RSSI_BB_DEFAULT_VALUE", 0, 108, 0, 8},
	regRSSIDecDefaultValue:            {"RSSI_DEC_DEFAULT_VALUE", 0, 109, 0, 8},
	regRSSIChannDefaultValue:          {"RSSI_CHANN_DEFAULT_VALUE", 0, 110, 0, 8},
	regRSSIBbFilterAlpha:              {"RSSI_BB_FILTER_ALPHA", 0, 111, 0, 5},
	regRSSIDecFilterAlpha:             {"RSSI_DEC_FILTER_ALPHA", 0, 112, 0, 5},
	regRSSIChannFilterAlpha:           {"RSSI_CHANN_FILTER_ALPHA", 0, 113, 0, 5},
	regTxStartDelay:                   {"TX_START_DELAY", 1, 34, 0, 16},
	regTxFrameSynchPeak1Pos:           {"TX_FRAME_SYNCH_PEAK1_POS", 1, 36, 0, 4},
	regTxFrameSynchPeak2Pos:           {"TX_FRAME_SYNCH_PEAK2_POS", 1, 36, 4, 4},
	regTxSwapIQ:                       {"TX_SWAP_IQ", 1, 42, 7, 1},
	regMBWSSFFrameSynchPeak1Pos:       {"MBWSSF_FRAME_SYNCH_PEAK1_POS", 1, 46, 0, 4},
	regMBWSSFFrameSynchPeak2Pos:       {"MBWSSF_FRAME_SYNCH_PEAK2_POS", 1, 46, 4, 4},
	regMBWSSFFreqToTimeDrift:          {"MBWSSF_FREQ_TO_TIME_DRIFT", 1, 53, 0, 6},
	regMBWSSFModemBW:                  {"MBWSSF_MODEM_BW", 1, 58, 0, 2},
	regMBWSSFRadioSelect:              {"MBWSSF_RADIO_SELECT", 1, 58, 2, 1},
	regMBWSSFPPMOffset:                {"MBWSSF_PPM_OFFSET", 1, 59, 6, 1},
	regMBWSSFRateSF:                   {"MBWSSF_RATE_SF", 1, 60, 0, 4},
	regFSKChBWExpo:                    {"FSK_CH_BW_EXPO", 1, 63, 0, 3},
	regFSKRSSILength:                  {"FSK_RSSI_LENGTH", 1, 63, 3, 3},
	regFSKRxInvert:                    {"FSK_RX_INVERT", 1, 63, 6, 1},
	regFSKPktMode:                     {"FSK_PKT_MODE", 1, 63, 7, 1},
	regFSKPsize:                       {"FSK_PSIZE", 1, 64, 0, 3},
	regFSKCRCEn:                       {"FSK_CRC_EN", 1, 64, 3, 1},
	regFSKDcfreeEnc:                   {"FSK_DCFREE_ENC", 1, 64, 4, 2},
	regFSKErrorOsrTol:                 {"FSK_ERROR_OSR_TOL", 1, 65, 0, 5},
	regFSKRadioSelect:                 {"FSK_RADIO_SELECT", 1, 65, 7, 1},
	regFSKBrRatio:                     {"FSK_BR_RATIO", 1, 66, 0, 16},
	regFSKRefPatternLsb:               {"FSK_REF_PATTERN_LSB", 1, 68, 0, 32},
	regFSKRefPatternMsb:               {"FSK_REF_PATTERN_MSB", 1, 72, 0, 32},
	regFSKPktLength:                   {"FSK_PKT_LENGTH", 1, 76, 0, 8},
	regFSKTxGaussianSelectBt:          {"FSK_TX_GAUSSIAN_SELECT_BT", 1, 77, 1, 2},
	regFSKTxPsize:                     {"FSK_TX_PSIZE", 1, 77, 5, 3},
	regFSKPatternTimeoutCfg:           {"FSK_PATTERN_TIMEOUT_CFG", 1, 83, 0, 10},
	regSPIRadioAData:                  {"SPI_RADIO_A__DATA", 2, 33, 0, 8},
	regSPIRadioADataReadback:          {"SPI_RADIO_A__DATA_READBACK", 2, 34, 0, 8},
	regSPIRadioAAddr:                  {"SPI_RADIO_A__ADDR", 2, 35, 0, 8},
	regSPIRadioACS:                    {"SPI_RADIO_A__CS", 2, 37, 0, 1},
	regSPIRadioBData:                  {"SPI_RADIO_B__DATA", 2, 38, 0, 8},
	regSPIRadioBDataReadback:          {"SPI_RADIO_B__DATA_READBACK", 2, 39, 0, 8},
	regSPIRadioBAddr:                  {"SPI_RADIO_B__ADDR", 2, 40, 0, 8},
	regSPIRadioBCS:                    {"SPI_RADIO_B__CS", 2, 42, 0, 1},
	regRadioRst:                       {"RADIO_RST", 2, 43, 2, 1},
	regDbgARBMCURAMData:               {"DBG_ARB_MCU_RAM_DATA", 2, 64, 0, 8},
	regDbgAGCMCURAMData:               {"DBG_AGC_MCU_RAM_DATA", 2, 65, 0, 8},
	regDbgARBMCURAMAddr:               {"DBG_ARB_MCU_RAM_ADDR", 2, 80, 0, 8},
	regDbgAGCMCURAMAddr:               {"DBG_AGC_MCU_RAM_ADDR", 2, 81, 0, 8},
	regGPSEn:                          {"GPS_EN", 2, 89, 0, 1},
}

package serialport

import "strings"

// Board is a kind of concentrator behind a port.
type Board string

// The kinds.
const (
	// PicoCell is Semtech's PicoCell: an SX1308 behind an STM32.
	PicoCell Board = "picocell"
	// CoreCell is Semtech's CoreCell USB: an SX1302 or SX1303 behind an STM32,
	// e.g. RAK2287-USB, RAK5146-USB, WM1302-USB. It has answered a PING.
	CoreCell Board = "corecell"
	// STM32 is a virtual COM port of STMicroelectronics' library, as a CoreCell
	// and many other projects have it. Only a PING tells.
	STM32 Board = "stm32"
)

// stmID is the USB id of STMicroelectronics' virtual COM port.
const stmID = "0483:5740"

// board is what the USB descriptors tell.
func board(usbID, product string) Board {
	switch {
	case usbID != stmID:
		return ""
	case strings.Contains(strings.ToLower(product), "picogw"):
		return PicoCell
	default:
		return STM32
	}
}

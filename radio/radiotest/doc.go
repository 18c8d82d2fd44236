// Package radiotest holds concentrators without hardware: PicoCell, a Semtech
// PicoCell on a pseudo-terminal that speaks the real wire protocol byte for
// byte, bring-up included; and Concentrator, an in-memory
// radio.Concentrator. Both have faults on order.
//
// The PicoCell is built from the behaviour of picoGW_mcu V0.2.1 (the
// microcontroller) and of the SX1308 registers that picoGW_hal V0.2.3
// programs. Its model is pure: bytes and a time in, bytes out. Only picocell.go,
// plug.go, line.go and serve.go know of ptys, goroutines and clocks.
//
// The simulator is as strict as the device: it stays silent on an unknown
// command, hears nothing before the bring-up is complete, and is deaf while it
// sends. What a host does wrong and the device would not tell, Violations does.
package radiotest

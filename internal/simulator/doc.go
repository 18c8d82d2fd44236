// Package simulator puts LoRaWAN 1.0.x class A end devices on a simulated
// air: ABP and OTAA nodes that send uplinks, join, wait for their receive
// windows and judge what a gateway emits.
//
// It is an independent judge. It builds and reads PHYPayloads byte by byte
// with its own AES-CMAC and key derivation, and shares no LoRaWAN code with
// what it judges. Each emission that a real node could not have received, or
// that breaks a rule of the specification, is recorded as a Violation.
//
// Sources: LoRaWAN L2 1.0.2, 1.0.3 and 1.0.4 (TS001), Regional Parameters
// RP002, RFC 4493 for AES-CMAC. Section numbers below are those of 1.0.3.
package simulator

// Package simulator puts LoRaWAN end devices on a simulated air: nodes of
// 1.0.0 to 1.0.4 and 1.1, ABP and OTAA, class A and C, that send uplinks,
// join and rejoin, wait for their receive windows, obey MAC commands, hear
// multicast groups and judge what a gateway emits.
//
// It is an independent judge. It builds and reads PHYPayloads with its own
// codec and cryptography (package lorawan) and its own channel plans (package
// regional), and shares no LoRaWAN code with what it judges. Each emission
// that a real node could not have received, or that breaks a rule of the
// specification, is recorded as a Violation.
//
// Everything random comes from Options.Source, so that a run can be repeated.
//
// Sources: LoRaWAN L2 1.0 to 1.0.4 (TS001), LoRaWAN 1.1 with its errata,
// Regional Parameters RP002. Section numbers below are those of 1.1 unless
// said otherwise.
package simulator

// Package lorawan is the simulator's own LoRaWAN codec and cryptography:
// frames, joins, MAC commands, key derivation and message integrity codes of
// 1.0.0 to 1.0.4 and 1.1. It is written from the specification, byte by byte,
// and shares nothing with what the simulator judges. Nothing here has state.
//
// Sources: LoRaWAN L2 1.0 to 1.0.4 (TS001), LoRaWAN 1.1 with the errata of
// January 2018 on FOpts encryption, TS005 for multicast keys, RFC 4493 for
// AES-CMAC. Section numbers are those of 1.1 unless said otherwise.
package lorawan

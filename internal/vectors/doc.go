// Package vectors holds published LoRaWAN test vectors: data frames and joins
// of 1.0 and 1.1, key derivation, rejoin, multicast and relay keys, CFList,
// FCtrl. Each entry names the project and file it was published in.
//
// Keys, EUIs, addresses and nonces are hexadecimal, most significant byte
// first; a phyPayload is in the order of the air.
package vectors

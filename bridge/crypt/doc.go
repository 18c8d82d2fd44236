// Package crypt is the cryptography of LoRaWAN frames over bytes: message
// integrity codes, payload encryption and key derivation of LoRaWAN 1.0 and
// 1.1, with key schedules that are made once per session.
//
// Frames are parsed and built by brocaar/lorawan; its own MIC and encryption
// functions expand the key for every frame and encode the frame again, which
// a gateway that tries several counters and sessions per frame cannot afford.
// Tests compare every function here with brocaar's and with published
// vectors.
package crypt

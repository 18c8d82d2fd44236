// Package soak puts a gatewayd process on a stage - simulated nodes, a packet
// forwarder, an IoT Hub emulator - lets bad things happen to it, and judges
// from both ends whether the promises of docs/guarantees.md were kept.
//
// It is used by tests only: the crash tests of cmd/gatewayd, and the test of
// this package that "make soak" runs for hours.
package soak

// Package faults tests what the bridge and the store promise together, with
// simulated nodes on the air: when the disk is full, read-only or broken for a
// while, when the power fails, and when somebody floods the air with frames
// that are not for us. It holds no code but tests.
package faults

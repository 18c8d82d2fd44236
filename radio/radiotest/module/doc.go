// Package module holds LoRa modules without hardware: each an RN2483, a RUI3
// module, a RAK811 or a LoRa-E5 on a pseudo-terminal that answers commands
// and reports frames in that firmware's lines, with faults on order. The
// firmwares are built from the vendors' command references; line speed is not
// simulated.
//
// A module hears only what it is set up for: frequency, data rate, sync word,
// IQ and CRC, receiver running. So a frame heard proves the set-up.
package module

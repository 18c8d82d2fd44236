// Package modem drives LoRa modules that speak ASCII lines over a serial port
// as concentrators of one channel and one data rate: Microchip RN2483 and
// RN2903 (LoStik), RAK3172 and RAK4631 with RUI3 firmware, RAK811 and Seeed
// LoRa-E5 (Wio-E5). Test-grade: such a module hears one in about fifty frames
// of a network whose nodes hop over eight channels and adapt their data rate.
//
// One engine serves all: a list of commands that sets the module up for
// LoRaWAN uplinks, a pattern of the line that brings a frame (or of the two
// lines), a command that arms the receiver, anew after each frame where the
// module's receiver stops there. What a module is, its table says.
//
// No module reports when a frame ended. Ticks are microseconds of the host's
// monotonic clock since New, and an uplink's Ticks are the arrival of the
// first byte of the line that reports it.
//
// Only the RN2483 and the LoRa-E5 send: they can invert IQ and leave the CRC
// out, as downlinks need. They report the end of an emission over the same
// line as a frame heard, so the delay of the report cancels out: the engine
// measures how long each emission took to leave, corrects the next by it, and
// calls an emission lost that left too late for a node's window. The host's
// timing is good to milliseconds only, so downlinks at a given time are
// refused at data rates whose symbols are shorter than that. The others only
// receive, and their Transmit says why.
//
// Sources: Microchip's RN2483 Command Reference DS40001784 and RN2903's
// DS40001811, RAK's RUI3 AT Command Manual and RAK811 AT Command Manual,
// Seeed's LoRa-E5 AT Command Specification.
package modem

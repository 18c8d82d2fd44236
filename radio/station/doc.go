// Package station drives concentrators that LoRa Basics Station runs: it is
// the LNS, the network server that stations call. A station asks where to
// connect (/router-info), keeps one WebSocket open, and gets its channels and
// data rates through it. Frames arrive taken apart into JSON and are put
// together again; a downlink is confirmed once it is on air (dntxed), and
// dropped in silence if it cannot be sent. Sub-package lns has the messages.
//
// A station's time, xtime, begins anew with each connection, because that is
// when it starts its radio. Ticks never step back; what was to be sent before
// is past.
//
// The power of a downlink is the station's own business: no message carries
// it. Commands and remote shells exist in the protocol, and are neither sent
// nor answered here.
//
// One Concentrator serves many stations, at one address. Each has its own
// time, so a Downlink names the gateway that heard the uplink. Without TLS
// nothing is secret and nobody proves who he is: hence the loopback address
// as the default, and the list of allowed gateways.
package station

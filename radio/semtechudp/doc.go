// Package semtechudp drives concentrators whose packet forwarder speaks
// Semtech's UDP protocol, also known as GWMP, versions 1 and 2: it is the
// server that those forwarders call their network server.
//
// A forwarder pushes what it heard (PUSH_DATA), and keeps a way back open
// through NAT by pulling (PULL_DATA). Downlinks go to where it last pulled
// from, and version 2 answers each with TX_ACK. The protocol knows neither
// encryption nor authentication: whoever can reach the port and knows an EUI
// may speak for that gateway. Hence the loopback address as the default, and
// the list of allowed gateways.
//
// One Concentrator serves many gateways. Each has its own time, so a Downlink
// names the gateway that heard the uplink.
//
// Source: PROTOCOL.TXT of Semtech's packet_forwarder (v1.4), the same of
// sx1302_hal (v1.6) for "warn", and Kerlink's and Semtech's gateways v2 for
// "rsig" and LR-FHSS.
package semtechudp

// Package lns is the LNS protocol of LoRa Basics Station on the wire: the
// messages of a station read and rebuilt into frames, those of a network
// server written, and a channel plan turned into the router_config that
// starts the station's radio. Nothing here does I/O.
//
// Source: "The LNS Protocol" of LoRa Basics Station's documentation
// (doc.sm.tc/station), and where it is silent the sources of station 2.0.3 to
// 2.0.6 (lorabasics/basicstation: s2e.c, lora.c, ral.c, sx130xconf.c).
package lns

// Package jit is the transmitter of simulated concentrators behind a packet
// forwarder: a microsecond counter, and the queue that programs each downlink
// just in time. It refuses what Semtech's queue refuses, in its words.
//
// Source: jitqueue.c of Semtech's packet_forwarder.
package jit

// Package mac is the MAC layer of the network server for one node, without
// I/O and without a clock: MAC commands in both directions and adaptive data
// rate. A State holds what the node is known to use and what it has been
// asked; Uplink takes in what the node says, Requests brings the node nearer
// to what is Desired of it.
//
// A State is a plain value. Work on a copy, and keep the copy once it is
// durable:
//
//	next := state
//	out := next.Uplink(want, up)
//	cmds, more := next.Requests(want, now, 15-len(out.Answers))
//
// After Uplink the State describes what the node listens to after that very
// uplink, as it applies a request before it answers it.
//
// Both are for frames that are new. A retransmission of a frame (NbTrans, a
// confirmed uplink without its ACK) says nothing new and must not be fed in
// again: the answers of the first time are to be repeated.
//
// Sources: LoRaWAN 1.0 to 1.0.4 and 1.1, sections 4.3.1 and 5; Semtech,
// "LoRaWAN - simple rate adaptation recommended algorithm".
package mac

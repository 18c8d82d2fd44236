// Package codec turns the payload of a node into values and back: JavaScript
// codecs in the form of the LoRa Alliance's payload codec API (TS013) and in
// the older forms of other network servers, Cayenne LPP, text and hex.
//
// A JavaScript codec runs without input or output of its own, under a limit of
// time, of memory and of recursion, and in UTC whatever the machine's zone. It
// cannot keep anything from one call to the next: a codec that provably keeps
// no state is run again and again in the same runtime, any other one gets a
// fresh runtime for each call. The limits hold against mistakes. A codec that
// is written to do harm can still keep one core busy inside a builtin, so
// install codecs from people you trust, as you would any program.
package codec

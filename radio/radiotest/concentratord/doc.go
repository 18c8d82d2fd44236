// Package concentratord simulates ChirpStack Concentratord: the other end of
// radio/concentratord, with no code in common, neither for ZeroMQ nor for
// protocol buffers. It speaks the dialect of 4.5 or, on demand, the one before.
//
// Source: ZMTP 3.0 (rfc.zeromq.org/spec/23), and gw.proto of ChirpStack 4.
package concentratord

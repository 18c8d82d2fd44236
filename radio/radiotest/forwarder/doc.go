// Package forwarder simulates a gateway whose packet forwarder speaks
// Semtech's UDP protocol: the other end of radio/semtechudp, with no code in
// common. It sends what lora_pkt_fwd sends, field by field, from two sockets,
// and has a concentrator's counter and queue behind it.
//
// Source: PROTOCOL.TXT and lora_pkt_fwd.c of Semtech's packet_forwarder.
package forwarder

// Package capture reads recorded frames, and plays them to a gateway daemon as a
// packet forwarder would (Semtech UDP protocol, PROTOCOL.TXT).
package capture

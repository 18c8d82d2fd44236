package semtechudp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// readBuffer is what we ask the kernel to keep for us while we are busy: the
// frames of a second from eight loud gateways. It may give less.
const readBuffer = 1 << 20

// socket is what is used of a *net.UDPConn.
type socket interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

var _ socket = (*net.UDPConn)(nil)

// bind opens the port.
func bind(ctx context.Context, address string) (socket, error) {
	var lc net.ListenConfig
	p, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, bindError(address, err)
	}
	conn, ok := p.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listen on %s: not UDP", address), p.Close())
	}
	_ = conn.SetReadBuffer(readBuffer) // less is not worth a word
	return conn, nil
}

// bindError says what to do about err.
func bindError(address string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "the address is in use: stop the other server, or change listen here and the port in the forwarder"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "this machine does not have the address (yet)"
	case errors.Is(err, syscall.EACCES):
		hint = "ports below 1024 are for root: change listen"
	default:
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	return fmt.Errorf("listen on %s: %s", address, hint)
}

// plain shows an IPv4 address as one, however the socket sees it.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

package hub

import "context"

// Probe opens a connection to the hub up to TLS, and over WebSocket up to its
// handshake, and closes it. It shows the network, proxies, the port and the
// trusted roots. The error says what to do about it.
func Probe(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	e, err := newShared(o).endpoints.get(o.Host)
	if err != nil {
		return err
	}
	w, err := e.dialer.connect(ctx, nil)
	if err != nil {
		return explain(err)
	}
	w.fail(errFinished)
	return nil
}

// Login connects as a device and disconnects. It shows that the hub takes its
// credential. A connection that the device has meanwhile is ended by the hub.
// The error says what to do about it.
func Login(ctx context.Context, o Options, d Device) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	c := newConnection(newShared(o), d)
	e, err := c.endpoints.get(d.Hub)
	if err != nil {
		return err
	}
	who, _, err := c.login(e, d.ID)
	if err != nil {
		return err
	}
	s, err := c.open(ctx, who)
	if err != nil {
		return explain(err)
	}
	s.close()
	return nil
}

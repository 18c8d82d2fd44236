package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"gatewayd/hub/hubtest"
)

// serveEmulator starts what the flags ask for, says so, and waits for ctx.
func (a *app) serveEmulator(ctx context.Context, h *hubtest.Hub, f emulateFlags) (err error) {
	if err := h.Listen(f.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(a.stdout, "IoT Hub emulator %s listens on %s with %s\n", f.hostname, h.Addr(), count(len(f.devices), "device"))
	if f.webSocket != "" {
		addr, err := h.ListenWebSocket(f.webSocket)
		if err != nil {
			return fmt.Errorf("--ws-listen: %w", err)
		}
		fmt.Fprintf(a.stdout, "WebSocket endpoint on wss://%s/$iothub/websocket\n", addr)
	}
	mux := http.NewServeMux()
	mux.Handle("/", h.Service())
	mux.Handle("/emulator/", h.Control())
	if f.dps != "" {
		p, startErr := a.startProvisioning(h, f)
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, p.Close()) }()
		mux.Handle("/emulator/dps/", p.Control())
	}
	ended := make(chan error, 1)
	if f.admin != "" {
		server, err := a.startAdmin(h, f, mux, ended)
		if err != nil {
			return err
		}
		defer func() { _ = server.Close() }()
	}
	// Written when everything listens: who waits for the file may connect.
	if f.caOut != "" {
		if err := writeWhole(f.caOut, h.CAPEM()); err != nil {
			return fmt.Errorf("--ca-out: %w", err)
		}
	}
	select {
	case why := <-ended:
		return fmt.Errorf("--admin: %w", why)
	case <-ctx.Done():
		return nil
	}
}

// startProvisioning starts a provisioning service for h.
func (a *app) startProvisioning(h *hubtest.Hub, f emulateFlags) (*hubtest.Provisioning, error) {
	p, err := hubtest.NewProvisioning(hubtest.ProvisioningOptions{IDScope: f.idScope}, h)
	if err != nil {
		return nil, usagef("--id-scope: %w", err)
	}
	if f.groupKey != "" {
		if err := p.EnrollGroup(hubtest.Enrollment{ID: "default", Keys: []string{f.groupKey}}); err != nil {
			return nil, usagef("--group-key: %w", err)
		}
	}
	if err := p.Listen(f.dps); err != nil {
		return nil, fmt.Errorf("--dps-listen: %w", err)
	}
	fmt.Fprintf(a.stdout, "provisioning service for ID scope %s listens on %s\n", f.idScope, p.Addr())
	return p, nil
}

// startAdmin serves handler until it is closed; ended gets why it ended
// before.
func (a *app) startAdmin(h *hubtest.Hub, f emulateFlags, handler http.Handler, ended chan<- error) (*http.Server, error) {
	l, err := net.Listen("tcp", f.admin)
	if err != nil {
		return nil, fmt.Errorf("--admin: %w", err)
	}
	scheme := "http"
	if f.adminTLS {
		scheme = "https"
		l = tls.NewListener(l, h.ServiceTLS())
	}
	fmt.Fprintf(a.stdout, "service API on %s://%s\n", scheme, l.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { ended <- server.Serve(l) }()
	return server, nil
}

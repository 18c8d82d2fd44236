package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
)

// emulateFlags are the command line of emulate-hub.
type emulateFlags struct {
	listen, hostname, caOut, record, admin string
	devices                                []string
}

func (a *app) emulateHubCommand() *cobra.Command {
	var f emulateFlags
	c := &cobra.Command{
		Use:   "emulate-hub",
		Short: "Run an IoT Hub emulator",
		Long: "Run an IoT Hub emulator over TLS and MQTT 3.1.1 until SIGTERM or SIGINT. It makes its own certificate " +
			"authority at each start, and checks SAS tokens, topics and properties as IoT Hub does.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.emulateHub(f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8883", "`HOST:PORT` for MQTT over TLS")
	c.Flags().StringVar(&f.hostname, "hostname", "localhost", "the hub's host `NAME`, as in user names and tokens")
	c.Flags().StringArrayVar(&f.devices, "device", nil, "`ID=BASE64KEY` of a device; may be repeated")
	c.Flags().StringVar(&f.caOut, "ca-out", "", "write the certificate to trust to `FILE`")
	c.Flags().StringVar(&f.record, "record", "", "append one JSON object per event to `FILE`")
	c.Flags().StringVar(&f.admin, "admin", "", "serve the test interface (C2D, faults) on `HOST:PORT`; it asks for no password")
	return c
}

func (a *app) emulateHub(f emulateFlags) (err error) {
	name, _, err := hub.ParseHost(f.hostname)
	if err != nil || name != f.hostname {
		return usagef("--hostname: want a host name without port, e.g. contoso.azure-devices.net")
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return usagef("--listen %q: want HOST:PORT", f.listen)
	}
	o := hubtest.Options{Hostname: f.hostname}
	if o.Log, err = newLogger(a.stderr, "warn", "auto", a.getenv); err != nil {
		return err
	}
	if f.record != "" {
		file, err := os.OpenFile(f.record, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("--record: %w", err)
		}
		defer func() { _ = file.Close() }()
		o.Record = file
	}
	h, err := hubtest.New(o)
	if err != nil {
		return usagef("emulate-hub: %w", err)
	}
	if err := addDevices(h, f.devices); err != nil {
		return err
	}
	if err := h.Listen(f.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	// Written when the hub listens: who waits for the file may connect.
	if f.caOut != "" {
		if err := writeWhole(f.caOut, h.CAPEM()); err != nil {
			return fmt.Errorf("--ca-out: %w", err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(a.stdout, "IoT Hub emulator %s listens on %s with %s\n", f.hostname, h.Addr(), count(len(f.devices), "device"))
	if f.admin != "" {
		return a.serveAdmin(ctx, f.admin, h.Admin())
	}
	<-ctx.Done()
	return nil
}

func addDevices(h *hubtest.Hub, devices []string) error {
	seen := map[string]bool{}
	for _, d := range devices {
		id, key, ok := strings.Cut(d, "=")
		if seen[id] {
			return usagef("--device %s: given twice", id)
		}
		seen[id] = true
		if !ok || id == "" || key == "" {
			return usagef("--device: want ID=BASE64KEY") // not quoted: it may hold a key
		}
		if err := h.AddDevice(id, key); err != nil {
			return usagef("--device %s: %w", id, err)
		}
	}
	return nil
}

// serveAdmin serves the test interface until ctx ends.
func (a *app) serveAdmin(ctx context.Context, addr string, handler http.Handler) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	fmt.Fprintf(a.stdout, "test interface on http://%s\n", l.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("--admin: %w", err)
	}
	return nil
}

// writeWhole writes a file that is never seen half written.
func writeWhole(path string, content []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, content, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
